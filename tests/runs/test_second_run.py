"""The same run again, other runs beside it, and the folders that they have."""

from pathlib import Path

import pytest
from conftest import Command
from kills import LEAVES, TOLD_APART, record
from own_network import write_network

RUN = Path("outputs/single/dead_leaves-antialiased-x2")


def test_same_seed_gives_the_same_record(command: Command, tmp_path: Path) -> None:
    for output_dir in ("a", "b"):
        assert command(*LEAVES, f"output_dir={output_dir}").returncode == 0
    first, second = (record(next((tmp_path / name).rglob("srcnn"))) for name in "ab")
    assert all(first[key] == second[key] for key in TOLD_APART)


@pytest.mark.slow
def test_batches_of_validation_and_test_change_no_bit(command: Command, tmp_path: Path) -> None:
    """Eight images each: the mean over them would depend on the order of the sum."""
    many = (*LEAVES, "data.count=20", "data.split=[0.2,0.4,0.4]", "trainer.max_epochs=8")
    for size in (1, 3, 8):
        done = command(*many, f"data.eval_batch_size={size}", f"output_dir={size}")
        assert done.returncode == 0, done.stderr
    found = [record(next((tmp_path / str(size)).rglob("srcnn"))) for size in (1, 3, 8)]
    for key in (*TOLD_APART, "hash"):
        assert found[0][key] == found[1][key] == found[2][key], key


def test_job_is_the_same_alone_and_in_a_sweep(command: Command, tmp_path: Path) -> None:
    assert command(*LEAVES, "-m", "seed=0,1", "output_dir=sweep").returncode == 0
    assert command(*LEAVES, "seed=1", "output_dir=alone").returncode == 0
    pair = [record(next((tmp_path / name).rglob("seed=1"))) for name in ("sweep", "alone")]
    assert all(pair[0][key] == pair[1][key] for key in TOLD_APART)


def test_second_run_is_skipped_and_another_moved_aside(command: Command, tmp_path: Path) -> None:
    assert command(*LEAVES).returncode == 0
    written = (tmp_path / RUN / "srcnn/metrics.json").stat().st_mtime_ns
    again = command(*LEAVES)
    assert again.returncode == 0
    assert "skipped" in again.stdout
    assert (tmp_path / RUN / "srcnn/metrics.json").stat().st_mtime_ns == written
    moved = command(*LEAVES, "data.crop=48")
    assert moved.returncode == 0
    assert record(tmp_path / RUN / "srcnn")["config"]["data"]["crop"] == 48
    (kept,) = (tmp_path / RUN / ".replaced").iterdir()
    assert record(kept)["config"]["data"]["crop"] == 64
    assert f"is kept in {kept.relative_to(tmp_path)} (data.crop=64, now 48)" in moved.stdout


def test_swept_setting_stands_in_the_name(command: Command, tmp_path: Path) -> None:
    """A name leaves the epochs out, unless a sweep tells its runs apart by them."""
    result = command(*LEAVES, "-m", "trainer.max_epochs=1,2")
    assert result.returncode == 0, result.stderr
    assert {path.name for path in (tmp_path / RUN).iterdir()} == {"max_epochs=1", "max_epochs=2"}


def test_switch_has_one_folder_however_it_is_typed(command: Command, tmp_path: Path) -> None:
    switch = "data.augment=2", "trainer.max_epochs=1"
    assert command(*LEAVES, *switch).returncode == 0
    swept = command(*LEAVES, "data.augment=true,false", "trainer.max_epochs=1", "-m")
    assert "augment=true: done before, skipped" in swept.stdout
    assert {path.name for path in (tmp_path / RUN).iterdir()} == {"augment=true", "augment=false"}


def test_setting_that_an_own_experiment_sweeps_stands_in_the_name(
    command: Command, tmp_path: Path
) -> None:
    experiment = tmp_path / "own/experiment/sizes.yaml"
    experiment.parent.mkdir(parents=True)
    experiment.write_text(
        "# @package _global_\n"
        "hydra: {mode: MULTIRUN, sweeper: {params: {data.eval_batch_size: '1,2'}}}\n"
    )
    result = command(
        *LEAVES, "--config-dir", "own", "+experiment=sizes", "data.seed=0,1",
        "name_keys=[degradation.scale]", "degradation.scale=2",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert {path.name for path in (tmp_path / RUN).iterdir()} == {
        f"eval_batch_size={size},data.seed={seed},scale=2" for seed in (0, 1) for size in (1, 2)
    }


def test_number_of_the_job_may_stand_in_a_setting(command: Command, tmp_path: Path) -> None:
    result = command(*LEAVES, "-m", "data.batch_size=2,4", "seed=${hydra:job.num}")
    assert result.returncode == 0, result.stderr
    found = [record(path.parent)["config"]["seed"] for path in tmp_path.rglob("metrics.json")]
    assert sorted(found) == [0, 1]


def test_failed_run_leaves_the_good_one(command: Command, tmp_path: Path) -> None:
    source = "class Net(torch.nn.Upsample):\n    def __init__(self, scale):\n"
    good = source + "        super().__init__(scale_factor=scale)\n"
    arguments = (*LEAVES, *write_network(tmp_path, good))
    assert command(*arguments).returncode == 0
    write_network(tmp_path, source + "        raise RuntimeError('broken since')\n")
    assert command(*arguments, "rerun=true").returncode == 1
    folder = tmp_path / RUN / "model=custom,_target_=mine.Net"
    assert record(folder)["status"] == "failed"
    (kept,) = (tmp_path / RUN / ".replaced").iterdir()
    assert record(kept)["status"] == "finished"
    assert list((kept / "pictures").iterdir())
    # TensorBoard walks hidden folders as well, and shall not draw what was replaced.
    assert not list(kept.glob("*tfevents*"))


def test_copied_baseline_is_asked_for_more_epochs(command: Command, tmp_path: Path) -> None:
    """It has no checkpoints that could be copied."""
    bicubic = (*LEAVES, "model=bicubic")
    for name, epochs in (("a", 1), ("b", 1), ("b", 50)):
        done = command(*bicubic, f"experiment_name={name}", f"trainer.max_epochs={epochs}")
        assert done.returncode == 0, done.stdout + done.stderr
