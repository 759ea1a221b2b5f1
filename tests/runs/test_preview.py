"""`check=true`: a run is described and timed, and nothing is trained."""

from pathlib import Path

import pytest
from conftest import TINY, Command

from srcnn_lightning.training.trial import Trial

LEAVES = ("data=dead_leaves", *TINY, "trainer.threads=1")
FOLDER = "outputs/single/dead_leaves-antialiased-x2"


def test_run_is_described_and_leaves_nothing(command: Command, tmp_path: Path) -> None:
    done = command(*LEAVES, "trainer.max_epochs=50", "check=true")
    assert done.returncode == 0, done.stderr
    for words in (
        "single/dead_leaves-antialiased-x2/srcnn: not trained yet",
        "20,099 parameters, 18.43 G multiply-adds",
        "6 train, 2 val, 2 test; targets of 32x32 pixels",
        "50 epochs of 3 batches of 2",
        "s a validation: ",
        "MB at the peak of this process",
    ):
        assert words in done.stdout
    assert not list(tmp_path.rglob("metrics.json"))
    assert not list(tmp_path.rglob("*.ckpt"))


def test_patches_and_their_number_are_named(command: Command) -> None:
    patches = ("recipe=modern", "data.patch_size=16", "data.steps_per_epoch=7")
    done = command(*LEAVES, *patches, "trainer.max_epochs=50", "check=true")
    assert "patches of 16x16 pixels" in done.stdout
    assert "50 epochs of 7 batches of 8" in done.stdout


def test_what_is_done_already_is_said(command: Command, tmp_path: Path) -> None:
    assert command(*LEAVES, "trainer.max_epochs=2").returncode == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / FOLDER).rglob("*")}
    again = command(*LEAVES, "trainer.max_epochs=2", "check=true")
    assert again.stdout == (
        "single/dead_leaves-antialiased-x2/srcnn: done before, would be skipped\n"
    )
    longer = command(*LEAVES, "trainer.max_epochs=5", "check=true")
    assert "srcnn: goes on after epoch 2" in longer.stdout
    other = command(*LEAVES, "trainer.max_epochs=2", "experiment_name=other", "check=true")
    assert "done before, would be copied from" in other.stdout
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / FOLDER).rglob("*")}


@pytest.mark.slow
def test_sweep_says_what_is_left(command: Command) -> None:
    settings = (*LEAVES, "trainer.max_epochs=100")
    assert command(*LEAVES, "seed=0", "-m").returncode == 0
    done = command(*LEAVES, "seed=0,1,2", "check=true", "-m")
    assert done.returncode == 0, done.stderr
    assert "3 jobs: 1 skipped, 2 checked, " in done.stdout.splitlines()[-1]
    assert done.stdout.splitlines()[-1].endswith(" left")
    assert command(*settings, "model=bicubic,nearest", "check=true", "-m").returncode == 0


def test_bad_settings_end_as_those_of_a_run(command: Command) -> None:
    for settings in (("data.patch_size=64",), ("model=unetpp", "+model.width=3")):
        run, check = (command(*LEAVES, *settings, *more) for more in ((), ("check=true",)))
        assert run.returncode == check.returncode == 2
        assert run.stderr == check.stderr


def test_time_left_is_that_of_steps_and_validations() -> None:
    trial = Trial(
        device="cpu",
        parameters=1,
        multiply_adds=None,
        target_size=(8, 8),
        epoch_steps=30,
        step_s=0.1,
        validation_s=0.5,
        memory_mb=1.0,
    )
    assert trial.seconds(10) == 35.0


def test_network_that_would_fail_is_named_with_its_line(command: Command, tmp_path: Path) -> None:
    lines = ["from torch import nn", "class Net(nn.Module):", "    def forward(self, images):"]
    (tmp_path / "mine.py").write_text("\n".join([*lines, "        return 1 / 0", ""]))
    own = ("model=custom", "model._target_=mine.Net", "check=true")
    done = command("data=dead_leaves", *TINY, *own)
    assert done.returncode == 1
    place = f"{tmp_path / 'mine.py'}, line 4"
    assert f"mine.Net: would fail, division by zero ({place})\n" in done.stdout
    assert done.stderr == "The run would fail.\n"
    sweep = command("data=dead_leaves", *TINY, *own, "seed=0,1", "-m")
    assert sweep.returncode == 1
    assert sweep.stdout.endswith("2 jobs: 2 would fail\n")
    assert sweep.stderr == "A run would fail.\n"
