"""Small outputs to make a report of: run records by hand, and pictures whose pixels are known."""

import json
import re
from pathlib import Path

import numpy as np
from PIL import Image
from run_records import make_content

from srcnn_lightning import run_record

TEST_IMAGES = [f"{number:04}.png" for number in range(801, 805)]
SHARED = "test_images/photos-antialiased-x2-0"
SIDE = 48
# A grey target, and outputs that miss it by as many levels in every channel.
TARGET = 100
LEVELS = {
    "bicubic": 132,
    "bilinear": 164,
    "nearest": 180,
    "base": 116,
    "tanh": 140,
    "identity": 108,
}
BASELINES = ("nearest", "bilinear", "bicubic")


def psnr_of(level: int) -> float:
    """In dB, of a picture of that level against the target."""
    return float(-20 * np.log10(abs(level - TARGET) / 255))


def make_run(variant="base", epochs=3, level=None, **settings):
    """A record with history and figures of each test image that fit its pictures."""
    found = make_content(variant, **settings)
    level = level or LEVELS.get(variant or "base", 120)
    found["split"] = {"train": ["a.png"], "val": ["b.png"], "test": TEST_IMAGES}
    found["test_images"] = SHARED
    if found["status"] == "failed":
        return found
    is_baseline = variant in BASELINES
    found["epochs"] = 0 if is_baseline else epochs
    found["history"] = [
        {
            "epoch": epoch,
            "train_loss": 0.02 / epoch,
            "val_loss": 0.03 / epoch,
            "val_psnr": psnr_of(level) - 1 / epoch,
        }
        for epoch in range(1, found["epochs"] + 1)
    ]
    if found["status"] == "finished":
        psnr = psnr_of(level)
        loss = ((level - TARGET) / 255) ** 2
        found["metrics"] |= {
            "test_psnr": psnr + 0.15,  # the mean of those below
            "max_val_psnr": psnr,
            "test_loss": loss,
            "val_loss": loss,
        }
        # A tenth of a dB apart, so that an order by PSNR is the order of the names.
        found["per_image"] = [
            {"name": name, "psnr": psnr + 0.1 * place} for place, name in enumerate(TEST_IMAGES)
        ]
    return found


def write_run(outputs: Path, found, folder: str | None = None, level=None) -> Path:
    """The record and its pictures; targets and bicubic upscalings once for all."""
    degradation = found["config"]["degradation"]
    kind = f"{found['data']}-{degradation['name']}-x{degradation['scale']}"
    place = outputs / (folder or f"{found['experiment']}/{kind}/{found['name']}")
    run_record.write(place, found)
    level = level or LEVELS.get(found["variant"] or "base", 120)
    if found["status"] == "finished":
        write_pictures(place / "pictures", level)
    write_pictures(outputs / SHARED / "target", TARGET)
    write_pictures(outputs / SHARED / "bicubic", LEVELS["bicubic"])
    return place


def write_text_records(outputs: Path, contents) -> None:
    """Records as text, for one of a broken program is not what `run_record.write` makes."""
    for place, content in enumerate(contents):
        folder = outputs / str(place)
        folder.mkdir(parents=True)
        (folder / run_record.FILE_NAME).write_text(json.dumps({"format": 1, **content}))


def write_pictures(folder: Path, level: int) -> None:
    """One for each test image, of one level."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in TEST_IMAGES:
        pixels = np.full((SIDE, SIDE, 3), level, dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)


def write_ablation(outputs: Path) -> list[dict]:
    """Base with two seeds, tanh, the identity start and the baselines."""
    runs = [make_run(variant) for variant in (*BASELINES, "base", "tanh", "identity")]
    for found in runs:
        write_run(outputs, found)
    # A second seed, farther from the target.
    runs.append(make_run("base", level=124, seed=1, name="seed=1,variant=base"))
    write_run(outputs, runs[-1], level=124)
    return runs


def page_of(folder: Path) -> str:
    return (folder / "index.html").read_text()


def sections_of(page: str) -> list[str]:
    return re.findall(r'<h2 id="[^"]*-title">([^<]*)</h2>', page)[:-1]
