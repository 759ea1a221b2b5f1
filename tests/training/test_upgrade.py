"""Runs that an earlier version of the program left: trained again, and with a word."""

import json
from pathlib import Path

import pytest
import torch
from composed_plan import compose_plan
from conftest import Command
from kills import LEAVES, record

from srcnn_lightning.run_record import RESULTS_VERSION
from srcnn_lightning.runs.identity import describe_difference

RUN = Path("outputs/single/dead_leaves-antialiased-x2/srcnn")
SENTENCE = (
    f"is kept in {{kept}} (the program's results have changed: version 3, now {RESULTS_VERSION})"
)
pytestmark = pytest.mark.slow


def make_older(folder: Path) -> None:
    """As versions 1 to 3 left them: without a number, with other hashes."""
    path = folder / "metrics.json"
    if path.is_file():
        found = record(folder)
        del found["results_version"]
        found |= {"hash": "0" * 16, "lineage": "1" * 16}
        path.write_text(json.dumps(found))
    for path in folder.glob("checkpoints/*.ckpt"):
        checkpoint = torch.load(path, weights_only=True)
        state = checkpoint["callbacks"]["Checkpoints"]
        del state["results_version"], state["settings"]
        state["lineage"] = "1" * 16
        torch.save(checkpoint, path)


def kept_of(folder: Path) -> Path:
    (kept,) = (folder.parent / ".replaced").glob(f"{folder.name}*")
    return kept


@pytest.mark.parametrize("is_finished", [True, False])
def test_run_of_an_earlier_version_is_trained_again_with_a_sentence(
    is_finished: bool, command: Command, tmp_path: Path
) -> None:
    folder = tmp_path / RUN
    assert command(*LEAVES).returncode == 0
    if not is_finished:
        (folder / "metrics.json").unlink()
    make_older(folder)
    again = command(*LEAVES)
    assert again.returncode == 0, again.stderr
    kept = kept_of(folder)
    assert again.stdout.count(SENTENCE.format(kept=kept.relative_to(tmp_path))) == 1
    assert record(folder)["results_version"] == RESULTS_VERSION
    assert record(folder)["resumed_after"] is None
    assert (kept / "checkpoints/last.ckpt").is_file()
    assert "skipped" in command(*LEAVES).stdout


def test_run_whose_folder_names_no_scale_is_trained_again_with_a_sentence(
    command: Command, tmp_path: Path
) -> None:
    folder = tmp_path / RUN
    assert command(*LEAVES).returncode == 0
    make_older(folder)
    earlier = folder.parent.with_name(folder.parent.name.removesuffix("-x2"))
    folder.parent.rename(earlier)
    again = command(*LEAVES)
    assert again.returncode == 0, again.stderr
    place = (earlier / folder.name).relative_to(tmp_path)
    assert (
        again.stdout.count(f"version 3, now {RESULTS_VERSION}); the earlier run stays in {place}")
        == 1
    )
    assert record(earlier / folder.name)["hash"] == "0" * 16
    assert "earlier" not in command(*LEAVES).stdout


def test_copy_that_an_earlier_version_left_is_replaced_with_a_sentence(
    command: Command, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        assert command(*LEAVES, f"experiment_name={name}").returncode == 0
    copy = tmp_path / "outputs/second/dead_leaves-antialiased-x2/srcnn"
    assert record(copy)["results_version"] == RESULTS_VERSION
    make_older(copy)
    again = command(*LEAVES, "experiment_name=second")
    assert again.returncode == 0, again.stderr
    assert SENTENCE.format(kept=kept_of(copy).relative_to(tmp_path)) in again.stdout
    assert "copied from there" in again.stdout
    assert record(copy)["same_as"] == "first/dead_leaves-antialiased-x2/srcnn"
    assert record(copy)["results_version"] == RESULTS_VERSION


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (["data.crop=48"], " (data.crop=64, now 48)"),
        (["trainer.max_epochs=1"], " (epochs=2, now 1)"),
        (["trainer.max_epochs=1", "data.crop=48"], " (data.crop=64, now 48; epochs=2, now 1)"),
        (["data.count=11"], " (other images, weights or device)"),
        (["rerun=true"], ""),
    ],
)
def test_difference_from_an_unfinished_run_is_named(
    other: list[str], difference: str, command: Command, tmp_path: Path
) -> None:
    two = (*LEAVES, "trainer.max_epochs=2")
    assert command(*two).returncode == 0
    (tmp_path / RUN / "metrics.json").unlink()
    moved = command(*two, *other)
    assert moved.returncode == 0, moved.stderr
    kept = kept_of(tmp_path / RUN).relative_to(tmp_path)
    assert f"is kept in {kept}{difference}\n" in moved.stdout


def test_stopped_run_goes_on_with_other_batches_of_validation(
    command: Command, tmp_path: Path
) -> None:
    assert command(*LEAVES, "trainer.max_epochs=2").returncode == 0
    longer = command(*LEAVES, "trainer.max_epochs=3", "data.eval_batch_size=1")
    assert "goes on after epoch 2" in longer.stdout


def test_version_is_named_beside_the_settings_and_without_them(tmp_path: Path) -> None:
    settings = compose_plan(tmp_path, "data.count=10").settings
    wider = {**settings, "model": {**settings["model"], "features": [8, 8]}}
    version = f"the program's results have changed: version 3, now {RESULTS_VERSION}"
    changed = "model.features=[64, 32], now [8, 8]"
    today = RESULTS_VERSION
    assert describe_difference(today, settings, wider) == changed
    assert describe_difference(today, settings, settings) == "other images, weights or device"
    assert describe_difference(3, settings, wider) == f"{version}; {changed}"
    assert describe_difference(3, settings, settings) == version
    # A setting that the earlier version did not have.
    earlier = {**settings, "trainer": {**settings["trainer"]}}
    del earlier["trainer"]["channels_last"]
    assert describe_difference(3, earlier, wider) == f"{version}; {changed}"
