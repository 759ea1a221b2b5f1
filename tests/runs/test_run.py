"""One run end to end, in a process of its own: what it leaves."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Command
from kills import LEAVES, record
from own_network import write_network
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

RUN = Path("outputs/single/dead_leaves-antialiased-x2")


def test_run_leaves_all_it_promises(command: Command, tmp_path: Path) -> None:
    result = command(*LEAVES, "trainer.max_epochs=3")
    assert result.returncode == 0, result.stderr
    folder = tmp_path / RUN / "srcnn"
    found = record(folder)
    assert found["format"] == 1
    assert found["status"] == "finished"
    assert found["parameters"] == 20_099
    # By hand in tests/models/test_cost.py; of the plain network, though its layers are accelerated.
    assert found["cost"]["multiply_adds"] == 18_432_000_000
    assert found["cost"]["activations"] == 91_238_400
    assert 0 < found["cost"]["seconds_per_megapixel"] < 100
    assert [epoch["epoch"] for epoch in found["history"]] == [1, 2, 3]
    best = max(found["history"], key=lambda epoch: epoch["val_psnr"])
    assert found["metrics"]["max_val_psnr"] == best["val_psnr"]
    assert found["metrics"]["val_loss"] == best["val_loss"]
    split = found["split"]
    assert [len(split[part]) for part in ("train", "val", "test")] == [6, 2, 2]
    assert len({name for names in split.values() for name in names}) == 10
    images = found["per_image"]
    assert [image["name"] for image in images] == split["test"]
    mean = sum(image["psnr"] for image in images) / len(images)
    assert found["metrics"]["test_psnr"] == pytest.approx(mean)
    pooled = -10 * np.log10(np.mean([image["mse"] for image in images]))
    assert found["metrics"]["test_psnr_pooled"] == pytest.approx(pooled, abs=1e-4)
    assert {"device", "precision", "threads", "versions"} <= set(found["environment"])
    for name in split["test"]:
        with Image.open(folder / f"pictures/{name}.png") as picture:
            assert picture.size == (32, 32)
    assert (folder / "comparison.png").is_file()
    for name in ("best", "last"):
        checkpoint = torch.load(folder / f"checkpoints/{name}.ckpt", weights_only=True)
        assert checkpoint["hyper_parameters"]["network"]["antialias"] is True
    assert not list(folder.rglob("*.yaml")) or {p.name for p in folder.rglob("*.yaml")} == {
        "hparams.yaml"
    }
    assert not list(folder.rglob("*.log"))


def test_pictures_hold_what_the_figures_say(command: Command, tmp_path: Path) -> None:
    """PSNR of the written picture against the target is the record's, but for rounding."""
    assert command(*LEAVES, "model=bicubic").returncode == 0
    folder = tmp_path / RUN / "model=bicubic"
    from srcnn_lightning.data.dead_leaves import draw
    from srcnn_lightning.image_io import read_image
    from srcnn_lightning.resize import resize_uint8

    image = record(folder)["per_image"][0]
    drawn = torch.from_numpy(draw(64, 0, int(image["name"][-4:]))).permute(2, 0, 1)[None]
    target = resize_uint8(drawn, (32, 32), "bicubic", antialias=True)[0].permute(1, 2, 0)
    output = read_image(folder / f"pictures/{image['name']}.png").pixels
    mse = np.mean((output / 255.0 - target.numpy() / 255.0) ** 2)
    assert -10 * np.log10(mse) == pytest.approx(image["psnr"], abs=0.05)


