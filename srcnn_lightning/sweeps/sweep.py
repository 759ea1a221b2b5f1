"""A sweep: the number of its jobs, its progress, and a table of the outcomes at its end.

Jobs may run in other processes and on other machines. Each leaves its outcome as a small file
in the sweep's folder, which an environment variable names.
"""

import json
import os
import platform
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from srcnn_lightning import errors, files
from srcnn_lightning.console import duration, print_line
from srcnn_lightning.errors import BadInput
from srcnn_lightning.runs.outcome import Outcome
from srcnn_lightning.runs.store import STATE, check_writable

VARIABLE = "SRCNN_LIGHTNING_SWEEP"
DESCRIPTION = "sweep.json"
REFUSAL = "refused.txt"
# Outcomes of jobs that have ended, by file: each epoch of a sweep's jobs asks for all.
_ended: dict[Path, Outcome] = {}
STATUSES = [
    "finished",
    "copied",
    "skipped",
    "checked",
    "diverged",
    "failed",
    "would fail",
    "stopped",
]


class SweepStart(Callback):
    """Hydra's hook before the first job of a sweep."""

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Make the sweep's folder, and name it in the environment of the jobs."""
        output_dir = Path(str(config.output_dir)).expanduser()
        try:
            jobs = count_jobs(config)
        except BadInput as error:
            # Hydra turns any other exception of a callback into a warning.
            errors.exit_with_message(str(error), errors.BAD_INPUT)
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid4().hex[:8]}"
        folder = output_dir / STATE / "sweeps" / name
        description = {
            "jobs": jobs,
            "workers": max(1, int(config.hydra.launcher.get("n_jobs", 1))),
            "process": _this_process(),
        }
        try:
            check_writable(str(config.output_dir))
            _remove_orphans(folder.parent)
            files.write_text(folder / DESCRIPTION, json.dumps(description))
        except BadInput as error:
            errors.exit_with_message(str(error), errors.BAD_INPUT)
        except OSError as error:
            errors.exit_with_message(errors.output_dir_message(output_dir, error), errors.BAD_INPUT)
        os.environ[VARIABLE] = str(folder.absolute())


def count_jobs(config: DictConfig) -> int | None:
    """Number of jobs that Hydra's basic sweeper makes; None for another sweeper.

    Raises:
        BadInput: values that the sweeper cannot list, or none at all.
    """
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import Override
    from hydra.errors import HydraException

    sweeper = config.hydra.sweeper
    if not str(sweeper._target_).endswith(".BasicSweeper"):
        return None
    arguments = [f"{key}={value}" for key, value in (sweeper.params or {}).items()]
    arguments += config.hydra.overrides.task
    loader = GlobalHydra.instance().config_loader()  # it knows the options that a glob is for
    try:
        overrides = OverridesParser.create(config_loader=loader).parse_overrides(arguments)
    except HydraException:  # Hydra itself will say what is wrong
        return None
    for override in filter(Override.is_sweep_override, overrides):
        if not override.is_discrete_sweep():
            raise BadInput(
                f"{override.input_line}: a sweep of all values needs a list of them; give one, "
                "or search with hydra/sweeper=optuna."
            )
        if not any(True for _ in override.sweep_string_iterator()):
            raise BadInput(
                f"{override.input_line}: it gives no value, so the sweep has no job; list the "
                "values, or give a glob that matches some of a group's options."
            )
    return sum(map(len, BasicSweeper.split_arguments(overrides, None)))


