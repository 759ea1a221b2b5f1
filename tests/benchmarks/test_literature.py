"""The comparison with the literature, on drawn images: that it runs, and what it prints."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.rounds import ROOT
from srcnn_lightning.data.dead_leaves import draw


@pytest.mark.slow
def test_networks_stand_beside_the_printed_values(tmp_path: Path) -> None:
    for number, folder in enumerate(("photos", "set14", "set5")):
        (tmp_path / folder).mkdir()
        pixels = draw(128, seed=number, index=0)[: 128 - 16 * number]
        Image.fromarray(pixels).save(tmp_path / folder / "one.png")
    folders = (f"--{name}={tmp_path / name}" for name in ("photos", "set14", "set5"))
    short = ("--epochs=1", "--steps=2", f"--output={tmp_path / 'outputs'}")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.literature", *folders, *short],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    assert [row[0] for row in rows] == ["interpolation", "srcnn", "fsrcnn"]
    for _, ours, printed, distance, _ in rows:
        assert float(distance) == pytest.approx(float(ours) - float(printed), abs=0.011)