def test_pictures_of_the_test_images_lie_once_for_all_runs(
    command: Command, tmp_path: Path
) -> None:
    """The bicubic baseline's pictures are what a network is compared with."""
    assert command(*LEAVES, "model=bicubic").returncode == 0
    found = record(tmp_path / RUN / "model=bicubic")
    shared = tmp_path / "outputs" / found["test_images"]
    names = {f"{name}.png" for name in found["split"]["test"]}
    for kind in ("target", "bicubic"):
        assert {path.name for path in (shared / kind).iterdir()} == names
    for name in names:
        with Image.open(shared / "bicubic" / name) as ours:
            with Image.open(tmp_path / RUN / "model=bicubic/pictures" / name) as baseline:
                assert np.array_equal(ours, baseline)
            with Image.open(shared / "target" / name) as target:
                mse = np.mean((np.asarray(ours) / 255 - np.asarray(target) / 255) ** 2)
        (image,) = [one for one in found["per_image"] if f"{one['name']}.png" == name]
        assert -10 * np.log10(mse) == pytest.approx(image["psnr"], abs=0.05)
    times = {path: path.stat().st_mtime_ns for path in shared.rglob("*.png")}
    assert command(*LEAVES).returncode == 0
    assert record(tmp_path / RUN / "srcnn")["test_images"] == found["test_images"]
    assert {path: path.stat().st_mtime_ns for path in shared.rglob("*.png")} == times
    # Other images of the same names, or another degradation, lie elsewhere.
    assert command(*LEAVES, "model=bicubic", "degradation=aliased").returncode == 0
    assert command(*LEAVES, "model=bicubic", "data.crop=48").returncode == 0
    assert len(list((tmp_path / "outputs/test_images").iterdir())) == 3


def test_tensorboard_shows_curves_and_pictures(command: Command, tmp_path: Path) -> None:
    assert command(*LEAVES, "trainer.max_epochs=3").returncode == 0
    assert command(*LEAVES, "trainer.max_epochs=3", "model=bicubic").returncode == 0
    curves = {}
    for name in ("srcnn", "model=bicubic"):
        events = EventAccumulator(str(tmp_path / RUN / name), {"images": 0, "scalars": 0})
        events.Reload()
        curves[name] = [(event.step, event.value) for event in events.Scalars("epoch/val_psnr")]
        assert len(events.Tags()["images"]) == 2  # as many as there are validation images
        assert "_hparams_/session_start_info" in events.summary_metadata
        # Both curves side by side, in the tab "Custom scalars".
        layout = events.Tensors("custom_scalars__config__")[0].tensor_proto.string_val[0]
        assert all(f"epoch/{curve}".encode() in layout for curve in ("val_psnr", "val_loss"))
        # Three pictures of 32 pixels, five times as large, and a line of text below them.
        picture = events.Images(events.Tags()["images"][0])[-1]
        assert (picture.width, picture.height) == (3 * 160, 160 + 32)
    history = record(tmp_path / RUN / "srcnn")["history"]
    assert curves["srcnn"] == [(e["epoch"], pytest.approx(e["val_psnr"])) for e in history]
    # A baseline is a horizontal line from the first epoch to the last.
    assert [step for step, _ in curves["model=bicubic"]] == [1, 3]
    assert len({value for _, value in curves["model=bicubic"]}) == 1


def test_best_checkpoint_is_the_one_tested(command: Command, tmp_path: Path) -> None:
    assert command(*LEAVES, "trainer.max_epochs=12", "optimizer.lr=2e-2").returncode == 0
    folder = tmp_path / RUN / "lr=0.02"
    found = record(folder)
    psnr = [epoch["val_psnr"] for epoch in found["history"]]
    best = psnr.index(max(psnr))
    assert best < 11, "a run whose last epoch is its best shows nothing"
    checkpoints = folder / "checkpoints"
    epochs = {
        name: torch.load(checkpoints / f"{name}.ckpt", weights_only=True)["epoch"]
        for name in ("best", "last")
    }
    assert epochs == {"best": best, "last": 11}
    from srcnn_lightning.data.dead_leaves import draw
    from srcnn_lightning.metrics import psnr as psnr_of
    from srcnn_lightning.resize import resize_uint8
    from srcnn_lightning.training.task import SuperResolution

    task = SuperResolution.load_from_checkpoint(checkpoints / "best.ckpt").eval()
    image = found["per_image"][0]
    drawn = torch.from_numpy(draw(64, 0, int(image["name"][-4:]))).permute(2, 0, 1)[None]
    hr = resize_uint8(drawn, (32, 32), "bicubic", antialias=True)
    lr = resize_uint8(hr, (16, 16), "bicubic", antialias=True)
    with torch.no_grad():
        output = task(lr / 255).clamp(0, 1)
    assert float(psnr_of(output, hr / 255)) == pytest.approx(image["psnr"], abs=1e-3)


