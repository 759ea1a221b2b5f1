"""Images, splits and degradations that cannot be used: one sentence and exit status 2."""

import json
from pathlib import Path

import numpy as np
import pytest
from bad_input import LEAVES, check_refusal
from conftest import Command
from PIL import Image

FOLDER = ("data=folder", "data.root=images", "data.count=4", "data.split=[0.5,0.25,0.25]")
NOWHERE = "data.url=http://127.0.0.1:9/"  # no test asks the real host

# What is typed, and what the sentence must hold: the setting, its value, what would be right.
CASES = {
    "split file without end": (
        (LEAVES, "data.split_file=/dev/zero"),
        ("data.split_file=/dev/zero", "no file"),
    ),
    "split file with another list": (
        (LEAVES, "data.split_file=four_lists.json"),
        ("data.split_file=four_lists.json", "'more'", "train, val and test"),
    ),
    "home folder without quotes": (
        ("data=folder", "data.root=~/nowhere"),
        (f"data.root={Path.home()}/nowhere", "no such folder"),
    ),
    "home folder alone": (
        ("data=folder", "data.root=~", "data.count=100000"),
        (f"data.root={Path.home()}",),
    ),
    "tiny target": ((LEAVES, "data.target_size=12"), ("data.target_size=12", "15 pixels")),
    "cache cannot be written": (
        (LEAVES, "data.cache_dir=a_file"),
        ("data.cache_dir=a_file", "cannot be written"),
    ),
    "no whole number": ((LEAVES, "data.count=2.5"), ("data.count=2.5", "a whole number")),
    "no list": ((LEAVES, "data.split=0.5"), ("data.split", "a list")),
    "endless images": ((LEAVES, "data.count=1000000000000"), ("data.count", "100000")),
    "degradation against its name": (
        (LEAVES, "degradation.antialias=false"),
        ("degradation.antialias=false", "degradation.name=antialiased"),
    ),
    "split does not add up": (
        (LEAVES, "data.split=[0.5,0.2,0.2]"),
        ("data.split=[0.5, 0.2, 0.2]", "add up to 0.9", "must make 1"),
    ),
    "no root": (("data=folder",), ("data.root=null", "data.root=DIR")),
    "folder missing": (("data=folder", "data.root=nowhere"), ("data.root=nowhere", "no such")),
    "folder empty": (("data=folder", "data.root=empty"), ("data.root=empty", "no images", "PNG")),
    "too few images": (
        (*FOLDER[:2], "data.count=10"),
        ("data.count=10", "only 4 images", "data.count=4"),
    ),
    "no network for DIV2K": (
        ("data=div2k", NOWHERE),
        ("data.url=http://127.0.0.1:9/", "data.root=DIR", "DIV2K_valid_HR", "data=dead_leaves"),
    ),
    "no DIV2K at a file URL": (
        ("data=div2k", "data.url=file:///nowhere"),
        ("data.url=file:///nowhere", "DIV2K_valid_HR.zip", "data.root=DIR"),
    ),
    "URL of no known kind": (
        ("data=div2k", "data.url=ftp://host/"),
        ("data.url=ftp://host/", "https://"),
    ),
    "unknown subset": (
        ("data=div2k", NOWHERE, "data.subset=test"),
        ("data.subset=test", "valid or train"),
    ),
    "more than the subset": (
        ("data=div2k", NOWHERE, "data.count=101"),
        ("data.count=101", "only 100 images", "data.subset=train"),
    ),
    "DIV2K's zip is none": (
        ("data=div2k", NOWHERE, "data.root=no_zip"),
        ("no_zip/DIV2K_valid_HR.zip", "damaged", "remove it"),
    ),
    "DIV2K cannot be kept": (
        ("data=div2k", NOWHERE, "data.root=a_file"),
        ("data.root=a_file", "cannot be kept", "another folder"),
    ),
    "split file missing": (
        (LEAVES, "data.split_file=gone.json"),
        ("data.split_file=gone.json", "cannot be read"),
    ),
    "split file not JSON": (
        (LEAVES, "data.split_file=a_file"),
        ("data.split_file=a_file", "not JSON"),
    ),
    "split file without lists": (
        (LEAVES, "data.split_file=no_lists.json"),
        ("data.split_file=no_lists.json", "train, val and test"),
    ),
    "split file with an image twice": (
        (LEAVES, "data.split_file=twice.json"),
        ("data.split_file=twice.json", "dead_leaves_0001 stands in it twice"),
    ),
    "split file of other data": (
        (*FOLDER, "data.split_file=twice.json"),
        ("data.split_file=twice.json", "dead_leaves_0001 is not among the 4 images of images"),
    ),
    "image smaller than the crop": (
        (*FOLDER, "data.crop=100"),
        ("data.crop=100", "image_", "80x70", "data.crop=70"),
    ),
    "truncated image": (
        (*FOLDER[:1], "data.root=truncated", *FOLDER[2:]),
        ("truncated/bad.png", "not a readable image"),
    ),
    "no image": (
        (*FOLDER[:1], "data.root=text", *FOLDER[2:]),
        ("text/bad.png", "not a readable image"),
    ),
    "unknown kernel": (
        (LEAVES, "degradation.kernel=lanczos"),
        ("degradation.kernel=lanczos", "bicubic"),
    ),
    "target smaller than SSIM's window": (
        (LEAVES, "data.target_size=8", "degradation.scale=4"),
        ("SSIM needs 19 pixels a side, a window of 11 within the shaved border of 4.",),
    ),
    "folder of drawn images": (
        (LEAVES, "data.root=images"),
        ("data.root=images: data=dead_leaves does not use it", "data=div2k or data=folder"),
    ),
    "subset of a folder": (
        (*FOLDER, "data.subset=train"),
        ("data.subset=train: data=folder does not use it", "data=div2k"),
    ),
    "address of drawn images": (
        (LEAVES, NOWHERE),
        (f"{NOWHERE}: data=dead_leaves does not use it",),
    ),
}


@pytest.fixture
def files(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a_file").touch()
    (tmp_path / "no_lists.json").write_text('{"train": ["a.png"], "val": [], "test": ["b.png"]}')
    leaf = "dead_leaves_0001"
    lists = {"train": ["a"], "val": ["b"], "test": ["c"], "more": ["d"]}
    (tmp_path / "four_lists.json").write_text(json.dumps(lists))
    (tmp_path / "twice.json").write_text(
        json.dumps({"train": [leaf], "val": ["dead_leaves_0002"], "test": [leaf]})
    )
    (tmp_path / "no_zip").mkdir()
    (tmp_path / "no_zip/DIV2K_valid_HR.zip").write_text("not a zip")
    noise = np.random.default_rng(0).integers(0, 256, (70, 80, 3), dtype=np.uint8)
    for folder in ("images", "truncated", "text"):
        (tmp_path / folder).mkdir()
        for index in range(4 if folder == "images" else 3):
            Image.fromarray(noise).save(tmp_path / folder / f"image_{index}.png")
    whole = (tmp_path / "images/image_0.png").read_bytes()
    (tmp_path / "truncated/bad.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text/bad.png").write_text("not a picture")


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("case", CASES)
def test_bad_images_get_a_sentence(case: str, command: Command, tmp_path: Path) -> None:
    check_refusal(command, tmp_path, *CASES[case])
