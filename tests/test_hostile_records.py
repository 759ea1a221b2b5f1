"""Records of earlier runs run nothing, and lead nowhere outside the output folder."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from commands import run, start
from conftest import Command
from hostile import CANARY, TOUCH, contents, write_modules
from kills import LEAVES, record
from PIL import Image

from srcnn_lightning.run_record import FILE_NAME

ENLARGE = "upscale"
KIND = Path("single/dead_leaves-antialiased-x2")
RUN = Path("outputs") / KIND / "srcnn"
TWO, THREE = ((*LEAVES, f"trainer.max_epochs={epochs}") for epochs in (2, 3))
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder, of two epochs."""
    folder = tmp_path_factory.mktemp("trained")
    assert run(folder, *TWO).returncode == 0
    return folder / RUN


def change(path: Path, **changes: Any) -> None:
    found = json.loads(path.read_text())
    path.write_text(json.dumps(found | changes))


def elsewhere(tmp_path: Path, trained: Path) -> Path:
    """A run that is not below the outputs."""
    shutil.copytree(trained, tmp_path / "elsewhere")
    return tmp_path / "elsewhere"


@pytest.mark.parametrize("same_as", ["/ELSEWHERE", "../../elsewhere", "../elsewhere"])
@pytest.mark.parametrize("use", ["upscale", "init_from"])
def test_copy_of_a_run_outside_has_no_checkpoint(
    use: str, same_as: str, command: Command, tmp_path: Path, trained: Path
) -> None:
    outside = elsewhere(tmp_path, trained)
    same_as = same_as.replace("/ELSEWHERE", str(outside))
    (tmp_path / RUN).mkdir(parents=True)
    shutil.copy(trained / FILE_NAME, tmp_path / RUN)
    change(tmp_path / RUN / FILE_NAME, same_as=same_as)
    Image.new("RGB", (9, 9)).save(tmp_path / "image.png")
    before = contents(tmp_path)
    if use == "upscale":
        done = command("image.png", f"--model={RUN}", verb=ENLARGE)
    else:
        done = command(*LEAVES, f"init_from={RUN}", "model.init=default")
    assert done.returncode == 2
    assert f"same_as={same_as}, which lies outside" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert contents(tmp_path) == before


@pytest.mark.parametrize("absolute", [True, False])
def test_copy_of_a_run_outside_does_not_go_on_from_there(
    absolute: bool, command: Command, tmp_path: Path, trained: Path
) -> None:
    outside = elsewhere(tmp_path, trained)
    (tmp_path / RUN).mkdir(parents=True)
    shutil.copy(trained / FILE_NAME, tmp_path / RUN)
    change(tmp_path / RUN / FILE_NAME, same_as=str(outside) if absolute else "../elsewhere")
    done = command(*THREE)
    assert done.returncode == 0, done.stderr
    assert "lies outside outputs" in done.stdout
    assert "goes on" not in done.stdout
    assert record(tmp_path / RUN)["resumed_after"] is None


@pytest.mark.parametrize("absolute", [True, False])
def test_note_that_leads_outside_is_no_run(
    absolute: bool, command: Command, tmp_path: Path, trained: Path
) -> None:
    outside = elsewhere(tmp_path, trained)
    (outside / "letter.txt").write_text("private")
    note = tmp_path / "outputs/.state/runs" / record(outside)["hash"]
    note.parent.mkdir(parents=True)
    note.write_text(str(outside) if absolute else "../elsewhere")
    done = command(*TWO)
    assert done.returncode == 0, done.stderr
    assert "copied" not in done.stdout
    assert not list((tmp_path / "outputs").rglob("letter.txt"))
    assert note.read_text() == str(KIND / "srcnn")


def test_record_of_a_run_that_is_replaced_is_not_followed(
    command: Command, tmp_path: Path, trained: Path
) -> None:
    """What it names is neither read, to tell what has changed, nor made a part of a path."""
    write_modules(tmp_path)
    shutil.copytree(trained, tmp_path / RUN)
    shutil.rmtree(tmp_path / RUN / "checkpoints")
    os.mkfifo(tmp_path / "outside")  # who reads it waits for ever
    config = record(trained)["config"]
    config["init_from"] = str(tmp_path / "outside")
    config["optimizer"] |= {"_target_": "os.system", "command": TOUCH}
    config["model"] = {"_target_": "planted.Neighbour"}
    change(tmp_path / RUN / FILE_NAME, config=config, hash="another", lineage="another")
    process = start(tmp_path, *TWO)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert "what was there before is kept in" in stdout
    assert f"init_from={tmp_path}/outside, now None" in stdout
    assert not (tmp_path / CANARY).exists()


