"""Patches and images of any size, through the command to records, tables and reports."""

from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from kills import assert_kill_leaves_no_trace, record
from PIL import Image

from srcnn_lightning import run_record
from srcnn_lightning.data.dead_leaves import draw

SIZES = [(61, 40), (33, 52), (50, 50), (41, 39), (64, 35)]  # heights and widths
WHOLE = (
    "data=folder",
    "data.root=photos",
    "data.count=5",
    "data.crop=null",
    "data.target_size=null",
    "trainer=cpu",
    "trainer.threads=1",
)
PATCHES = ("data.patch_size=12", "data.augment=true", "data.steps_per_epoch=3", "data.batch_size=4")


@pytest.fixture(autouse=True)
def photos(tmp_path: Path) -> None:
    """Five drawn images of five sizes."""
    (tmp_path / "photos").mkdir()
    for index, (height, width) in enumerate(SIZES):
        pixels = draw(64, 0, index)[:height, :width]
        Image.fromarray(pixels).save(tmp_path / f"photos/{index}.png")


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


def only_record(outputs: Path) -> tuple[Path, dict]:
    (folder,) = run_record.find(outputs)
    return folder, record(folder)


@pytest.mark.parametrize("scale", [2, 3])
@pytest.mark.slow
def test_images_of_any_size_end_in_record_pictures_table_and_report(
    scale: int, command: Command, tmp_path: Path
) -> None:
    settings = (*WHOLE, f"degradation.scale={scale}", "trainer.max_epochs=2", "seed=0,1", "-m")
    done = command(*settings, *PATCHES)
    assert (done.returncode, done.stderr) == (0, "")
    baseline = command(*WHOLE, f"degradation.scale={scale}", "model=bicubic")
    assert (baseline.returncode, baseline.stderr) == (0, "")
    folders = list(run_record.find(tmp_path / "outputs"))
    assert len(folders) == 3
    for folder in folders:
        content = record(folder)
        (name,) = content["split"]["test"]
        height, width = SIZES[int(name[0])]
        size = (width // scale * scale, height // scale * scale)
        assert pixels_of(folder / "pictures" / name).shape == (*size[::-1], 3)
        target = tmp_path / "outputs" / content["test_images"] / "target" / name
        top, left = (height - size[1]) // 2, (width - size[0]) // 2
        file = pixels_of(tmp_path / "photos" / name)
        cut = file[top : top + size[1], left : left + size[0]]
        assert np.array_equal(pixels_of(target), cut)
        assert (folder / "comparison.png").stat().st_size > 0
    # The PSNR of the record is that of the picture, but for its rounding to 8 bits.
    pixels = [pixels_of(path) / 255 for path in (folder / "pictures" / name, target)]
    psnr = -10 * np.log10(np.square(pixels[0] - pixels[1]).mean())
    assert content["per_image"][0]["psnr"] == pytest.approx(psnr, abs=0.02)
    table = command(verb="table")
    assert (table.returncode, table.stderr) == (0, "")
    assert "whole images" in table.stdout
    assert "batch 4 of 12-pixel patches, flipped and rotated, 3 an epoch" in table.stdout
    report = command(verb="report")
    assert (report.returncode, report.stderr) == (0, "")


def test_whole_images_of_different_sizes_train_one_by_one(command: Command, tmp_path: Path) -> None:
    done = command(*WHOLE, "data.batch_size=1", "trainer.max_epochs=1", "data.eval_batch_size=9")
    assert (done.returncode, done.stderr) == (0, "")
    _, content = only_record(tmp_path / "outputs")
    assert content["status"] == "finished"
    assert content["config"]["data"]["crop"] is None


@pytest.mark.slow
def test_kill_between_epochs_of_patches_leaves_no_trace(command: Command, tmp_path: Path) -> None:
    arguments = (*WHOLE, *PATCHES, "trainer.max_epochs=30")
    assert_kill_leaves_no_trace(command, tmp_path, *arguments)


def test_patches_make_another_run_with_a_name_of_its_own(command: Command, tmp_path: Path) -> None:
    cut = ("data.crop=32", "data.target_size=24", "trainer.max_epochs=1")
    for patches in ((), ("data.patch_size=12",), ("data.patch_size=12", "data.augment=true")):
        done = command(*WHOLE, *cut, *patches)
        assert done.returncode == 0, done.stderr
    names = sorted(folder.name for folder in run_record.find(tmp_path / "outputs"))
    assert names == ["patch_size=12", "patch_size=12,augment=true", "srcnn"]


SENTENCES = {
    "patch larger than an image": (
        ("data.patch_size=60",),
        "data.patch_size=60: ",
    ),
    "whole images that make no batch": ((), "data.batch_size=2: "),
    "augment of images that are not square": (
        ("data.batch_size=1", "data.augment=true"),
        "data.augment=true: ",
    ),
    "patch that the scale does not divide": (
        ("data.patch_size=16", "degradation.scale=3"),
        "data.patch_size=16: it must be a multiple of degradation.scale=3.",
    ),
    "patch larger than the target": (
        ("data.crop=32", "data.target_size=24", "data.patch_size=26"),
        "data.patch_size=26: it must not exceed the 24 pixels of a target (data.target_size=24).",
    ),
    "steps without patches": (
        ("data.steps_per_epoch=3",),
        "data.steps_per_epoch=3: without data.patch_size an epoch is one pass",
    ),
    "target without a crop": (
        ("data.target_size=24",),
        "data.crop=null: data.target_size=24 would distort images that are not square",
    ),
    "drawn images without a side": (
        ("data=dead_leaves", "data.root=null"),
        "data.crop=null: built-in images are drawn with data.crop pixels a side",
    ),
    "crop too small for SSIM": (
        ("data.crop=14",),
        "data.crop=14: SSIM needs 15 pixels a side, a window of 11 within the shaved",
    ),
    "target too small for SSIM once it is cropped": (
        ("data.crop=32", "data.target_size=18", "degradation.scale=4"),
        "data.target_size=18: SSIM needs 19 pixels a side, a window of 11 within the shaved",
    ),
    "test image too small for SSIM": (
        ("degradation.scale=15", "data.patch_size=15"),
        "data.target_size=null: ",
    ),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_what_no_run_can_use_is_refused_in_one_sentence(
    case: str, command: Command, tmp_path: Path
) -> None:
    settings, words = SENTENCES[case]
    done = command(*WHOLE, *settings, "data.split=[0.6,0.2,0.2]")
    assert done.returncode == 2, done.stdout
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(words)
    assert not list(run_record.find(tmp_path))
    assert not list(tmp_path.rglob("*.tfevents*"))


def test_network_that_needs_multiples_is_given_padded_images(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(
        "import torch\n"
        "class Net(torch.nn.Sequential):\n"
        "    multiple_of = 4\n"
        "    def __init__(self, scale):\n"
        "        super().__init__(torch.nn.Conv2d(3, 12, 3, padding=1), torch.nn.PixelShuffle(2))\n"
        "    def forward(self, images):\n"
        "        assert images.shape[-2] % 4 == images.shape[-1] % 4 == 0, images.shape\n"
        "        return super().forward(images)\n"
    )
    mine = ("model=custom", "model._target_=mine.Net")
    assert command(*WHOLE, *PATCHES, *mine).returncode == 0
