"""How long does the command take besides training: `--help`, the first step, a skipped job?

The job that a sweep skips is timed inside a sweep of finished jobs. What passes between the jobs is
the cost of an empty job: Hydra composes its configuration.
"""

import json
import os
import tempfile
import time
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from benchmarks.rounds import Figures, FigureSet, alternate, in_new_process, python, row
from benchmarks.workload import Workload

JOBS = 10
TINY = ("data.count=10", "data.crop=64", "data.target_size=32", "trainer.max_epochs=1")


def measure(workload: Workload) -> list[FigureSet]:
    """Seconds of `--help` and of the first step, milliseconds of a skipped job."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        settings = workload.prepare()
        sweep = ["data=dead_leaves", "trainer=cpu", *TINY, f"seed=range(0,{JOBS})"]
        _skip(folder, sweep)  # trains
        found = alternate(
            {
                "--help": partial(_help, folder),
                "first training step": partial(_first_step, folder, settings),
                "skipped jobs": partial(_skip, folder, sweep),
            },
            workload.rounds,
        )
    start = [row(found, name, "seconds", "s") for name in ("--help", "first training step")]
    jobs = [
        row(found, "skipped jobs", "between", "ms", "an empty job of Hydra"),
        row(found, "skipped jobs", "later", "ms", "a skipped job adds"),
        row(found, "skipped jobs", "first", "ms", "the first skipped job, with imports"),
    ]
    return [
        FigureSet("startup", "From the command, with a warm cache", start),
        FigureSet("sweeps", f"A sweep of {JOBS} finished jobs", jobs),
    ]


def _help(folder: Path) -> Figures:
    started = time.time()
    python("-m", "srcnn_lightning", "--help", folder=folder)
    return {"seconds": time.time() - started}


def _first_step(folder: Path, settings: list[str]) -> Figures:
    started = time.time()
    overrides = [*settings, f"output_dir='{folder}/{started}'"]
    found = in_new_process("benchmarks.startup:end_at_first_step", overrides=overrides)
    return {"seconds": found["ended"] - started}


def end_at_first_step(overrides: list[str]) -> None:
    """Print the time at which a run's first training step is done, and end the process."""
    from lightning.pytorch import Callback as LightningCallback

    from benchmarks.training import run_command

    class FirstStep(LightningCallback):
        def on_train_batch_end(self, *_: Any, **__: Any) -> None:
            print(json.dumps({"ended": time.time()}), flush=True)
            os._exit(0)

    run_command(FirstStep(), *overrides)


def _skip(folder: Path, sweep: list[str]) -> Figures:
    """Milliseconds of the first job, of a later one, and between two of them."""
    times = folder / "times.json"
    clock = [
        "+hydra.callbacks.clock._target_=benchmarks.startup.JobClock",
        f"+hydra.callbacks.clock.path='{times}'",
    ]
    python("-m", "srcnn_lightning", *sweep, *clock, "-m", folder=folder)
    jobs = json.loads(times.read_text())
    spent = [1000 * (end - start) for start, end in jobs]
    between = [1000 * (after - end) for (_, end), (after, _) in pairwise(jobs)]
    return {"first": spent[0], "later": median(spent[1:]), "between": median(between)}


class JobClock(Callback):
    """Writes when each job of a sweep has begun and ended."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.jobs: list[list[float]] = []

    def on_job_start(self, config: DictConfig, **_: Any) -> None:
        """Hydra calls the job."""
        self.jobs.append([time.perf_counter()])

    def on_job_end(self, config: DictConfig, job_return: Any, **_: Any) -> None:
        """The job is done."""
        self.jobs[-1].append(time.perf_counter())
        self.path.write_text(json.dumps(self.jobs))
