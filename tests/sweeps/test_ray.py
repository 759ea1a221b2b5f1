"""A sweep on a real Ray of this machine, with two workers."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Command
from documents import documented_sweep
from kills import LEAVES, assert_same_runs, records
from ray_environment import LAUNCHER, CannotInstall, RayEnvironment, installed

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def ray() -> Iterator[RayEnvironment]:
    try:
        with installed() as environment:
            yield environment
    except CannotInstall as error:
        pytest.skip(str(error))


def test_ray_gives_the_records_of_one_process(
    ray: RayEnvironment, command: Command, tmp_path: Path
) -> None:
    sweep = (*LEAVES, "+experiment=lr_grid", "-m")
    assert command(*sweep, "output_dir=one").returncode == 0
    process = ray.start(tmp_path, *sweep, *LAUNCHER, "output_dir=two")
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stdout + stderr
    assert "5 jobs: 5 finished" in stdout
    assert_same_runs(tmp_path / "one", tmp_path / "two")
    again = ray.start(tmp_path, *sweep, *LAUNCHER, "output_dir=two")
    assert "5 jobs: 5 skipped" in again.communicate(timeout=300)[0]


def test_sweep_of_the_document(ray: RayEnvironment, tmp_path: Path) -> None:
    process = ray.start(tmp_path, *documented_sweep("ray"))
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stdout + stderr
    assert "5 jobs: 5 finished" in stdout


def test_run_of_a_killed_worker_goes_on_in_another(
    ray: RayEnvironment, command: Command, tmp_path: Path
) -> None:
    sweep = (*LEAVES, "trainer.max_epochs=200", "-m", "seed=0,1")
    process = ray.start(tmp_path, *sweep, *LAUNCHER)
    deadline = time.monotonic() + 120
    while len(list(tmp_path.rglob("last.ckpt"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    listed = subprocess.run(
        ["pgrep", "--full", "ray::_run_job"], capture_output=True, text=True, check=True
    )
    workers = [int(number) for number in listed.stdout.split()]
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stdout + stderr
    assert "2 jobs: 2 finished" in stdout
    resumed = [one["resumed_after"] for one in records(tmp_path / "outputs").values()]
    assert sorted(epoch is None for epoch in resumed) == [False, True]
    assert command(*sweep, "output_dir=alone").returncode == 0
    assert_same_runs(tmp_path / "alone", tmp_path / "outputs")
