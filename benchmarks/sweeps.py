"""What sweeps cost: a skipped job beside Hydra's own empty one, and what a run keeps of itself.

`skipped` runs a sweep of jobs that do nothing and one of finished jobs, in alternating rounds, each
in a process of its own: what a job takes in the first, and what it adds in the second. `kept` times
checkpoints, pictures, events and the record within one real run, as a share of it.

    python benchmarks/sweeps.py [--rounds 5] [--jobs 20] [--epochs 30]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import torch
from compose import request

from srcnn_lightning import record
from srcnn_lightning.training import checkpoints, events, fitting
from srcnn_lightning.training.callbacks import ValidationPictures
from srcnn_lightning.training.environment import processor

TINY = ("data.count=10", "data.crop=64", "data.target_size=32", "trainer.max_epochs=1")
# The command, whose jobs do nothing or tell how long they took: the rest is Hydra's own work.
SWEEP = """
import sys, time
from srcnn_lightning import __main__ as command, job
seconds = []
def nothing(cfg): pass
def timed(cfg):
    started = time.perf_counter()
    job.job(cfg)
    seconds.append(time.perf_counter() - started)
command.job = {function}
started = time.perf_counter()
try: command.main()
finally: print(*seconds, time.perf_counter() - started)
"""


def skipped(rounds: int, jobs: int) -> None:
    """Print the milliseconds that a skipped job adds to an empty one."""
    with tempfile.TemporaryDirectory() as folder:
        sweep = ["data=dead_leaves", "trainer=cpu", *TINY, "-m", f"seed=range(0,{jobs})"]
        _figures("timed", sweep, folder)  # trains
        added, empty = [], []
        for number in range(1, rounds + 1):
            (whole,) = _figures("nothing", sweep, folder)
            *each, _ = _figures("timed", sweep, folder)
            empty.append(1000 * whole / jobs)
            added.append(1000 * median(each))
            print(
                f"round {number}: an empty job {empty[-1]:.0f} ms, a skipped one adds "
                f"{added[-1]:.1f} ms ({1000 * each[0]:.0f} ms the first, with its imports)",
                flush=True,
            )
    print(
        f"median of {rounds}: an empty job {median(empty):.0f} ms, a skipped one adds "
        f"{median(added):.1f} ms (below 10 is the aim)"
    )


def kept(epochs: int) -> None:
    """Print the share of checkpoints, pictures, events and record in a run."""
    spent: dict[str, float] = {}
    for owner, name in (
        (checkpoints.Checkpoints, "on_train_epoch_end"),
        (ValidationPictures, "on_train_epoch_end"),
        (fitting, "_leave_pictures"),
        (events, "write_hyperparameters"),
        (record, "write"),
    ):
        setattr(owner, name, _timed(getattr(owner, name), spent))
    with tempfile.TemporaryDirectory() as folder:
        asked = request(Path(folder), f"trainer.max_epochs={epochs}", "model.init=default")
        parts = fitting.assemble(asked, None)
        parts.data.prepare()
        started = time.perf_counter()
        result = fitting.fit_and_test(parts, asked)
        record.write(asked.folder, {"config": asked.settings, **vars(result)})
        seconds = time.perf_counter() - started
    for name, value in spent.items():
        print(f"{name}: {value:.2f} s, {100 * value / seconds:.2f} %")
    share = 100 * sum(spent.values()) / seconds
    print(f"{epochs} epochs in {seconds:.0f} s: kept {share:.2f} % (below 3 is the aim)")


def _timed(function: Callable[..., Any], spent: dict[str, float]) -> Callable[..., Any]:
    name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"

    def timed(*arguments: Any, **settings: Any) -> Any:
        started = time.perf_counter()
        result = function(*arguments, **settings)
        spent[name] = spent.get(name, 0.0) + time.perf_counter() - started
        return result

    return timed


def _figures(function: str, sweep: list[str], folder: str) -> list[float]:
    code = SWEEP.replace("{function}", function)
    done = subprocess.run(
        [sys.executable, "-c", code, *sweep], cwd=folder, check=True, capture_output=True, text=True
    )
    return [float(figure) for figure in done.stdout.splitlines()[-1].split()]


def main() -> None:
    """Both, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args()
    print(f"torch {torch.__version__}, {processor()}, {os.cpu_count()} cores, {date.today()}")
    skipped(options.rounds, options.jobs)
    kept(options.epochs)


if __name__ == "__main__":
    main()
