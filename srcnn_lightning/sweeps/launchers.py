"""Runs in other processes, started by one of Hydra's launchers: what they need, how they end.

Hydra's launchers are used as they are (conf/hydra/launcher/*.yaml); here is what a user would miss.
"""

import logging
import os
import shutil
import signal
import threading
import time
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from srcnn_lightning import console, errors, hardware
from srcnn_lightning.errors import BadInput
from srcnn_lightning.sweeps.sweep import Sweep

# Who brings a launcher or a sweeper, and the extra that installs it.
EXTRAS = {
    "hydra_plugins.hydra_joblib_launcher": "joblib",
    "hydra_plugins.hydra_submitit_launcher": "submitit",
    "hydra_plugins.hydra_ray_launcher": "ray",
    "hydra_plugins.hydra_optuna_sweeper": "optuna",
}
# What joblib, submitit and ray raise when a job's process has died; importing them is not for free.
DEATHS = ("TerminatedWorkerError", "BrokenProcessPool", "UncompletedJobError", "WorkerCrashedError")
POLL_S = 0.5  # between two looks at whether the sweep's first process still lives
_watches: list[int] = []


class LauncherCheck(Callback):
    """Hydra's hook before the first job of a sweep."""

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Refuse a launcher that cannot start, and prepare for one that can."""
        try:
            check(config)
        except BadInput as error:
            errors.exit_with_message(
                str(error), errors.BAD_INPUT
            )  # Hydra makes mere warnings of exceptions
        jobs = int(config.hydra.launcher.get("n_jobs", 1))
        if jobs > 1:
            # joblib would set it to a share of the threads, of which a core may have two.
            os.environ["OMP_NUM_THREADS"] = str(hardware.thread_count(None, jobs))
        if "optuna" in str(config.hydra.sweeper._target_):
            import optuna

            optuna.logging.set_verbosity(logging.ERROR)  # ours are lines enough
        if "LocalLauncher" in str(config.hydra.launcher._target_):
            _keep_from_terminal()


def check(config: DictConfig) -> None:
    """Refuse a launcher or sweeper that is not installed, or that has impossible settings.

    Raises:
        BadInput: the first such setting.
    """
    choices = config.hydra.runtime.choices
    for group in ("hydra/sweeper", "hydra/launcher"):
        package = str(OmegaConf.select(config, f"{group.replace('/', '.')}._target_"))
        package = ".".join(package.split(".")[:2])
        if package in EXTRAS and not _is_installed(package):
            extra = EXTRAS[package]
            raise BadInput(
                f"{group}={choices[group]}: it needs the extra, "
                f"pip install 'srcnn-lightning[{extra}]'."
            )
    for group in ("sweeper", "launcher"):
        for key in ("n_jobs", "n_trials", "timeout_min"):
            value = config.hydra[group].get(key)
            if value is not None and not (isinstance(value, int) and value >= 1):
                raise BadInput(f"hydra.{group}.{key}={value}: it must be a whole number from 1 on.")
    if "SlurmLauncher" in str(config.hydra.launcher._target_) and shutil.which("srun") is None:
        raise BadInput(
            f"hydra/launcher={choices['hydra/launcher']}: there is no srun here; start it on a "
            "login node of the cluster, or take hydra/launcher=submitit_local to try it."
        )


def become_worker(sweep: Sweep, launcher: DictConfig) -> None:
    """Behave as one of several processes that the user sees as one.

    Args:
        sweep: that this process works for.
        launcher: that started it.
    """
    console.disable_bars()  # its terminal, if any, is another process's too
    target = str(launcher._target_)
    if "joblib" in target:
        # Ctrl-C reaches every process of a terminal; the first one says it and ends the others.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    # submitit's own handlers stay: they ask Slurm to start the job again.
    leader = sweep.leader
    if ("joblib" in target or "LocalLauncher" in target) and leader and not _watches:
        _watches.append(leader)
        threading.Thread(target=_end_with, args=(leader,), daemon=True).start()


def worker_death_message(error: Exception) -> str | None:
    """For a job's process that was killed; None for any other error."""
    if type(error).__name__ not in DEATHS:
        return None
    return (
        "A job's process was killed, perhaps for want of memory; "
        "finished runs are kept, and the same command does the rest."
    )


def wait_for_others(error: Exception) -> None:
    """After the death of one of submitit's local jobs: the others go on to their ends."""
    if type(error).__name__ == "UncompletedJobError":
        with suppress(ChildProcessError):
            while True:
                os.wait()


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ImportError:
        return False


def _keep_from_terminal() -> None:
    """Submitit's processes shall not hear Ctrl-C: they would answer with tracebacks."""
    from submitit.local import local

    start = local.start_controller
    if start.__name__ == "start_deaf":
        return

    def start_deaf(*args: Any, **settings: Any) -> Any:
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # what a child begins with
        try:
            return start(*args, **settings)
        finally:
            signal.signal(signal.SIGINT, handler)

    local.start_controller = start_deaf


def _end_with(leader: int) -> None:
    """End this process as soon as the one that the user started is gone: nobody else would."""
    while True:
        time.sleep(POLL_S)
        try:
            os.kill(leader, 0)
        except OSError:
            os._exit(128 + signal.SIGTERM)
