"""The cache of targets: decoded, cropped and resized once, kept in one file."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from srcnn_lightning.data.duplicates import check_duplicates
from srcnn_lightning.data.sources import Source
from srcnn_lightning.data.split import Split
from srcnn_lightning.errors import BadInput
from srcnn_lightning.files import atomic_write, digest, safe_name
from srcnn_lightning.resize import resize_uint8

VERSION = 3  # raise it when the same key would give other pixels, or the file holds other arrays
TARGET_KERNEL = "bicubic"  # one target for all rows of a table


class Targets(NamedTuple):
    """What the cache keeps of N images, in their order.

    Attributes:
        pixels: `(N, size, size, 3)` uint8, RGB.
        is_grey: `(N,)` bool, whether an image is grey in its file.
        first_equal: `(N,)` int, the place of the first image with the same pixels.
    """

    pixels: np.ndarray
    is_grey: np.ndarray
    first_equal: np.ndarray


def load_targets(
    source: Source, names: list[str], crop: int, size: int, antialias: bool, cache_dir: Path
) -> Targets:
    """Targets in the order of `names`, from the cache or made now.

    Raises:
        BadInput: an image is smaller than the crop or unreadable; the cache cannot be written.
    """
    key = {
        "version": VERSION,
        "images": [[name, *source.identity[name]] for name in names],
        "resize": [crop, size, TARGET_KERNEL, antialias],
    }
    path = cache_dir / f"{safe_name(source.name)}-{digest(key)}.npy"
    if path.is_file():
        try:
            with path.open("rb") as file:
                arrays = (np.lib.format.read_array(file, allow_pickle=False) for _ in range(3))
                targets = Targets(*arrays)
            pixels = targets.pixels
            if pixels.shape == (len(names), size, size, 3) and pixels.dtype == np.uint8:
                return targets
        except (OSError, ValueError, EOFError):
            pass  # a broken cache is made anew
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)  # before the images are read in vain
        with atomic_write(path) as file:
            targets = _make(source, names, crop, size, antialias)
            for array in targets:
                np.save(file, array)
    except OSError as error:
        raise _cannot_write(cache_dir, error) from error
    return targets


def load_for_run(
    source: Source, split: Split, data: dict[str, Any], degradation: dict[str, Any]
) -> Targets:
    """`load_targets` of a split by the groups `data` and `degradation` of a configuration.

    Raises:
        BadInput: as `load_targets`; an image stands in two parts of the split.
    """
    targets = load_targets(
        source,
        split.names,
        int(data["crop"]),
        int(data["target_size"]),
        bool(degradation["antialias"]),
        Path(str(data["cache_dir"])).expanduser(),
    )
    check_duplicates(split, targets.first_equal.tolist(), data)
    return targets


def _make(source: Source, names: list[str], crop: int, size: int, antialias: bool) -> Targets:
    from srcnn_lightning.console import track

    def one(name: str) -> tuple[np.ndarray, bool]:
        return _target(source.read(name), name, crop, size, antialias), source.is_grey(name)

    workers = os.cpu_count() or 1
    # Pillow decodes without holding the interpreter's lock; each resize keeps to its own thread.
    with (
        warnings.catch_warnings(),
        ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool,
    ):
        # Pillow warns of odd metadata in files it reads well. Set here, not in each thread: filters
        # belong to the process, and threads that overlap would put back each other's.
        warnings.simplefilter("ignore")
        futures = [pool.submit(one, name) for name in names]
        try:
            made = [future.result() for future in track(futures, f"Reading {source.name}")]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    # The pool's single thread became torch's default for every thread to come.
    torch.set_num_threads(torch.get_num_threads())
    pixels, is_grey = zip(*made, strict=True)
    places: dict[bytes, int] = {}
    first_equal = [
        places.setdefault(sha256(image).digest(), place) for place, image in enumerate(pixels)
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


def _cannot_write(folder: Path, error: OSError) -> BadInput:
    return BadInput(
        f"data.cache_dir={folder}: it cannot be written ({error.strerror}); give a folder that can."
    )
