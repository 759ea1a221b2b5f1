"""The script behind `make weights`: from a run to weights and a card, and no photographs."""

import json
import subprocess
import sys
from pathlib import Path

import commands
import numpy as np
import pytest
from conftest import TINY
from documents import ROOT, write_photos
from evaluation_folders import drawn_folder

import srcnn_lightning as sr

SHORT = ("data.patch_size=24", "data.batch_size=3", "data.steps_per_epoch=4", "degradation.scale=2")
SMALL = ("data.split=[0.6,0.2,0.2]", "model.blocks=1", "model.features=4")
RUN = ("+experiment=weights", *TINY, *SHORT, *SMALL)


def written(folder: Path) -> subprocess.CompletedProcess[str]:
    drawn_folder(folder / "hr")
    scored = ("--set5=hr", "--set14=hr", "--output=written")
    command = [sys.executable, "-m", "benchmarks.weights", "--runs=outputs", *scored]
    return subprocess.run(
        command,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_run_becomes_weights_and_a_card(tmp_path: Path) -> None:
    assert commands.run(tmp_path, *RUN, "seed=3").returncode == 0
    done = written(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    (record,) = (tmp_path / "outputs").rglob("metrics.json")
    ours = sr.load(record.parent, device="cpu")
    kept = sr.load(tmp_path / "written/edsr-small-x2.safetensors", device="cpu")
    picture = np.random.default_rng(0).random((20, 30, 3))
    difference = np.abs(sr.upscale(picture, ours) - sr.upscale(picture, kept))
    assert 0 < difference.max() < 1e-3  # half precision
    card = json.loads((tmp_path / "written/edsr-small-x2.json").read_text())
    assert (card["steps"], card["seeds"]["seed"], card["parameters"]) == (4, 3, 1259)
    assert card["batch"] == "3 patches of 24 pixels a side"
    wanted = sr.evaluate(ours, tmp_path / "hr")["psnr"]
    assert card["scores"]["Set5"]["psnr_y"] == pytest.approx(wanted, abs=0.01)
    bicubic = sr.evaluate("bicubic", tmp_path / "hr", convention="paper")["psnr"]
    assert card["scores"]["Set14"]["bicubic_rgb"] == pytest.approx(bicubic, abs=0.0051)


def test_network_that_has_seen_photographs_is_refused(tmp_path: Path) -> None:
    write_photos(tmp_path)
    given = ("data=folder", "data.root=photos")
    assert commands.run(tmp_path, *RUN, *given).returncode == 0
    done = written(tmp_path)
    assert done.returncode == 1
    assert done.stderr.endswith(": data.kind=folder; give runs on drawn images alone.\n")
    assert not (tmp_path / "written").exists()


def test_make_refuses_missing_images_before_it_trains(tmp_path: Path) -> None:
    # Below another make, make says first which folder it enters.
    given = ["-f", str(ROOT / "Makefile"), "-o", "setup", "RUN=false", "SET5=gone"]
    given.append("--no-print-directory")
    done = subprocess.run(
        ["make", "weights", *given], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout.startswith("gone: there is no such folder; give those of the scores")
