"""The pictures that runs have left: found, read, and cut to what a page can hold."""

import base64
import io
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from srcnn_lightning.files import image_file_names
from srcnn_lightning.report.seed_groups import BICUBIC, TARGET, SeedGroup
from srcnn_lightning.run_record import Record

Pixels = NDArray[np.uint8]  # (H, W, 3)
Window = tuple[slice, slice]


@dataclass
class TestImage:
    """One test image as several settings show it.

    Attributes:
        name: of the image, as the split has it.
        pictures: by label: `Target`, `Bicubic` and those of settings, all of one size. What is gone
            or cannot be read is not here.
        psnr: in dB, by label, of that very picture: of its run's record, or of its 8-bit pixels.
        seeds: by label, of the run that made the picture, for settings of several seeds.
        links: by label, the whole picture's file, also of settings whose pictures are not read.
    """

    __test__ = False  # not a test of pytest's

    name: str
    pictures: dict[str, Pixels]
    psnr: dict[str, float]
    seeds: dict[str, int]
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


def test_images(shown: Sequence[SeedGroup], every: Sequence[SeedGroup]) -> list[TestImage]:
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
    images = []
    for name, file in zip(names, image_file_names(names), strict=True):
        image = TestImage(name, {}, {}, {}, {})
        if folder is not None:
            for label, kind in ((TARGET, "target"), (BICUBIC, "bicubic")):
                _add(image, label, folder / kind / file, is_read=True)
        for setting in every:
            _add_setting(image, setting, file, setting in shown or setting is bicubic)
        for label in image.pictures:
            psnr = image_psnr(image, label)
            if psnr is not None:
                image.psnr.setdefault(label, psnr)
        images.append(image)
    return images


def _add_setting(image: TestImage, setting: SeedGroup, file: str, is_read: bool) -> None:
    """The picture of the lowest seed that has one, with the PSNR that its run has recorded."""
    for run in setting.finished:
        psnr = {one["name"]: one["psnr"] for one in run["per_image"]}.get(image.name)
        is_shared = setting.label in image.pictures  # the enlargement that all runs share
        path = run["folder"] / "pictures" / file
        if not _add(image, setting.label, path, is_read) and not is_shared:
            continue
        if psnr is not None and is_read:
            image.psnr[setting.label] = psnr
        if len(setting.runs) > 1 and is_read:
            image.seeds[setting.label] = run["config"]["seed"]
        return


def _add(image: TestImage, label: str, path: Path, is_read: bool) -> bool:
    """Link a picture, and read it; False where it is gone, damaged, or of another size."""
    if not os.path.isfile(path):  # noqa: PTH113 - no exception for a name that no file can have
        return False
    if is_read and label not in image.pictures:
        pixels = _read(path)
        sizes = {picture.shape for picture in image.pictures.values()}
        if pixels is None or (sizes and pixels.shape not in sizes):
            return False
        image.pictures[label] = pixels
    image.links.setdefault(label, path)
    return True


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


def _shared_folder(runs: Sequence[Record]) -> Path | None:
    """Where targets and bicubic enlargements lie: below the outputs that the runs are in."""
    for run in runs:
        for folder in _output_folders(run):
            path: Path = folder / run["test_images"]
            if os.path.isdir(path):  # noqa: PTH112 - likewise
                return path
    return None


def _output_folders(run: Record) -> list[Path]:
    """What may be the `output_dir` of a run, from the nearest on: a record leads nowhere else."""
    folder, outputs = run["folder"].resolve(), run["outputs"].resolve()
    found = [parent for parent in folder.parents if parent.is_relative_to(outputs)]
    # Of `report outputs/ablation` it is the folder above, as <experiment>/<data>/<run> tells.
    if folder.parts[-3:-2] == (run["experiment"],):
        found.append(folder.parents[2])
    return found


def _read(path: Path) -> Pixels | None:
    try:
        with Image.open(path) as image:
            return np.array(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None  # damaged in one of the ways that Pillow has words for
