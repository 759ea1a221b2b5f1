"""Runs that several sweeps ask for, one after the other or at once."""

from pathlib import Path

import pytest
import torch
from commands import start
from conftest import Command
from kills import LEAVES, TOLD_APART, assert_same_runs, curve, record, records
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

KIND = "dead_leaves-antialiased-x2"


@pytest.mark.slow
def test_same_run_of_two_experiments_is_trained_once(command: Command, tmp_path: Path) -> None:
    arguments = (*LEAVES, "trainer.max_epochs=2")
    assert command(*arguments, "+experiment=lr_grid", "-m", "optimizer.lr=1e-3").returncode == 0
    result = command(*arguments, "+experiment=ablation", "-m", "variant=base,tanh")
    assert "2 jobs: 1 finished, 1 copied" in result.stdout
    outputs = tmp_path / "outputs"
    first, copy = (
        outputs / f"lr_grid/{KIND}/lr=0.001",
        outputs / f"ablation/{KIND}/variant=base",
    )
    ours, theirs = record(copy), record(first)
    assert ours["same_as"] == f"lr_grid/{KIND}/lr=0.001"
    assert (ours["experiment"], ours["variant"]) == ("ablation", "base")
    assert all(ours[key] == theirs[key] for key in TOLD_APART)
    assert curve(copy) == curve(first)
    assert _row(copy)["variant"] == "base"
    assert _row(first)["variant"] == "lr=0.001"
    for path in first.rglob("*.png"):
        assert (copy / path.relative_to(first)).read_bytes() == path.read_bytes()
    assert not (copy / "checkpoints").exists()
    # Asked for more epochs, the copy goes on from the other's checkpoint and is its own run.
    arguments = (*LEAVES, "trainer.max_epochs=4")
    longer = command(*arguments, "+experiment=ablation", "-m", "variant=base")
    assert "goes on after epoch 2" in longer.stdout
    assert "same_as" not in record(copy)
    assert record(first)["epochs"] == 2
    # And a run may begin from a copy's weights.
    assert command(*LEAVES, f"init_from='{copy}'", "model.init=default").returncode == 0


def _row(folder: Path) -> dict[str, str]:
    """What TensorBoard's HParams tab shows of a run."""
    from tensorboard.plugins.hparams import metadata

    events = EventAccumulator(str(folder))
    events.Reload()
    content = events.summary_metadata[metadata.SESSION_START_INFO_TAG].plugin_data.content
    info = metadata.parse_session_start_info_plugin_data(content)
    return {key: value.string_value for key, value in info.hparams.items()}


def test_two_sweeps_at_once_train_nothing_twice(command: Command, tmp_path: Path) -> None:
    arguments = (*LEAVES, "trainer.max_epochs=8", "-m", "optimizer.lr=1e-2,1e-3,1e-4")
    both = [start(tmp_path, *arguments) for _ in range(2)]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    tables = [stdout.splitlines()[-4:-1] for stdout, _ in said]
    trained = sum("finished" in row for table in tables for row in table)
    assert trained == 3
    assert not list(tmp_path.rglob(".replaced"))
    assert command(*arguments, "output_dir=alone").returncode == 0
    assert_same_runs(tmp_path / "alone", tmp_path / "outputs")


def test_two_experiments_at_once_train_their_common_run_once(tmp_path: Path) -> None:
    arguments = (*LEAVES, "trainer.max_epochs=8")
    both = [start(tmp_path, *arguments, f"experiment_name={name}") for name in ("one", "two")]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    copies = [run for run, found in records(tmp_path / "outputs").items() if "same_as" in found]
    assert len(copies) == 1


def test_two_configurations_of_one_folder_take_turns(tmp_path: Path) -> None:
    """However output_dir is spelled, one waits and then moves the other's finished run aside."""
    spelled = ("output_dir=outputs", f"output_dir={tmp_path}/outputs")
    both = [
        start(tmp_path, *LEAVES, "trainer.max_epochs=20", given, f"data.crop={64 - number}")
        for number, given in enumerate(spelled, start=1)
    ]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("another process is at it, waiting" in stdout for stdout, _ in said) == 1
    (kept,) = (tmp_path / f"outputs/single/{KIND}/.replaced").iterdir()
    for folder in (kept, tmp_path / f"outputs/single/{KIND}/srcnn"):
        assert record(folder)["epochs"] == 20
        crop = record(folder)["config"]["data"]["crop"]
        trained = torch.load(folder / "checkpoints/last.ckpt", weights_only=True)
        assert trained["callbacks"]["Checkpoints"]["lineage"] == record(folder)["lineage"], crop


def test_copy_of_a_run_that_has_changed_gives_no_weights(command: Command, tmp_path: Path) -> None:
    assert command(*LEAVES, "experiment_name=first").returncode == 0
    assert command(*LEAVES, "experiment_name=second").returncode == 0
    copied = tmp_path / f"outputs/second/{KIND}/srcnn"
    assert record(copied)["same_as"] == f"first/{KIND}/srcnn"
    again = command(*LEAVES, "experiment_name=first", "data.crop=48")
    assert again.returncode == 0
    result = command(*LEAVES, f"init_from={copied}")
    assert result.returncode == 2
    assert "which holds another run by now" in result.stderr