def test_diverged_run_says_so_and_the_sweep_goes_on(command: Command, tmp_path: Path) -> None:
    result = command(*LEAVES, "-m", "optimizer.lr=1e30,1e-3")
    assert result.returncode == 0, result.stderr
    found = {path.name: record(path) for path in (tmp_path / RUN).iterdir()}
    assert found["lr=1e+30"]["status"] == "diverged"
    assert "test_psnr" not in found["lr=1e+30"]["metrics"]
    assert found["lr=0.001"]["status"] == "finished"
    table = command("outputs", verb="table").stdout
    assert re.search(r"lr=1e\+30 +\| +diverged", table)


def test_failing_network_is_status_1_with_a_traceback(command: Command, tmp_path: Path) -> None:
    """A network of one's own that raises: the sweep goes on, the record and the traceback stay."""
    mine = write_network(
        tmp_path,
        "class Net(torch.nn.Module):\n"
        "    def __init__(self, width=8, scale=2):\n"
        "        super().__init__()\n"
        "        if width == 13: raise RuntimeError('thirteen')\n"
        "        self.layers = torch.nn.Sequential(\n"
        "            torch.nn.Conv2d(3, width, 3, padding=1), torch.nn.ReLU(),\n"
        "            torch.nn.Conv2d(width, 3 * scale**2, 3, padding=1),\n"
        "            torch.nn.PixelShuffle(scale))\n"
        "    def forward(self, images):\n"
        "        return self.layers(images)\n",
    )
    result = command(*LEAVES, "-m", *mine, "+model.width=13,4")
    assert result.returncode == 1
    found = {path.name[-8:]: path for path in (tmp_path / RUN).iterdir()}
    assert record(found["width=13"])["status"] == "failed"
    assert "thirteen" in (found["width=13"] / "traceback.txt").read_text()
    assert record(found[",width=4"])["status"] == "finished"


def test_own_network_replaces_srcnn(command: Command, tmp_path: Path) -> None:
    arguments = ("model=custom", "model._target_=torch.nn.Upsample", "+model.scale_factor=2")
    assert command(*LEAVES, *arguments).returncode == 0
    mine = write_network(
        tmp_path,
        "class Net(torch.nn.ConvTranspose2d):\n"
        "    def __init__(self, scale):\n"
        "        super().__init__(3, 3, scale, stride=scale)\n",
    )
    result = command(*LEAVES, *mine)
    assert result.returncode == 0, result.stderr
    assert record(tmp_path / RUN / "model=custom,_target_=mine.Net")["parameters"] == 3 * 3 * 4 + 3


def test_network_that_cannot_run_without_values_trains_and_has_no_counts(
    command: Command, tmp_path: Path
) -> None:
    mine = write_network(
        tmp_path,
        "class Net(torch.nn.ConvTranspose2d):\n"
        "    def __init__(self, scale):\n"
        "        super().__init__(3, 3, scale, stride=scale)\n"
        "    def forward(self, images):\n"
        "        assert images.numpy().max() <= 1\n"
        "        return super().forward(images)\n",
    )
    result = command(*LEAVES, *mine)
    assert result.returncode == 0, result.stderr
    found = record(tmp_path / RUN / "model=custom,_target_=mine.Net")
    assert found["status"] == "finished"
    assert {*found["cost"]} == {"seconds_per_megapixel"}
    assert command("outputs", verb="table").returncode == 0


def test_help_is_light(command: Command) -> None:
    code = (
        "import sys, runpy; sys.argv = ['srcnn_lightning', '--help']\n"
        "try: runpy.run_module('srcnn_lightning', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print('heavy:', {'torch', 'lightning', 'numpy'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "heavy: set()" in result.stdout
    assert "+experiment=lr_grid" in result.stdout