class Sweep:
    """The sweep that this process works for.

    The folder may vanish: the command that made it may have ended while jobs elsewhere go on.

    Attributes:
        folder: folder of the sweep's files.
        jobs: number of jobs; None where the sweeper decides as it goes.
        workers: number of jobs that run at the same time.
    """

    def __init__(self, folder: Path, description: dict[str, Any]) -> None:
        self.folder = folder
        self.jobs: int | None = description["jobs"]
        self.workers: int = description["workers"]
        self._process: str = description["process"]

    @classmethod
    def current(cls) -> "Sweep | None":
        """The sweep that the environment names; None for a single run."""
        path = os.environ.get(VARIABLE)
        description = _read_description(Path(path)) if path else None
        return cls(Path(path), description) if path and description else None

    @property
    def is_started_here(self) -> bool:
        """Whether this is the process that the user started, and no worker."""
        return self._process == _this_process()

    @property
    def leader(self) -> int | None:
        """Id of the process that the user started; None on another machine."""
        return _number_here(self._process)

    def refuse(self, sentence: str) -> None:
        """Leave the sentence on a job's bad input for the process that the user started."""
        files.write_text(self.folder / REFUSAL, sentence)

    @property
    def refusal(self) -> str | None:
        """The sentence that a worker has left; None without one."""
        path = self.folder / REFUSAL
        return path.read_text() if path.is_file() else None

    def add(self, number: int, outcome: Outcome) -> None:
        """Keep the outcome of job `number`, counted from 0."""
        if not self.folder.is_dir():
            return
        text = json.dumps(asdict(outcome))
        files.write_text(self.folder / f"{number:06d}.json", text)

    def outcomes(self) -> dict[int, Outcome]:
        """Outcomes of the jobs that have begun, by number."""
        return {
            int(path.stem): _read_outcome(path) for path in sorted(self.folder.glob("[0-9]*.json"))
        }

    def end(self) -> set[str]:
        """Print the table of outcomes, remove the sweep's folder; returns the jobs' statuses."""
        outcomes, jobs = self.outcomes(), self.jobs
        shutil.rmtree(self.folder, ignore_errors=True)
        os.environ.pop(VARIABLE, None)
        if not outcomes:
            return set()
        _print_table(outcomes)
        statuses = [outcome.status for outcome in outcomes.values()]
        counts = [f"{statuses.count(status)} {status}" for status in STATUSES if status in statuses]
        missing = (jobs or len(outcomes)) - len(outcomes)
        counts += [f"{missing} not run"] if missing else []
        left = sum(one.seconds for one in outcomes.values() if one.status == "checked")
        counts += [f"{duration(left / self.workers)} left"] if left else []
        count = jobs or len(outcomes)
        print_line(f"{count} {'job' if count == 1 else 'jobs'}: {', '.join(counts)}")
        return set(statuses)


@dataclass(frozen=True)
class JobPosition:
    """A job's position in its sweep, counted from 0."""

    sweep: Sweep
    number: int

    def add_outcome(self, outcome: Outcome) -> None:
        """Keep the job's outcome, in place of an earlier one."""
        self.sweep.add(self.number, outcome)

    @property
    def text(self) -> str:
        """`job 3 of 12`."""
        jobs = self.sweep.jobs
        return f"job {self.number + 1} of {jobs}" if jobs else f"job {self.number + 1}"

    def seconds_after(self, seconds_of_this: float) -> float | None:
        """Seconds that the jobs after this one will take; None where their number is unknown.

        Args:
            seconds_of_this: duration of this job. A coming job is taken to last as long as this job
                and the trained ones on average; the workers share the jobs.
        """
        jobs = self.sweep.jobs
        ended = [one for one in self.sweep.outcomes().values() if one.status != "stopped"]
        if jobs is None:
            return None
        trained = [outcome.seconds for outcome in ended if outcome.status == "finished"]
        mean = (sum(trained) + seconds_of_this) / (len(trained) + 1)
        return mean * max(0, jobs - len(ended) - self.sweep.workers) / self.sweep.workers


def _read_outcome(path: Path) -> Outcome:
    outcome = _ended.get(path) or Outcome(**json.loads(path.read_text()))
    if outcome.status != "stopped":
        _ended[path] = outcome
    return outcome


def _read_description(folder: Path) -> dict[str, Any] | None:
    try:
        description: dict[str, Any] = json.loads((folder / DESCRIPTION).read_text())
    except (OSError, ValueError, RecursionError):
        return None
    is_description = isinstance(description, dict) and isinstance(description.get("process"), str)
    return description if is_description else None


def _this_process() -> str:
    return f"{platform.node()}/{os.getpid()}"


def _number_here(process: str) -> int | None:
    """Id of a process, from its name; None for a process of another machine."""
    node, _, number = process.rpartition("/")
    return int(number) if node == platform.node() and number.isdecimal() else None


def _remove_orphans(folder: Path) -> None:
    """Remove folders of sweeps whose first process was killed on this machine."""
    for path in folder.glob("*"):
        description = _read_description(path)
        number = _number_here(description["process"]) if description else None
        if number is not None:
            try:
                os.kill(number, 0)
            except ProcessLookupError:
                shutil.rmtree(path, ignore_errors=True)
            except (OSError, OverflowError):  # of somebody else, or no process's number
                continue


def _print_table(outcomes: dict[int, Outcome]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("job", "run", "status", box=None, pad_edge=False, header_style="bold")
    table.add_column("val PSNR", justify="right")
    table.add_column("time", justify="right")
    table.add_column("")
    for number, outcome in outcomes.items():
        table.add_row(
            str(number + 1),
            outcome.label,
            outcome.status,
            "" if outcome.val_psnr is None else f"{outcome.val_psnr:.3f} dB",
            duration(outcome.seconds) if outcome.seconds >= 1 else "",
            outcome.note,
        )
    width = None if sys.stdout.isatty() else 200
    Console(file=sys.stdout, width=width, highlight=False).print(table)
