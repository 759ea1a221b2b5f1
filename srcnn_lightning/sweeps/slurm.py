"""A sweep's jobs on a Slurm cluster: a sentence where it refuses them, and their states.

submitit submits the jobs. Its own answer to a refusal is a traceback, and it learns of a job's end
from `sacct` alone, which a cluster without accounting does not offer.
"""

import io
import re
import subprocess
import time
from contextlib import redirect_stderr
from functools import cache
from typing import Any

from omegaconf import DictConfig
from submitit.core.utils import FailedJobError
from submitit.slurm import slurm

from srcnn_lightning.errors import BadInput, shown
from srcnn_lightning.sweeps.sweep import Sweep

POLL_S = 60  # at most, between two questions for jobs that leave no result
# A job in any other state goes on some day, also a suspended or requeued one.
ENDED = (
    *("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT"),
    *("NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE"),
)
# Settings of the launcher that Slurm refuses nobody for.
UNLIMITED = (
    *("_target_", "submitit_folder", "name", "signal_delay_s", "max_num_timeout"),
    *("array_parallelism", "stderr_to_stdout", "setup", "comment"),
)
UNREACHABLE = ("configuration source", "configuration file", "contact slurm controller")
GPUS = re.compile(r"gpu:(?:[^,:(]+:)?(\d+)")  # in the resources of a node, gpu:a100:4(S:0-1)


class QueueWatcher(slurm.SlurmInfoWatcher):
    """States of the submitted jobs, from `squeue`, which every cluster has."""

    def update(self) -> None:
        """Ask for the states of the jobs that have not ended."""
        self._last_status_check = time.time()
        jobs = self._registered - self._finished
        arrays = sorted({job.partition("_")[0] for job in jobs})
        done = _ask("squeue", "-h", "-r", "-t", "all", "-o", "%i %T", "-j", ",".join(arrays))
        if done.returncode != 0 and "Invalid job id" not in done.stderr:
            return  # Slurm does not answer, and its jobs may go on
        states = dict(line.split() for line in done.stdout.splitlines())
        for job in jobs:
            state = states.get(job, "COMPLETED")  # Slurm forgets a job minutes after its end
            self._info_dict[job] = {"State": state if state in ENDED else "RUNNING"}
            if state in ENDED:
                self._finished.add(job)

    def is_done(self, job_id: str, mode: str = "standard") -> bool:
        """Whether a job has ended; submitit asks each second.

        Raises:
            BadInput: another job has refused its settings, which ends the sweep.
        """
        sweep = Sweep.current()
        if sweep and sweep.refusal:
            raise BadInput(sweep.refusal)
        return super().is_done(job_id, mode)

    def wait(self) -> None:
        """Wait until all jobs have ended."""
        while not all(self.is_done(job) for job in self._registered):
            time.sleep(1)

    def cancel(self) -> None:
        """Cancel the jobs that have not ended."""
        _ask("scancel", *self._registered - self._finished)


WATCHER = QueueWatcher(delay_s=POLL_S)


@cache  # once a process
def prepare(hydra: DictConfig) -> None:
    """Make submitit explain refusals and ask `squeue`.

    Args:
        hydra: Hydra's part of the configuration, with the launcher and the sweeper.
    """
    slurm.SlurmJob.watcher = WATCHER
    submit = slurm.SlurmExecutor._submit_command

    def submit_or_explain(executor: slurm.SlurmExecutor, command: str) -> Any:
        try:
            with redirect_stderr(io.StringIO()):  # it prints what the exception says as well
                return submit(executor, command)
        except FailedJobError as error:
            raise BadInput(_refusal(str(error), hydra)) from error

    slurm.SlurmExecutor._submit_command = submit_or_explain  # type: ignore[assignment,method-assign]


def _refusal(said: str, hydra: DictConfig) -> str:
    """The sentence for jobs that Slurm refuses.

    Args:
        said: what `sbatch` has written to stderr.
        hydra: Hydra's part of the configuration.
    """
    launcher = hydra.launcher

    def offered(column: str) -> list[str]:
        return _offered(launcher.partition, column)

    def sentence(key: str, advice: str) -> str:
        return f"hydra.launcher.{key}={shown(launcher.get(key))}: {advice}."

    if "partition name" in said or "No partition specified" in said:
        names = _any_of(_ask("sinfo", "-h", "-o", "%R").stdout.split())
        return sentence("partition", f"Slurm has no such partition; choose {names}")
    if "Memory specification" in said:
        largest = max(map(_number, offered("%m"))) // 1024
        if (launcher.mem_gb or 0) > largest:
            return sentence("mem_gb", f"no node has so much memory; give {largest} at most")
    if "processors" in said:
        largest = max(map(_number, offered("%c")))
        if (launcher.cpus_per_task or 0) > largest:
            return sentence("cpus_per_task", f"no node has so many CPUs; give {largest} at most")
    if "generic resource" in said:
        counts = [int(count) for one in offered("%G") for count in GPUS.findall(one)]
        largest = max(counts, default=0)
        return sentence("gpus_per_node", f"no node has so many GPUs; give {largest} at most")
    if "time limit" in said:
        limits = _any_of(offered("%l"))
        return sentence("timeout_min", f"the limit is {limits} (days-hours:minutes:seconds)")
    if "account" in said:
        advice = "`sacctmgr show associations user=$USER` lists yours"
        return sentence("account", f"Slurm refuses this account in this partition; {advice}")
    if "job array" in said:
        largest = _number(_ask("sh", "-c", "scontrol show config | grep MaxArraySize").stdout)
        size = shown(hydra.sweeper.get("max_batch_size"))
        advice = f"give {largest} at most; Slurm takes no more jobs at once"
        return f"hydra.sweeper.max_batch_size={size}: {advice}."
    reason = re.split(r"(?:error|fatal|failed): ", said)[-1].strip(" .")
    if any(words in said for words in UNREACHABLE):
        return f"hydra/launcher=submitit_slurm: Slurm does not answer ({reason}); is it up?"
    chosen = {key: value for key, value in launcher.items() if value and key not in UNLIMITED}
    settings = ", ".join(f"hydra.launcher.{key}={value}" for key, value in chosen.items())
    return f"{settings}: Slurm refuses these jobs ({reason}); `sinfo` shows what it has."


def _offered(partition: str | None, column: str) -> list[str]:
    """Values of a column of `sinfo` for the chosen partition or partitions, or the default one."""
    lines = _ask("sinfo", "-h", "-e", "-o", f"%P {column}").stdout.splitlines()
    rows = [line.split(maxsplit=1) for line in lines]
    chosen = partition.split(",") if partition else [n for n, _ in rows if n.endswith("*")]
    return [value for name, value in rows if name in chosen or name.strip("*") in chosen]


def _number(text: str) -> int:
    """The number in a text, as in `8000+`."""
    return int(re.sub(r"\D", "", text))


def _any_of(options: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(options[:-1]), options[-1]]))


def _ask(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)
