"""What a cluster does to jobs, on a real Slurm: each goes on after the last epoch it reached."""

import subprocess
from pathlib import Path

import pytest
from commands import start_fresh
from conftest import Command
from kills import LEAVES, assert_same_runs, record
from slurm_node import CPUS, LAUNCHER, Slurm

pytestmark = pytest.mark.cluster
EPOCHS, EPOCHS_OF_A_MINUTE = 1500, 2500
RUN = "single/dead_leaves-antialiased-x2/seed=0"


def start_long_job(
    folder: Path, slurm: Slurm, *settings: str, epochs: int = EPOCHS
) -> subprocess.Popen[str]:
    """A sweep of one job, once it has trained its first epoch."""
    sweep = (*LEAVES, *LAUNCHER, f"trainer.max_epochs={epochs}", *settings, "-m", "seed=0")
    process = start_fresh(folder, *sweep, **slurm.environment)
    last = folder / "outputs" / RUN / "checkpoints/last.ckpt"
    slurm.wait(lambda: last.exists() or process.poll() is not None, "the job trains")
    return process


def assert_went_on(process: subprocess.Popen[str], folder: Path, epochs: int = EPOCHS) -> None:
    """The sweep has ended well, with a run that was interrupted."""
    stdout, stderr = process.communicate(timeout=600)
    assert process.returncode == 0, stdout + stderr
    assert stderr == ""
    assert stdout.splitlines()[-1] == "1 job: 1 finished"
    assert 0 < record(folder / "outputs" / RUN)["resumed_after"] < epochs


@pytest.mark.ci
def test_preempted_job_goes_on(slurm: Slurm, command: Command, tmp_path: Path) -> None:
    """Slurm tells the job by SIGTERM, kills it some seconds later, and requeues it."""
    process = start_long_job(tmp_path, slurm)
    (job,) = slurm.jobs("running")
    slurm.ask(
        "sbatch", "-p", "high", f"--cpus-per-task={CPUS}", "--output=/dev/null", "--wrap=true"
    )
    assert_went_on(process, tmp_path)
    assert "Restarts=1" in slurm.ask("scontrol", "show", "job", job)
    alone = (*LEAVES, f"trainer.max_epochs={EPOCHS}", "-m", "seed=0", "output_dir=alone")
    assert command(*alone).returncode == 0
    assert_same_runs(tmp_path / "alone", tmp_path / "outputs")


def test_job_at_its_time_limit_goes_on(slurm: Slurm, tmp_path: Path) -> None:
    """Slurm warns a job of one minute some time in that minute; submitit requeues it."""
    limit = ("hydra.launcher.timeout_min=1", "hydra.launcher.signal_delay_s=20")
    process = start_long_job(tmp_path, slurm, *limit, epochs=EPOCHS_OF_A_MINUTE)
    (job,) = slurm.jobs("running")
    assert_went_on(process, tmp_path, epochs=EPOCHS_OF_A_MINUTE)
    assert "Restarts=0" not in slurm.ask("scontrol", "show", "job", job)


def test_job_that_has_used_up_its_time_limits(slurm: Slurm, tmp_path: Path) -> None:
    limit = ("hydra.launcher.timeout_min=1", "hydra.launcher.signal_delay_s=20")
    once = "hydra.launcher.max_num_timeout=0"
    process = start_long_job(tmp_path, slurm, *limit, once, epochs=EPOCHS_OF_A_MINUTE)
    stdout, stderr = process.communicate(timeout=180)
    assert process.returncode == 1
    assert "1 job: 1 stopped" in stdout
    assert stderr == (
        "A job has reached its time limit more often than hydra.launcher.max_num_timeout allows; "
        "the same command goes on from its last epoch.\n"
    )


def test_job_of_a_node_that_is_lost_goes_on(slurm: Slurm, tmp_path: Path) -> None:
    """Slurm takes the node for dead and requeues the job, whose process still runs there."""
    epochs = 2 * EPOCHS_OF_A_MINUTE  # the process trains on until the node is given up
    process = start_long_job(tmp_path, slurm, epochs=epochs)
    (job,) = slurm.jobs("running")
    slurm.kill_node()
    slurm.wait(lambda: slurm.jobs("running") == [], "the node is given up")
    slurm.start_node()
    assert_went_on(process, tmp_path, epochs=epochs)
    assert "Restarts=1" in slurm.ask("scontrol", "show", "job", job)


def test_restart_of_a_nodes_daemon_disturbs_no_job(slurm: Slurm, tmp_path: Path) -> None:
    process = start_long_job(tmp_path, slurm)
    (job,) = slurm.jobs("running")
    slurm.kill_node()
    slurm.start_node()
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stdout + stderr
    assert record(tmp_path / "outputs" / RUN)["resumed_after"] is None
    assert "Restarts=0" in slurm.ask("scontrol", "show", "job", job)


def test_job_that_is_told_of_its_preemption_goes_on(slurm: Slurm, tmp_path: Path) -> None:
    """By the signal that Slurm sends with PreemptParameters=send_user_signal."""
    process = start_long_job(tmp_path, slurm, "hydra.launcher.max_num_timeout=0")
    (job,) = slurm.jobs("running")
    slurm.ask("scancel", "--signal=USR2", job)
    assert_went_on(process, tmp_path)
    assert "Restarts=1" in slurm.ask("scontrol", "show", "job", job)
