"""The cache of targets: decoded, cropped and resized once, kept in one file."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from srcnn_lightning.config import DataConfig, DegradationConfig
from srcnn_lightning.data.duplicates import check_duplicates
from srcnn_lightning.data.sources import Source
from srcnn_lightning.data.split import Split
from srcnn_lightning.errors import BadInput
from srcnn_lightning.files import atomic_write, digest, safe_name
from srcnn_lightning.resize import resize_uint8

VERSION = 3  # raise it when the same key would give other pixels, or the file holds other arrays
TARGET_KERNEL = "bicubic"  # all rows of a table share one target


class Targets(NamedTuple):
    """Content of the cache for N images, in their order.

    Attributes:
        pixels: targets, `(N, size, size, 3)` uint8, RGB.
        is_grey: marks of the images that are grey in their file, `(N,)` bool.
        first_equal: index of the first image with the same pixels, `(N,)` int.
    """

    pixels: np.ndarray
    is_grey: np.ndarray
    first_equal: np.ndarray


def load_targets(
    source: Source, split: Split, data: DataConfig, degradation: DegradationConfig
) -> Targets:
    """Read the targets of a split from the cache, or make and keep them.

    Args:
        source: images.
        split: names of the images; the targets have their order.
        data: sizes of crop and target in pixels, and the cache's folder.
        degradation: whether the resize is antialiased.

    Raises:
        BadInput: an image is smaller than the crop, unreadable, or in two parts of the split; or
            the cache cannot be written.
    """
    size, antialias = data.target_size, degradation.antialias
    key = {
        "version": VERSION,
        "images": [[name, *source.identity[name]] for name in split.names],
        "resize": [data.crop, size, TARGET_KERNEL, antialias],
    }
    cache_dir = Path(data.cache_dir).expanduser()
    path = cache_dir / f"{safe_name(source.name)}-{digest(key)}.npy"
    targets = _read(path, (len(split.names), size, size, 3))
    if targets is None:
        try:
            cache_dir.mkdir(parents=True, exist_ok=True)  # fails before the images are read
            with atomic_write(path) as file:
                targets = _make(source, split.names, data.crop, size, antialias)
                for array in targets:
                    np.save(file, array)
        except OSError as error:
            raise BadInput(
                f"data.cache_dir={cache_dir}: it cannot be written ({error.strerror}); "
                "give a folder that can."
            ) from error
    check_duplicates(split, targets.first_equal.tolist(), data)
    return targets


def _read(path: Path, shape: tuple[int, ...]) -> Targets | None:
    """The targets in a file of the cache; None for no file, or a broken one, which is made anew."""
    try:
        with path.open("rb") as file:
            arrays = (np.lib.format.read_array(file, allow_pickle=False) for _ in range(3))
            targets = Targets(*arrays)
    except (OSError, ValueError, EOFError):
        return None
    pixels = targets.pixels
    return targets if pixels.shape == shape and pixels.dtype == np.uint8 else None


def _make(source: Source, names: list[str], crop: int, size: int, antialias: bool) -> Targets:
    from srcnn_lightning.console import track

    def make_one(name: str) -> tuple[np.ndarray, bool]:
        pixels, is_grey = source.read(name)
        return _target(pixels, name, crop, size, antialias), is_grey

    workers = os.cpu_count() or 1
    # Pillow decodes without the interpreter's lock; each resize keeps to its own thread.
    with (
        warnings.catch_warnings(),
        ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool,
    ):
        # Pillow warns of odd metadata in files that it reads well. Filters belong to the process,
        # and threads that overlap would restore each other's, so the filter is not set in a thread.
        warnings.simplefilter("ignore")
        futures = [pool.submit(make_one, name) for name in names]
        try:
            results = [future.result() for future in track(futures, f"Reading {source.name}")]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    # The pool's one thread has become torch's default for every later thread.
    torch.set_num_threads(torch.get_num_threads())
    pixels, is_grey = zip(*results, strict=True)
    first: dict[bytes, int] = {}
    first_equal = [
        first.setdefault(sha256(image).digest(), index) for index, image in enumerate(pixels)
    ]
    return Targets(np.stack(pixels), np.array(is_grey), np.array(first_equal))


def _target(image: np.ndarray, name: str, crop: int, size: int, antialias: bool) -> np.ndarray:
    height, width = image.shape[:2]
    if min(height, width) < crop:
        raise BadInput(
            f"data.crop={crop}: {name} has {width}x{height} pixels; "
            f"set data.crop={min(height, width)} or less, or remove the image."
        )
    top, left = (height - crop) // 2, (width - crop) // 2
    pixels = torch.from_numpy(image[top : top + crop, left : left + crop].copy())
    resized = resize_uint8(pixels.permute(2, 0, 1)[None], (size, size), TARGET_KERNEL, antialias)
    return resized[0].permute(1, 2, 0).contiguous().numpy()