@pytest.mark.parametrize("epochs", ["../../../../escaped", "/tmp/escaped", None])
def test_epochs_of_a_record_make_no_path(
    epochs: str | None, command: Command, tmp_path: Path, trained: Path
) -> None:
    shutil.copytree(trained, tmp_path / RUN)
    change(tmp_path / RUN / FILE_NAME, epochs=epochs)
    done = command(*THREE)
    assert done.returncode == 0, done.stderr
    assert f"{FILE_NAME}: damaged (epochs: " in done.stdout
    assert "goes on after epoch 2" in done.stdout
    assert record(tmp_path / RUN)["epochs"] == 3
    assert not list(tmp_path.glob("*escaped*"))


DEEP = "[" * 200_000
# What somebody may have written into a record, and no run has.
CONFIGURATIONS: list[Any] = [[], 3, None, {"data": 3}]


def assert_trained(done: Any, folder: Path) -> None:
    assert (done.returncode, done.stderr) == (0, "")
    assert record(folder / RUN)["resumed_after"] is None
    assert "same_as" not in record(folder / RUN)


@pytest.mark.parametrize("config", CONFIGURATIONS)
@pytest.mark.parametrize("settings", [(), ("rerun=true",)])
def test_record_with_another_configuration_is_replaced(
    settings: tuple[str, ...], config: Any, command: Command, tmp_path: Path, trained: Path
) -> None:
    (tmp_path / RUN).mkdir(parents=True)
    shutil.copy(trained / FILE_NAME, tmp_path / RUN)
    change(tmp_path / RUN / FILE_NAME, hash="x", config=config)
    done = command(*LEAVES, *settings)
    assert_trained(done, tmp_path)
    assert "is kept in" in done.stdout


@pytest.mark.parametrize("config", CONFIGURATIONS[:1])
def test_record_with_another_configuration_makes_room_for_a_copy(
    config: Any, command: Command, tmp_path: Path, trained: Path
) -> None:
    shutil.copytree(trained.parents[2], tmp_path / "outputs")
    copy = tmp_path / "outputs/second/dead_leaves-antialiased-x2/srcnn"
    copy.mkdir(parents=True)
    shutil.copy(trained / FILE_NAME, copy)
    change(copy / FILE_NAME, hash="x", config=config)
    done = command(*TWO, "experiment_name=second")
    assert (done.returncode, done.stderr) == (0, "")
    assert "copied from there" in done.stdout
    assert record(copy)["config"]["experiment_name"] == "second"


@pytest.mark.parametrize("settings", [(), ("rerun=true",)])
def test_record_that_is_nested_too_deeply_is_replaced(
    settings: tuple[str, ...], command: Command, tmp_path: Path
) -> None:
    (tmp_path / RUN).mkdir(parents=True)
    (tmp_path / RUN / FILE_NAME).write_text(DEEP)
    assert_trained(command(*LEAVES, *settings), tmp_path)


def test_run_whose_record_is_nested_too_deeply_has_no_checkpoint(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / RUN).mkdir(parents=True)
    (tmp_path / RUN / FILE_NAME).write_text(DEEP)
    Image.new("RGB", (9, 9)).save(tmp_path / "image.png")
    done = command("image.png", f"--model={RUN}", verb=ENLARGE)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"--model={RUN}: this run has no checkpoint; give a network's run.\n"


@pytest.mark.parametrize(
    "changes",
    [
        {"metrics": {"max_val_psnr": "x"}},
        {"metrics": {"max_val_psnr": 1e300}},
        {"metrics": {"test_psnr": 30.0}},
        {"split": []},
        {"per_image": json.loads("[" * 900 + "]" * 900)},
    ],
)
@pytest.mark.parametrize("settings", [(), ("logger=none",)])
def test_run_whose_results_are_of_no_run_is_not_copied(
    settings: tuple[str, ...],
    changes: dict[str, Any],
    command: Command,
    tmp_path: Path,
    trained: Path,
) -> None:
    shutil.copytree(trained.parents[2], tmp_path / "outputs")
    change(tmp_path / RUN / FILE_NAME, **changes)
    done = command(*TWO, *settings, "experiment_name=second")
    assert (done.returncode, done.stderr) == (0, "")
    assert "copied" not in done.stdout
    found = record(tmp_path / "outputs/second/dead_leaves-antialiased-x2/srcnn")
    assert found["metrics"] == record(trained)["metrics"]
    assert "same_as" not in found


@pytest.mark.parametrize("value", ["x", [], {}, 1e300])
def test_run_whose_metric_is_no_number_is_not_skipped(
    value: Any, command: Command, tmp_path: Path, trained: Path
) -> None:
    shutil.copytree(trained.parents[2], tmp_path / "outputs")
    change(tmp_path / RUN / FILE_NAME, metrics={"max_val_psnr": value})
    done = command(*TWO)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{FILE_NAME}: damaged (metrics.max_val_psnr: it must be a valid number" in done.stdout
    assert record(tmp_path / RUN)["metrics"] == record(trained)["metrics"]
