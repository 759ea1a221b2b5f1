"""The test images that runs have left: read, scored and packed for a page."""

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
from srcnn_lightning.report.comparable_runs import Run
from srcnn_lightning.report.seed_groups import BICUBIC, TARGET, SeedGroup

Pixels = NDArray[np.uint8]  # (H, W, 3)
Window = tuple[slice, slice]


@dataclass
class TestImage:
    """One test image: its target, its bicubic upscaling, and the outputs of several seed groups.

    Attributes:
        name: name of the image in the split.
        pixels: 8-bit pixels by label, `Target`, `Bicubic` or a group's, all of one size. Files
            that are gone or cannot be read have none.
        psnr: PSNR in dB by label, of these very pixels: from the run's record, or computed.
        seeds: seed of the run that made the pixels by label, for seed groups of several seeds.
        links: file by label, also of seed groups whose files are not read.
    """

    __test__ = False  # not a test of pytest's

    name: str
    pixels: dict[str, Pixels]
    psnr: dict[str, float]
    seeds: dict[str, int]
    links: dict[str, Path]

    def window(self, side: int) -> Window:
        """The square where bicubic misses most of the target: what a network has to add.

        Args:
            side: side of the square in pixels.
        """
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
        if TARGET in self.pixels and BICUBIC in self.pixels:
            pair = (self.pixels[label].astype(np.float64) for label in (TARGET, BICUBIC))
            error: NDArray[np.float64] = np.square(np.subtract(*pair)).sum(2)
            return error
        return np.ones(next(iter(self.pixels.values())).shape[:2])


def read_test_images(
    compared: Sequence[SeedGroup], seed_groups: Sequence[SeedGroup]
) -> list[TestImage]:
    """Each test image with target, bicubic and the outputs of some seed groups.

    Args:
        compared: seed groups whose outputs are read.
        seed_groups: all seed groups of the images, whose outputs are linked; the bicubic baseline
            is read where it is among them.
    """
    names = seed_groups[0].runs[0].split["test"]
    folder = _shared_folder([run for group in seed_groups for run in group.runs])
    bicubic = next((group for group in seed_groups if group.kernel == "bicubic"), None)
    images = []
    for name, file in zip(names, image_file_names(names), strict=True):
        image = TestImage(name, {}, {}, {}, {})
        if folder is not None:
            for label, kind in ((TARGET, "target"), (BICUBIC, "bicubic")):
                _add(image, label, folder / kind / file, is_read=True)
        for group in seed_groups:
            _add_group(image, group, file, group in compared or group is bicubic)
        for label in image.pixels:
            psnr = image_psnr(image, label)
            if psnr is not None:
                image.psnr.setdefault(label, psnr)
        images.append(image)
    return images


def image_psnr(image: TestImage, label: str) -> float | None:
    """PSNR of 8-bit pixels against the target in dB: RGB, no border; None for equal pixels."""
    if label == TARGET or TARGET not in image.pixels:
        return None
    pair = (image.pixels[name].astype(np.float64) / 255 for name in (label, TARGET))
    error = float(np.square(np.subtract(*pair)).mean())
    return -10 * math.log10(error) if error else None


def webp(pixels: Pixels) -> bytes:
    """Lossless WebP. Harder packing saves 5 percent and takes 50 times as long."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "WEBP", lossless=True, quality=30, method=2, exact=True)
    return content.getvalue()


def as_uri(content: bytes, kind: str) -> str:
    """Content as the `src` of an image: the page needs no other file."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _add_group(image: TestImage, group: SeedGroup, file: str, is_read: bool) -> None:
    """The output of the lowest seed that has one, with the PSNR that its run has recorded."""
    for run in group.finished:
        psnr = {one["name"]: one["psnr"] for one in run.per_image}.get(image.name)
        is_shared = group.label in image.pixels  # the upscaling that all runs share
        path = run.folder / "pictures" / file
        if not _add(image, group.label, path, is_read) and not is_shared:
            continue
        if psnr is not None and is_read:
            image.psnr[group.label] = psnr
        if len(group.runs) > 1 and is_read:
            image.seeds[group.label] = run.seed
        return


def _add(image: TestImage, label: str, path: Path, is_read: bool) -> bool:
    """Link a file, and read it; False where it is gone, damaged, or of another size."""
    if not os.path.isfile(path):  # noqa: PTH113 - no exception for a name that no file can have
        return False
    if is_read and label not in image.pixels:
        pixels = _read(path)
        sizes = {other.shape for other in image.pixels.values()}
        if pixels is None or (sizes and pixels.shape not in sizes):
            return False
        image.pixels[label] = pixels
    image.links.setdefault(label, path)
    return True


def _read(path: Path) -> Pixels | None:
    try:
        with Image.open(path) as image:
            return np.array(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None  # damaged in one of the ways that Pillow has words for


def _shared_folder(runs: Sequence[Run]) -> Path | None:
    """The folder of targets and bicubic upscalings, below the outputs that the runs are in."""
    for run in runs:
        for folder in _output_folders(run) if run.test_images else ():
            path = folder / str(run.test_images)
            if os.path.isdir(path):  # noqa: PTH112 - likewise
                return path
    return None


def _output_folders(run: Run) -> list[Path]:
    """What may be the `output_dir` of a run, from the nearest on: a record leads nowhere else."""
    folder, outputs = run.folder.resolve(), run.outputs.resolve()
    folders = [parent for parent in folder.parents if parent.is_relative_to(outputs)]
    # Of `report outputs/ablation` it is the folder above, by <experiment>/<data>/<run>.
    if folder.parts[-3:-2] == (run.experiment,):
        folders.append(folder.parents[2])
    return folders
