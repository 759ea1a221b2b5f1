"""What a sweep costs: a skipped job beside Hydra's own empty one, and what a run keeps of itself.

`skipped` runs a sweep of jobs that do nothing and one of finished jobs, in alternating rounds, each
in a process of its own: what a job takes in the first, and what it adds in the second. `kept` times
checkpoints, pictures, events and the record within one real run, as a share of it.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.alone import Figures, alone, alternate, column, python
from benchmarks.compose import request
from benchmarks.figures import FigureSet, Row
from benchmarks.options import Options
from srcnn_lightning import run_record
from srcnn_lightning.training import checkpoints, fit, tensorboard
from srcnn_lightning.training.callbacks import ValidationImages
from srcnn_lightning.training.components import build

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


def measure(options: Options) -> list[FigureSet]:
    """What a skipped job adds to an empty one, and the share of a run that keeping it takes."""
    with tempfile.TemporaryDirectory() as folder:
        sweep = ["data=dead_leaves", "trainer=cpu", *TINY, "-m", f"seed=range(0,{options.jobs})"]
        _seconds("timed", sweep, folder)  # trains
        contenders = {
            "empty jobs": lambda: {
                "empty_ms": 1000 * _seconds("nothing", sweep, folder)[0] / options.jobs
            },
            "skipped jobs": lambda: _milliseconds_of_each(_seconds("timed", sweep, folder)[:-1]),
        }
        found = alternate(contenders, options.rounds)
    shares = alone("benchmarks.sweeps:kept", epochs=options.kept_epochs, threads=options.threads)
    skipped = found["skipped jobs"]
    rows = [
        Row("an empty job of Hydra", "ms", column(found["empty jobs"], "empty_ms")),
        Row("a skipped job adds", "ms", column(skipped, "median_ms"), at_most=10),
        Row("the first skipped job, with imports", "ms", column(skipped, "first_ms")),
        Row(f"kept of a run of {options.kept_epochs} epochs", "%", (shares["percent"],), at_most=3),
    ]
    return [FigureSet("sweeps", f"A sweep of {options.jobs} finished jobs", rows)]


def _milliseconds_of_each(seconds: list[float]) -> Figures:
    return {"median_ms": 1000 * median(seconds), "first_ms": 1000 * seconds[0]}


def _seconds(function: str, sweep: list[str], folder: str) -> list[float]:
    """Of each timed job, and of the whole command."""
    code = SWEEP.replace("{function}", function)
    return [float(figure) for figure in python(folder, "-c", code, *sweep).split("\n")[-2].split()]


def kept(epochs: int, threads: int) -> Figures:
    """Percentage of a run that checkpoints, pictures, events and the record take."""
    spent: list[float] = []
    for owner, name in (
        (checkpoints.Checkpoints, "on_train_epoch_end"),
        (ValidationImages, "on_train_epoch_end"),
        (fit, "_leave_pictures"),
        (tensorboard, "write_hyperparameters"),
        (run_record, "write"),
    ):
        setattr(owner, name, _timed(getattr(owner, name), spent))
    with tempfile.TemporaryDirectory() as folder:
        length = f"trainer.max_epochs={epochs}"
        asked = request(Path(folder), length, f"trainer.threads={threads}", "model.init=default")
        parts = build(asked, None)
        parts.data.prepare()
        started = time.perf_counter()
        result = fit.fit_and_test(parts, asked)
        run_record.write(asked.folder, {"config": asked.settings, **vars(result)})
        seconds = time.perf_counter() - started
    return {"percent": 100 * sum(spent) / seconds, "seconds": seconds}


def _timed(function: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **settings: Any) -> Any:
        started = time.perf_counter()
        result = function(*arguments, **settings)
        spent.append(time.perf_counter() - started)
        return result

    return timed
