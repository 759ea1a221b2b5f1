"""The pictures that runs have left: found, read, and cut to what a page can hold."""

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from srcnn_lightning.record import Record, picture_names
from srcnn_lightning.report.settings import Setting

Pixels = NDArray[np.uint8]  # (H, W, 3)
Window = tuple[slice, slice]
TARGET, BICUBIC = "Target", "Bicubic"


@dataclass
class TestImage:
    """One test image as several settings show it.

    Attributes:
        name: of the image, as the split has it.
        pictures: by label: `Target`, `Bicubic` and those of settings, all of one size. What is gone
            or cannot be read is not here.
        psnr: in dB, by label; of the record where a run has it, else of the 8-bit picture.
        links: by label, the file of every setting's picture, also of those that are not read.
    """

    __test__ = False  # not a test of pytest's

    name: str
    pictures: dict[str, Pixels]
    psnr: dict[str, float]
    links: dict[str, Path]

    def window(self, side: int) -> Window:
        """The square where bicubic misses most of the target: what a network has to add."""
        error = self._error()
        height, width = error.shape
        if side >= min(height, width):
            return slice(0, height), slice(0, width)
        sums = np.pad(error, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
        boxes = (
            sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
        )
        top, left = (int(place) for place in np.unravel_index(boxes.argmax(), boxes.shape))
        return slice(top, top + side), slice(left, left + side)

    def _error(self) -> NDArray[np.float64]:
        if TARGET in self.pictures and BICUBIC in self.pictures:
            pair = (self.pictures[name].astype(np.float64) for name in (TARGET, BICUBIC))
            error: NDArray[np.float64] = np.square(np.subtract(*pair)).sum(2)
            return error
        return np.ones(next(iter(self.pictures.values())).shape[:2])


def test_images(shown: Sequence[Setting], every: Sequence[Setting]) -> list[TestImage]:
    """Each test image with target, bicubic and the pictures of some settings.

    Args:
        shown: whose pictures are read.
        every: whose pictures are linked, among them the bicubic baseline where it was run.
    """
    run = every[0].runs[0]
    names = run["split"]["test"]
    shared = [found for setting in every for found in setting.runs if found.get("test_images")]
    folder = _shared_folder(shared)
    bicubic = next((setting for setting in every if setting.kernel == "bicubic"), None)
    tables = {setting.label: setting.psnr_per_image() for setting in every}
    images = []
    for name, file in zip(names, picture_names(names), strict=True):
        paths = {TARGET: [folder / "target" / file], BICUBIC: [folder / "bicubic" / file]}
        links: dict[str, Path] = {}
        for setting in every:
            places = [found["folder"] / "pictures" / file for found in setting.finished]
            if places and places[0].is_file():
                links[setting.label] = places[0]
            if setting in shown or setting is bicubic:
                paths.setdefault(setting.label, []).extend(places[:1])
        pictures = {label: _first(places) for label, places in paths.items()}
        image = TestImage(name, _of_one_size(pictures), {}, links)
        for label in [*image.pictures, *tables]:
            psnr = tables[label].get(name) if label in tables else image_psnr(image, label)
            if psnr is not None:
                image.psnr[label] = psnr
        images.append(image)
    return images


def image_psnr(image: TestImage, label: str) -> float | None:
    """Of an 8-bit picture against the target, in dB: RGB, no border; None for equal pictures."""
    if label == TARGET or TARGET not in image.pictures:
        return None
    pair = (image.pictures[name].astype(np.float64) / 255 for name in (label, TARGET))
    error = float(np.square(np.subtract(*pair)).mean())
    return -10 * math.log10(error) if error else None


def webp(pixels: Pixels) -> bytes:
    """Without loss. Harder packing saves 5 percent and takes 50 times as long."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "WEBP", lossless=True, quality=30, method=2, exact=True)
    return content.getvalue()


def as_uri(content: bytes, kind: str) -> str:
    """For the `src` of an image: the page needs no other file."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _shared_folder(runs: Sequence[Record]) -> Path:
    """Where targets and bicubic enlargements lie: below the outputs that the runs are in."""
    for run in runs:
        for parent in run["folder"].resolve().parents:
            if (parent / run["test_images"]).is_dir():
                found: Path = parent / run["test_images"]
                return found
    return Path()


def _first(places: Sequence[Path]) -> Pixels | None:
    for path in places:
        try:
            with Image.open(path) as image:
                return np.array(image.convert("RGB"))
        except (OSError, SyntaxError):  # gone, no picture, or a damaged one
            continue
    return None


def _of_one_size(pictures: dict[str, Pixels | None]) -> dict[str, Pixels]:
    """Without those that are gone, or that belong to something else."""
    known = {label: pixels for label, pixels in pictures.items() if pixels is not None}
    if not known:
        return {}
    size = next(iter(known.values())).shape
    return {label: pixels for label, pixels in known.items() if pixels.shape == size}
