"""What a cluster does to jobs, on a real Slurm: each goes on after the last epoch it reached."""

from pathlib import Path

import pytest
from commands import start_fresh
from conftest import Command
from kills import LEAVES, assert_same_runs, record
from slurm_node import CPUS, LAUNCHER, Slurm

pytestmark = pytest.mark.cluster
RUN = "single/dead_leaves-antialiased-x2/seed=0"


def start_long_job(folder: Path, slurm: Slurm, *settings: str):
    """A sweep of one job of a minute or less, once it has trained its first epoch."""
    sweep = (*LEAVES, *LAUNCHER, "trainer.max_epochs=400", *settings, "-m", "seed=0")
    process = start_fresh(folder, *sweep, **slurm.environment)
    last = folder / "outputs" / RUN / "checkpoints/last.ckpt"
    slurm.wait(lambda: last.exists() or process.poll() is not None, "the job trains")
    return process


def assert_went_on(process, command: Command, folder: Path) -> None:
    """The sweep has ended well, and its run is the one of an undisturbed command."""
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stdout + stderr
    assert stderr == ""
    assert stdout.splitlines()[-1] == "1 job: 1 finished"
    assert 0 < record(folder / "outputs" / RUN)["resumed_after"] < 400
    alone = (*LEAVES, "trainer.max_epochs=400", "-m", "seed=0", "output_dir=alone")
    assert command(*alone).returncode == 0
    assert_same_runs(folder / "alone", folder / "outputs")


@pytest.mark.ci
def test_preempted_job_goes_on(slurm: Slurm, command: Command, tmp_path: Path) -> None:
    """Slurm tells the job by SIGTERM, kills it some seconds later, and requeues it."""
    process = start_long_job(tmp_path, slurm)
    (job,) = slurm.jobs("running")
    slurm.ask(
        "sbatch", "-p", "high", f"--cpus-per-task={CPUS}", "--output=/dev/null", "--wrap=true"
    )
    assert_went_on(process, command, tmp_path)
    assert "Restarts=1" in slurm.ask("scontrol", "show", "job", job)
