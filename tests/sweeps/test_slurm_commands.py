"""Commands that share a real Slurm, or end before their jobs: nothing is trained twice."""

import signal
import subprocess
from pathlib import Path

import pytest
from commands import start_fresh
from conftest import Command
from kills import LEAVES, assert_same_runs, records
from slurm_node import LAUNCHER, Slurm

pytestmark = pytest.mark.cluster
SWEEP = (*LEAVES, "trainer.max_epochs=100", "-m", "seed=0,1,2")


def ended(process: subprocess.Popen[str]) -> str:
    """What a command has printed, once it has ended well."""
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stdout + stderr
    assert stderr == ""
    return stdout


def test_interrupted_command_leaves_its_jobs_and_the_same_one_repeats_none(
    slurm: Slurm, command: Command, tmp_path: Path
) -> None:
    first = start_fresh(tmp_path, *SWEEP, *LAUNCHER, **slurm.environment)
    slurm.wait(lambda: list(tmp_path.rglob("last.ckpt")), "a job trains")
    first.send_signal(signal.SIGINT)
    _, stderr = first.communicate(timeout=60)
    assert first.returncode == 130
    assert stderr == "Interrupted; what is finished is kept.\n"
    assert len(slurm.jobs("running")) == 2
    again = start_fresh(tmp_path, *SWEEP, *LAUNCHER, **slurm.environment)
    table = ended(again)
    assert "3 jobs: " in table
    slurm.wait(lambda: slurm.ask("squeue", "-h") == "", "the first command's jobs end", 120)
    assert_each_trained_once(tmp_path / "outputs")
    assert command(*SWEEP, "output_dir=alone").returncode == 0
    assert_same_runs(tmp_path / "alone", tmp_path / "outputs")


def test_two_sweeps_with_two_output_folders(slurm: Slurm, command: Command, tmp_path: Path) -> None:
    both = [
        start_fresh(tmp_path, *SWEEP, *LAUNCHER, f"output_dir={name}", **slurm.environment)
        for name in ("one", "two")
    ]
    for process in both:
        assert ended(process).splitlines()[-1] == "3 jobs: 3 finished"
    assert_same_runs(tmp_path / "one", tmp_path / "two")


def test_two_sweeps_with_one_output_folder(slurm: Slurm, tmp_path: Path) -> None:
    both = [start_fresh(tmp_path, *SWEEP, *LAUNCHER, **slurm.environment) for _ in range(2)]
    tables = [ended(process).splitlines()[1:-1] for process in both]
    assert [len(table) for table in tables] == [3, 3]
    assert sum("finished" in row for table in tables for row in table) == 3
    assert sum("skipped" in row for table in tables for row in table) == 3
    assert_each_trained_once(tmp_path / "outputs")


def assert_each_trained_once(outputs: Path) -> None:
    """No run was begun twice, set aside, or trained on from another's checkpoint."""
    found = records(outputs)
    assert len(found) == 3
    assert {one["status"] for one in found.values()} == {"finished"}
    assert {one["resumed_after"] for one in found.values()} == {None}
    assert not list(outputs.rglob(".replaced"))
