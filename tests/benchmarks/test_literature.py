"""The comparison with the literature, on drawn images: that it runs, and what it prints."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.rounds import ROOT
from srcnn_lightning import run_record
from srcnn_lightning.data.dead_leaves import draw


@pytest.mark.slow
def test_networks_stand_beside_the_printed_values(tmp_path: Path) -> None:
    for number, folder in enumerate(("photos", "set14", "set5")):
        (tmp_path / folder).mkdir()
        pixels = draw(128, seed=number, index=0)[: 128 - 16 * number]
        Image.fromarray(pixels).save(tmp_path / folder / "one.png")
    folders = [f"--{name}={tmp_path / name}" for name in ("photos", "set14", "set5")]
    short = ("--steps=2", f"--output={tmp_path / 'outputs'}")

    def rows(*options: str) -> list[list[str]]:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.literature", *folders, *short, *options],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [line.split() for line in done.stdout.splitlines()[1:]]

    found = rows("--epochs=1")
    assert [row[0] for row in found] == ["bicubic", "srcnn", "fsrcnn"]
    for _, ours, printed, distance, _ in found:
        assert float(distance) == pytest.approx(float(ours) - float(printed), abs=0.011)
    # Another run of a network lies beside the first, and the row is that of the one asked for.
    (longer,) = rows("--epochs=1", "--only=fsrcnn", "--steps=30")
    assert (longer[0], longer[2]) == ("fsrcnn", "37.00")
    assert longer[1] != found[2][1]
    assert rows("--epochs=1", "--only=fsrcnn") == [found[2]]
    # Without --epochs a network is trained for its own number of them.
    rows("--only=srcnn", "--steps=1")
    epochs = [run_record.load(run).epochs for run in run_record.find(tmp_path / "outputs")]
    assert sorted(epochs) == [0, 1, 1, 1, 60]  # bicubic trains for none
