"""A sweep on a real Slurm: the same records, and a sentence for what Slurm refuses."""

from pathlib import Path

import pytest
from commands import start_fresh
from conftest import Command
from documents import documented_sweep
from kills import LEAVES, assert_same_runs, records
from slurm_node import LAUNCHER, Slurm

pytestmark = pytest.mark.cluster
KIND = "dead_leaves-antialiased-x2"


@pytest.mark.ci
def test_slurm_gives_the_records_of_one_process(
    command: Command, fresh_command: Command, slurm: Slurm, tmp_path: Path
) -> None:
    sweep = (*LEAVES, "+experiment=lr_grid", "-m")
    assert command(*sweep, "output_dir=one").returncode == 0
    before = slurm.jobs("completed")
    result = fresh_command(*sweep, *LAUNCHER, "output_dir=two", **slurm.environment)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""  # neither sacct's complaint nor submitit's
    table = result.stdout.splitlines()
    assert len(table) == 7, result.stdout  # header, a row for each job, and their number
    assert table[-1] == "5 jobs: 5 finished"
    assert_same_runs(tmp_path / "one", tmp_path / "two")
    assert len({*slurm.jobs("completed")} - {*before}) == 5


def test_sweep_of_the_document(fresh_command: Command, slurm: Slurm) -> None:
    result = fresh_command(*documented_sweep("submitit_slurm"), **slurm.environment)
    assert result.returncode == 0, result.stderr
    assert "5 jobs: 5 finished" in result.stdout


@pytest.mark.parametrize(
    ("setting", "advice"),
    [
        ("partition=night", "Slurm has no such partition; choose low, high or closed"),
        ("mem_gb=900", "no node has so much memory; give 7 at most"),
        ("gpus_per_node=1", "no node has so many GPUs; give 0 at most"),
        ("cpus_per_task=9", "no node has so many CPUs; give 2 at most"),
    ],
)
def test_refused_setting_is_named(
    setting: str, advice: str, fresh_command: Command, slurm: Slurm, tmp_path: Path
) -> None:
    sweep = (*LEAVES, *LAUNCHER, f"hydra.launcher.{setting}", "-m", "seed=0,1")
    result = fresh_command(*sweep, **slurm.environment)
    assert result.returncode == 2
    assert result.stderr == f"hydra.launcher.{setting}: {advice}.\n"
    assert result.stdout == ""
    assert not records(tmp_path)


def test_limits_of_a_partition_are_named(fresh_command: Command, slurm: Slurm) -> None:
    sweep = (*LEAVES, *LAUNCHER, "hydra.launcher.partition=closed", "-m", "seed=0,1")
    result = fresh_command(*sweep, **slurm.environment)
    assert result.returncode == 2
    limit = "the limit is 1:00:00 (days-hours:minutes:seconds)"
    assert result.stderr == f"hydra.launcher.timeout_min=240: {limit}.\n"
    account = ("hydra.launcher.timeout_min=30", "hydra.launcher.account=chemistry")
    result = fresh_command(*sweep, *account, **slurm.environment)
    assert result.returncode == 2
    assert result.stderr.startswith(
        "hydra.launcher.account=chemistry: Slurm refuses this account in this partition; "
    )
    assert len(result.stderr.splitlines()) == 1


def test_other_refusals_have_slurms_reason(fresh_command: Command, slurm: Slurm) -> None:
    sweep = (*LEAVES, *LAUNCHER, "hydra.launcher.constraint=infiniband", "-m", "seed=0,1")
    result = fresh_command(*sweep, **slurm.environment)
    assert result.returncode == 2
    assert "hydra.launcher.constraint=infiniband" in result.stderr
    assert "(Invalid feature specification)" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_slurm_that_does_not_answer(fresh_command: Command, slurm: Slurm, tmp_path: Path) -> None:
    configuration = tmp_path / "slurm.conf"
    lines = (slurm.folder / "slurm.conf").read_text().splitlines()
    others = [line for line in lines if not line.startswith("SlurmctldPort")]
    configuration.write_text("\n".join([*others, "SlurmctldPort=1", ""]))
    result = fresh_command(*LEAVES, *LAUNCHER, "-m", "seed=0,1", SLURM_CONF=str(configuration))
    assert result.returncode == 2
    assert result.stderr == (
        "hydra/launcher=submitit_slurm: Slurm does not answer "
        "(Unable to contact slurm controller (connect failure)); is it up?\n"
    )


def test_larger_sweep_than_an_array_goes_in_batches(fresh_command: Command, slurm: Slurm) -> None:
    sweep = (*LEAVES, *LAUNCHER, "model=bicubic", "-m", "seed=range(0,7)")
    result = fresh_command(*sweep, **slurm.environment)
    assert result.returncode == 2
    assert result.stderr == (
        "hydra.sweeper.max_batch_size=null: give 6 at most; Slurm takes no more jobs at once.\n"
    )
    result = fresh_command(*sweep, "hydra.sweeper.max_batch_size=6", **slurm.environment)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1].startswith("7 jobs: ")


def test_bad_file_of_a_job_ends_the_sweep(
    fresh_command: Command, slurm: Slurm, tmp_path: Path
) -> None:
    """The other job would train for hours."""
    sweep = (*LEAVES, *LAUNCHER, "trainer.max_epochs=1000000", "-m")
    result = fresh_command(*sweep, "init_from=null,nowhere", **slurm.environment)
    assert result.returncode == 2
    sentence = "there is no nowhere; give a run's folder or a checkpoint's path"
    assert result.stderr == f"init_from=nowhere: {sentence}.\n"
    slurm.wait(lambda: slurm.ask("squeue", "-h") == "", "the other job is cancelled")


def test_cancelled_job_lets_the_others_end(slurm: Slurm, tmp_path: Path) -> None:
    sweep = (*LEAVES, *LAUNCHER, "trainer.max_epochs=200", "-m", "seed=0,1")
    process = start_fresh(tmp_path, *sweep, **slurm.environment)
    first = tmp_path / f"outputs/single/{KIND}/seed=0/checkpoints/last.ckpt"
    slurm.wait(first.exists, "the first job trains")
    slurm.ask("scancel", slurm.jobs("running")[0])
    stdout, stderr = process.communicate(timeout=180)
    assert process.returncode == 1
    assert "2 jobs: 1 finished, 1 stopped" in stdout
    assert stderr == (
        "A job's process was killed, perhaps because memory ran out; "
        "finished runs are kept, and the same command does the rest.\n"
    )
