"""`debug=fast`, `debug=overfit` and `debug=profile`."""

import re
from pathlib import Path

from conftest import TINY, Command
from kills import record

RUN = ("data=dead_leaves", *TINY[:3], "trainer=cpu")


def run_folder(folder: Path) -> Path:
    (path,) = folder.glob("outputs_debug/*/*/*/metrics.json")
    return path.parent


def test_fast_takes_a_batch_of_each_part_apart_from_the_runs_that_count(
    command: Command, tmp_path: Path
) -> None:
    done = command(*RUN, "debug=fast", "model=edsr", "model.blocks=1", "model.features=4")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "outputs").exists()
    content = record(run_folder(tmp_path))
    assert content["epochs"] == 1
    assert len(content["per_image"]) == 1
    # It is trained again, and neither skipped nor kept.
    assert "skipped" not in command(*RUN, "debug=fast", "model=edsr", "model.blocks=1").stdout


def test_debugging_wins_over_the_recipe(command: Command, tmp_path: Path) -> None:
    done = command(*RUN, "debug=fast", "recipe=modern", "data.patch_size=16")
    assert done.returncode == 0, done.stderr
    assert record(run_folder(tmp_path))["epochs"] == 1


def test_overfit_brings_the_loss_of_one_batch_down(command: Command, tmp_path: Path) -> None:
    done = command(
        *RUN, "debug=overfit", "model=espcn", "trainer.max_epochs=60", "optimizer.lr=0.003"
    )
    assert done.returncode == 0, done.stderr
    found = re.search(r"repeated batches: (\S+) at first, now (\S+)", done.stdout)
    assert found
    losses = [epoch["train_loss"] for epoch in record(run_folder(tmp_path))["history"]]
    assert float(found[1]) == float(f"{losses[0]:.2g}")
    assert float(found[2]) == float(f"{losses[-1]:.2g}") < losses[0] / 4


def test_profile_names_what_takes_time(command: Command, tmp_path: Path) -> None:
    done = command(*RUN, "debug=profile", "trainer.max_epochs=1")
    assert done.returncode == 0, done.stderr
    (named,) = re.findall(r"^  (\S*fit-profile\S*\.txt)$", done.stdout, re.MULTILINE)
    assert "optimizer_step" in (tmp_path / named).read_text()
