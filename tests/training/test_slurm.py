"""Slurm on the machine or around the run changes nothing: one run, and no warning."""

import os
from pathlib import Path

import pytest
from conftest import TINY, Command
from kills import record
from lightning.pytorch import Trainer

LEAVES = ("data=dead_leaves", *TINY)
RUN = Path("outputs/single/dead_leaves-antialiased-x2/srcnn")


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH that leads to an srun."""
    srun = tmp_path / "bin/srun"
    srun.parent.mkdir()
    srun.write_text("#!/bin/sh\nexit 1\n")
    srun.chmod(0o755)
    return f"{srun.parent}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.parametrize("model", ["srcnn", "bicubic"])
def test_installed_srun_causes_no_warning(model: str, path: str, command: Command) -> None:
    result = command(*LEAVES, f"model={model}", PATH=path)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "srun" not in result.stdout


def test_trainer_of_a_test_does_not_warn_of_srun(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", path)
    Trainer(accelerator="cpu", logger=False, default_root_dir=tmp_path)


@pytest.mark.parametrize("tasks", ["1", "2"])
@pytest.mark.slow
def test_job_of_slurm_is_one_run(
    tasks: str, path: str, fresh_command: Command, tmp_path: Path
) -> None:
    """A task that is not the first trains a run of its own too."""
    job = {
        "SLURM_JOB_ID": "77",
        "SLURM_JOB_NAME": "train",
        "SLURM_JOB_NODELIST": "node1",
        "SLURM_NNODES": "1",
        "SLURM_NTASKS": tasks,
        "SLURM_NODEID": "0",
        "SLURM_PROCID": "1",
        "SLURM_LOCALID": "1",
    }
    result = fresh_command(*LEAVES, PATH=path, **job)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    folder = tmp_path / RUN
    assert record(folder)["status"] == "finished"
    assert (folder / "checkpoints/best.ckpt").is_file()
    assert list(folder.glob("*tfevents*"))
