"""`data=folder` as a user types it: files of all kinds in one folder."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, Command
from PIL import Image

FOLDER = ("data=folder", "data.root=photos", *TINY)
RUNS = "outputs/single/photos-antialiased-x2"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Ten images of random blocks; the odd ones are grey in their files."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(10):
        blocks = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
        image = Image.fromarray(blocks).resize((64, 64), Image.Resampling.BICUBIC)
        image.convert("L" if number % 2 else "RGB").save(folder / f"{number}.png")
    return folder


def grey_values(path: Path) -> np.ndarray:
    pixels = np.asarray(Image.open(path).convert("RGB")) / 255
    return (pixels @ [0.299, 0.587, 0.114])[2:-2, 2:-2]


def test_record_scores_grey_images_on_grey_values(
    command: Command, tmp_path: Path, photos: Path
) -> None:
    done = command(*FOLDER, "data.split=[0.3,0.3,0.4]", "model=bicubic")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / RUNS / "model=bicubic"
    found = json.loads((folder / "metrics.json").read_text())
    images = found["per_image"]
    assert {image["grey"] for image in images} == {True, False}
    for image in images:
        assert image["grey"] == (int(image["name"][0]) % 2 == 1)
        output = grey_values(folder / "pictures" / image["name"])
        target = grey_values(tmp_path / "outputs" / found["test_images"] / "target" / image["name"])
        psnr = -10 * np.log10(np.square(output - target).mean())
        # Pictures are rounded. Y has 219 levels for grey's 255: 1.32 dB more.
        more = 0 if image["grey"] else 20 * np.log10(255 / 219)
        assert image["psnr_y"] == pytest.approx(psnr + more, abs=0.05)
    mean = sum(image["psnr_y"] for image in images) / len(images)
    assert found["metrics"]["test_psnr_y"] == pytest.approx(mean)


def test_sweep_says_once_what_the_folder_holds_besides(
    command: Command, tmp_path: Path, photos: Path
) -> None:
    (photos / "moving.gif").write_text("no image")
    (photos / "more").mkdir()
    shutil.copy(photos / "0.png", photos / "again.png")
    names = [path.name for path in sorted(photos.glob("?.png"))]
    parts = {"train": [*names[:6], "again.png"], "val": names[6:8], "test": names[8:]}
    (tmp_path / "split.json").write_text(json.dumps(parts))
    arguments = (*FOLDER, "data.split_file=split.json", "model=nearest,bilinear", "-m")
    said = (
        "data.root=photos: skipped 1 file of other types than PNG, JPEG, WebP, BMP or TIFF "
        "(.gif 1) and 1 subfolder"
    )
    for status in ("2 finished", "2 skipped"):
        done = command(*arguments)
        assert done.returncode == 0, done.stderr
        assert f"2 jobs: {status}" in done.stdout
        assert done.stdout.count(said) == 1
        # A run that is skipped reads no image.
        assert done.stdout.count("0.png and again.png (train)") == (status == "2 finished")


@pytest.mark.parametrize("more", [(), ("prepare_only=true",), ("model=nearest,bilinear", "-m")])
def test_image_that_trains_and_tests_ends_the_command(
    command: Command, tmp_path: Path, photos: Path, more: tuple[str, ...]
) -> None:
    shutil.copy(photos / "0.png", photos / "again.png")
    names = [path.name for path in sorted(photos.glob("?.png"))]
    parts = {"train": names[:6], "val": names[6:8], "test": [*names[8:], "again.png"]}
    (tmp_path / "split.json").write_text(json.dumps(parts))
    done = command(*FOLDER, "data.split_file=split.json", *more)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    sentence = "data.split_file=split.json: 0.png (train) and again.png (test) are the same image"
    assert done.stderr.startswith(sentence)
    assert not list(tmp_path.rglob("metrics.json"))
