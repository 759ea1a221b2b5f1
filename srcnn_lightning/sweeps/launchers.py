"""Hydra's launchers, which start runs in other processes: checks before, and a clean end.

The launchers are used as they are (conf/hydra/launcher/*.yaml). This module adds what a user would
miss: a sentence for a missing extra, for a bad setting and for a killed worker, one answer to
Ctrl-C, and no process that outlives the command.
"""

import logging
import os
import shutil
import signal
import threading
import time
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from types import FrameType
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from srcnn_lightning import console, errors, hardware
from srcnn_lightning.errors import BadInput, ExitRequested
from srcnn_lightning.sweeps.sweep import Sweep

# The package of a launcher or sweeper, and the extra that installs it.
EXTRAS = {
    "hydra_plugins.hydra_joblib_launcher": "joblib",
    "hydra_plugins.hydra_submitit_launcher": "submitit",
    "hydra_plugins.hydra_ray_launcher": "ray",
    "hydra_plugins.hydra_optuna_sweeper": "optuna",
}
# Names of the exceptions of joblib, submitit and ray for a killed worker. Importing them is slow.
WORKER_DEATH_ERRORS = (
    "TerminatedWorkerError",
    "BrokenProcessPool",
    "UncompletedJobError",
    "WorkerCrashedError",
)
POLL_S = 0.5  # seconds between two checks of whether the sweep's first process lives


class LauncherCheck(Callback):
    """Hydra's hook before the first job of a sweep."""

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Refuse a launcher that cannot start, and prepare the environment for one that can."""
        try:
            check(config)
        except BadInput as error:
            # Hydra would turn an exception of a callback into a warning.
            errors.exit_with_message(str(error), errors.BAD_INPUT)
        jobs = int(config.hydra.launcher.get("n_jobs", 1))
        if jobs > 1:
            # joblib would divide the number of logical CPUs, of which a core may have two.
            os.environ["OMP_NUM_THREADS"] = str(hardware.thread_count(None, jobs))
            os.environ[console.SHARED_TERMINAL_VARIABLE] = "1"
        if "optuna" in str(config.hydra.sweeper._target_):
            import optuna

            optuna.logging.set_verbosity(logging.ERROR)  # each run prints lines of its own
        if "LocalLauncher" in str(config.hydra.launcher._target_):
            _ignore_interrupts_in_submitit_workers()
        if _is_slurm(config.hydra.launcher):
            from srcnn_lightning.sweeps import slurm  # submitit, which is an extra

            slurm.prepare(config.hydra)


def check(config: DictConfig) -> None:
    """Refuse a launcher or sweeper that is not installed, or whose settings are impossible.

    Raises:
        BadInput: sentence for the first such setting.
    """
    choices = config.hydra.runtime.choices
    for group in ("hydra/sweeper", "hydra/launcher"):
        target = str(OmegaConf.select(config, f"{group.replace('/', '.')}._target_"))
        package = ".".join(target.split(".")[:2])
        if package in EXTRAS and not _is_installed(package):
            raise BadInput(
                f"{group}={choices[group]}: it needs the extra, "
                f"pip install 'srcnn-lightning[{EXTRAS[package]}]'."
            )
    for group in ("sweeper", "launcher"):
        for key in ("n_jobs", "n_trials", "timeout_min"):
            value = config.hydra[group].get(key)
            if value is not None and not (isinstance(value, int) and value >= 1):
                raise BadInput(f"hydra.{group}.{key}={value}: it must be a whole number from 1 on.")
    if _is_slurm(config.hydra.launcher) and shutil.which("srun") is None:
        raise BadInput(
            f"hydra/launcher={choices['hydra/launcher']}: there is no srun here; start it on a "
            "login node of the cluster, or take hydra/launcher=submitit_local to try it."
        )


def become_worker(sweep: Sweep, launcher: DictConfig) -> None:
    """Make this process one of several that the user sees as one.

    Args:
        sweep: sweep that this process works for.
        launcher: settings of the launcher that started the process.
    """
    target = str(launcher._target_)
    if "joblib" in target:
        # Ctrl-C reaches every process of a terminal; the first one answers and ends the others.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if "submitit" in target:
        _end_jobs_as_submitit_does()
    leader = sweep.leader
    if leader and ("joblib" in target or "LocalLauncher" in target):
        _end_with_leader(leader)


def worker_death_message(error: Exception) -> str | None:
    """The sentence for a killed worker process, or one that had no time; None for other errors."""
    if type(error).__name__ not in WORKER_DEATH_ERRORS:
        return None
    if "timed-out too many times" in str(error):  # the job's stderr is in it
        return (
            "A job has reached its time limit more often than hydra.launcher.max_num_timeout "
            "allows; the same command goes on from its last epoch."
        )
    return (
        "A job's process was killed, perhaps because memory ran out; "
        "finished runs are kept, and the same command does the rest."
    )


def settle_others(error: Exception, is_refused: bool) -> None:
    """Let submitit's other jobs end after one of them has ended without a result.

    Args:
        error: exception that has ended the sweep.
        is_refused: whether a job has refused its settings, which ends the other jobs too.
    """
    has_died = type(error).__name__ == "UncompletedJobError"
    if HydraConfig.initialized() and _is_slurm(HydraConfig.get().launcher):
        from srcnn_lightning.sweeps import slurm

        if is_refused:
            slurm.WATCHER.cancel()
        elif has_died:
            slurm.WATCHER.wait()
    elif has_died and not is_refused:
        with suppress(ChildProcessError):
            while True:
                os.wait()


def _is_slurm(launcher: DictConfig) -> bool:
    return "SlurmLauncher" in str(launcher._target_)


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ImportError:
        return False


@cache  # once a process
def _ignore_interrupts_in_submitit_workers() -> None:
    """Start submitit's workers with SIGINT ignored: they would answer Ctrl-C with tracebacks."""
    from submitit.local import local

    start_controller = local.start_controller

    def start_ignoring_interrupts(*args: Any, **settings: Any) -> Any:
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a child process inherits it
        try:
            return start_controller(*args, **settings)
        finally:
            signal.signal(signal.SIGINT, handler)

    local.start_controller = start_ignoring_interrupts


@cache  # once a process
def _end_jobs_as_submitit_does() -> None:
    """Let submitit's handler of a preemption or timeout end the process, and no run fail by it.

    The handler asks for another start of the job and exits, or raises an error where the job has
    timed out too often. A run would take either for an error of its own.
    """
    requeue_or_raise = signal.getsignal(signal.SIGUSR2)
    if not callable(requeue_or_raise):
        return

    def handler(number: int, frame: FrameType | None) -> None:
        try:
            requeue_or_raise(number, frame)
        except SystemExit as error:
            raise ExitRequested(error.code) from None
        except Exception as error:
            errors.exit_with_message(str(error), errors.FAILED)

    signal.signal(signal.SIGUSR2, handler)


@cache  # once a process, which may run several jobs
def _end_with_leader(leader: int) -> None:
    """End this process as soon as the one that the user started has ended: nobody else would.

    Args:
        leader: id of the process that the user started.
    """

    def watch() -> None:
        while True:
            time.sleep(POLL_S)
            try:
                os.kill(leader, 0)
            except OSError:
                os._exit(128 + signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
