"""Runs of earlier versions, kept under tests/kept/: every reader takes them."""

import csv
import io
import shutil
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, Command
from kills import record
from PIL import Image

from srcnn_lightning import old_records
from srcnn_lightning.old_records import Earlier
from srcnn_lightning.run_record import FILE_NAME, RunRecord, load

KEPT = sorted((Path(__file__).parent / "kept").iterdir())
PLACE = Path("outputs/kept/dead_leaves-antialiased/features=4-3")


@pytest.fixture(params=KEPT, ids=[path.name for path in KEPT])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A kept run where it had been written."""
    shutil.copytree(request.param, tmp_path / PLACE)
    return tmp_path / PLACE


def test_record_is_loaded(kept: Path) -> None:
    run = load(kept)
    assert (run.status, run.results_version, run.parameters) == ("finished", 4, 1219)
    assert run.config["model"]["features"] == [4, 3]
    assert run.metrics["test_psnr"] == pytest.approx(25.30511474609375)
    assert [image["name"] for image in run.per_image] == run.split["test"]
    assert [epoch["epoch"] for epoch in run.history] == [1]


def test_record_is_in_tables_and_in_a_report(kept: Path, command: Command, tmp_path: Path) -> None:
    for study in ("srcnn_paper", "none"):
        done = command("--format=csv", f"--study={study}", verb="table")
        assert (done.returncode, done.stderr) == (0, "")
        (row,) = csv.DictReader(io.StringIO(done.stdout))
        assert (row["row"], row["test_psnr"]) == ("SRCNN", "25.30511474609375")
        assert "; features=4-3; seed 0;" in row["caption"]  # the row is alone
        done = command(f"--study={study}", verb="report")
        assert (done.returncode, done.stderr) == (0, "")
        assert "25.305" in (tmp_path / "report/index.html").read_text()


def test_checkpoint_upscales(kept: Path, command: Command, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    done = command("image.png", f"--model={PLACE}", verb="upscale")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("image_x2.png: 60x40 pixels\n")


def test_checkpoint_starts_a_training_whose_record_has_every_field(
    kept: Path, command: Command, tmp_path: Path
) -> None:
    settings = ("data=dead_leaves", *TINY, "trainer.threads=1", "model.features=[4,3]")
    done = command(*settings, f"init_from='{PLACE}'", "model.init=default", "logger=none")
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "outputs/single").rglob(FILE_NAME)
    names = {one.name for one in fields(RunRecord)} - {"error", "same_as"}
    assert {*record(path.parent)} == names | {"format"}
    # After one epoch a start from nothing has 10 dB.
    assert load(path.parent).metrics["test_psnr"] > 20


def test_setting_that_has_another_place_is_translated(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {
        "config.degradation.kernel": Earlier("config.model.kernel", "bicubic"),
        "config.degradation.noise": Earlier("config.data.noise", 0.0),
        "config.trainer.max_epochs": Earlier("config.epochs", None),  # it is there
        "config.nothing.here": Earlier("", 1),
    }
    monkeypatch.setattr(old_records, "TRANSLATIONS", old_records.TRANSLATIONS | changes)
    config = load(kept).config
    assert config["degradation"] == {
        "name": "antialiased",
        "antialias": True,
        "scale": 2,
        "kernel": "bicubic",
        "noise": 0.0,
        "_target_": None,
        "arguments": {},
        "source": "",
    }
    assert "kernel" not in config["model"]
    assert config["trainer"]["max_epochs"] == 1
    assert "nothing" not in config


def test_record_without_a_version_is_of_version_3(kept: Path) -> None:
    path = kept / FILE_NAME
    path.write_text(path.read_text().replace('"results_version": 4,', ""))
    assert load(kept).results_version == 3
