"""The examples do what their pages say."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, Command
from PIL import Image

from srcnn_lightning import run_record

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
RUN = "outputs/mine/dead_leaves-antialiased-x2/model=small_net"


@pytest.fixture
def own_network(tmp_path: Path) -> Path:
    """A copy of examples/own_network, where the commands run."""
    shutil.copytree(EXAMPLES / "own_network", tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.slow
def test_own_network_trains_goes_on_and_is_used(command: Command, own_network: Path) -> None:
    mine = ("--config-dir", "conf", "data=dead_leaves", *TINY, "experiment_name=mine", "-m")
    assert command("model=small_net,srcnn", *mine).returncode == 0
    longer = command("model=small_net", *mine, "trainer.max_epochs=3")
    assert "goes on after epoch 1" in longer.stdout
    assert run_record.load(own_network / RUN).epochs == 3

    table = command("outputs", verb="table").stdout
    (row,) = [line for line in table.splitlines() if line.startswith("| small_net")]
    assert " 5.9 " in row  # thousand parameters: 32 * (3 * 25 + 1) + 12 * (32 * 9 + 1)
    assert command("outputs", verb="report").returncode == 0
    assert "small_net" in (own_network / "report/index.html").read_text()

    pixels = np.random.default_rng(0).integers(0, 256, (9, 11, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(own_network / "photo.png")
    refused = command("photo.png", "--model", RUN, verb="upscale")
    assert refused.returncode == 2
    assert "--allow-package" in refused.stderr
    allowed = ("--allow-package", "my_networks")
    assert command("photo.png", "--model", RUN, *allowed, verb="upscale").returncode == 0
    with Image.open(own_network / "photo_x2.png") as image:
        assert image.size == (22, 18)
    for file_format in ("onnx", "pt2"):
        to_file = ("--format", file_format, "--output", f"network.{file_format}")
        assert command("--model", RUN, *to_file, *allowed, verb="export").returncode == 0
    by_file = ("--model", "network.onnx", "--output", "by_file.png")
    assert command("photo.png", *by_file, verb="upscale").returncode == 0
    pictures = [
        np.asarray(Image.open(own_network / name)) for name in ("photo_x2.png", "by_file.png")
    ]
    assert np.abs(pictures[0].astype(int) - pictures[1]).max() <= 1


def test_own_paper_stands_beside_what_it_prints(command: Command, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "own_paper", tmp_path, dirs_exist_ok=True)
    study = ("--config-dir", "conf", "+experiment=fsrcnn_paper", "data=dead_leaves", *TINY, "-m")
    assert command(*study).returncode == 0
    shown = command("outputs", "--study", "fsrcnn_paper", verb="table").stdout
    head, _, *rows = [line.split("|")[1:-1] for line in shown.splitlines() if line[:1] == "|"]
    columns = [name.strip() for name in head]
    fsrcnn, srcnn, bicubic = (dict(zip(columns, map(str.strip, row), strict=True)) for row in rows)
    assert [row["Experiment"] for row in (fsrcnn, srcnn, bicubic)] == ["FSRCNN", "SRCNN", "Bicubic"]
    assert fsrcnn["Printed: test PSNR (Y)"] == "37.000"
    assert srcnn["Printed: gain"] == "+3.000"
    record = run_record.load(
        tmp_path / "outputs/fsrcnn_paper/dead_leaves-antialiased-x2/variant=srcnn_y"
    )
    assert srcnn["Test PSNR (Y)"] == f"{record.metrics['test_psnr_y']:.3f}"
    ours = [float(row["Test PSNR (Y)"]) for row in (srcnn, bicubic)]
    assert float(srcnn["Gain over bicubic (Y)"]) == pytest.approx(ours[0] - ours[1], abs=2e-3)
    assert command("outputs", "--study", "fsrcnn_paper", verb="report").returncode == 0
    assert "FSRCNN and SRCNN" in (tmp_path / "report/index.html").read_text()
    (tmp_path / "broken.py").write_text("STUDY = 1 / 0\n")
    for name, words in (
        ("json", "it cannot be imported (module 'json' has no attribute 'STUDY')"),
        ("broken", "it cannot be imported (division by zero)"),
        ("gone", "there is no such study; give one of srcnn_paper, none, or a package"),
    ):
        refused = command("outputs", "--study", name, verb="table")
        assert refused.returncode == 2
        assert refused.stderr.startswith(f"--study={name}: {words}")
        assert len(refused.stderr.splitlines()) == 1


def test_own_networks_radius_is_what_it_declares() -> None:
    import sys

    import torch

    sys.path.insert(0, str(EXAMPLES / "own_network"))
    try:
        from my_networks import SmallNet
    finally:
        sys.path.pop(0)
    images = torch.zeros(1, 3, 21, 21, requires_grad=True)
    SmallNet()(images)[0, 0, 20, 20].backward()
    assert images.grad is not None
    rows = images.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    assert rows.tolist() == list(range(10 - SmallNet.receptive_radius, 11 + 3))
