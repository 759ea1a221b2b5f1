"""The cache of targets and inputs: decoded, cropped and resized once, memory-mapped from files."""

import os
import warnings
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from srcnn_lightning.config import GIVEN, DataConfig, DegradationConfig
from srcnn_lightning.data import degradations
from srcnn_lightning.data.array_file import ensure_arrays, map_arrays, read_arrays
from srcnn_lightning.data.duplicates import check_duplicates
from srcnn_lightning.data.sizes import centre, cropped_to_multiple
from srcnn_lightning.data.sources import Source
from srcnn_lightning.data.split import Split
from srcnn_lightning.errors import BadInput, one_line
from srcnn_lightning.files import digest, safe_name
from srcnn_lightning.resize import RGB, resize_uint8

VERSION = 4  # raise it when the same key would give other pixels, or the file holds other arrays
TARGET_KERNEL = "bicubic"  # all rows of a table share one target


class Targets(NamedTuple):
    """Content of the cache for N images, in their order.

    Attributes:
        pixels: targets, N memory-mapped arrays `(H, W, 3)` uint8, RGB.
        is_grey: marks of the images that are grey in their file, `(N,)` bool.
        first_equal: index of the first image with the same pixels, `(N,)` int.
    """

    pixels: list[np.ndarray]
    is_grey: np.ndarray
    first_equal: np.ndarray


class ImagePairs(NamedTuple):
    """Inputs and targets of N images, in their order.

    Attributes:
        lr: inputs, N memory-mapped arrays `(h, w, 3)` uint8, RGB.
        hr: targets, N memory-mapped arrays `(scale * h, scale * w, 3)` uint8, RGB.
        is_grey: marks of the images that are grey in their file, `(N,)` bool.
    """

    lr: list[np.ndarray]
    hr: list[np.ndarray]
    is_grey: np.ndarray


def load_pairs(
    source: Source, split: Split, data: DataConfig, degradation: DegradationConfig
) -> ImagePairs:
    """Read inputs and targets of a split from the cache, or make and keep them.

    Sides that the scale does not divide are cropped at the centre to the next lower multiple.

    Args:
        source: images.
        split: names of the images; the pairs have their order.
        data: sizes of crop and target in pixels, and the cache's folder.
        degradation: step from target to input.

    Raises:
        BadInput: see `load_targets`; or an image is smaller than a pixel of the input.
    """
    targets = load_targets(source, split, data, degradation)
    scale = degradation.scale
    for name, target in zip(split.names, targets.pixels, strict=True):
        height, width = target.shape[:2]
        if min(height, width) < scale:
            raise BadInput(
                f"data.root={data.root}: {name} has {width}x{height} pixels, and "
                f"degradation.scale={scale} needs {scale} a side; remove the image."
            )
    hr = [cropped_to_multiple(pixels, scale) for pixels in targets.pixels]
    sizes = [(pixels.shape[0] // scale, pixels.shape[1] // scale) for pixels in hr]
    targets_key = _targets_key(source, split, data, degradation)
    key = [targets_key, scale, *_inputs_key(source, degradation)]
    path = _path(source, data, key)

    def read() -> list[np.ndarray] | None:
        lr = map_arrays(path) or []
        is_whole = [(one.dtype, *one.shape) for one in lr] == [
            (np.uint8, *size, RGB) for size in sizes
        ]
        return lr if is_whole else None

    def make() -> Iterator[np.ndarray]:
        if source.read_input is not None:
            for name, target in zip(split.names, targets.pixels, strict=True):
                yield _given_input(source, name, target, scale)
            return
        function = degradations.build(degradation) if degradation._target_ else None
        # Not from the memory map, whose pages would stay in memory.
        targets_ = read_arrays(_path(source, data, targets_key), len(hr))
        for name, one in zip(split.names, targets_, strict=True):
            target = cropped_to_multiple(one, scale)
            if function is not None:
                yield degradations.degrade(function, target, name, degradation)
            else:
                yield _input(target, degradation)

    return ImagePairs(ensure_arrays(path, read, make), hr, targets.is_grey)


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
    path = _path(source, data, _targets_key(source, split, data, degradation))
    targets = ensure_arrays(
        path,
        lambda: _read(path, len(split.names)),
        lambda: _make(source, split.names, data, degradation.antialias),
    )
    check_duplicates(split, targets.first_equal.tolist(), data)
    return targets


def _targets_key(
    source: Source, split: Split, data: DataConfig, degradation: DegradationConfig
) -> dict[str, Any]:
    size = data.target_size
    return {
        "version": VERSION,
        "images": [[name, *source.identity[name]] for name in split.names],
        "crop": data.crop,
        "resize": None if size is None else [size, TARGET_KERNEL, degradation.antialias],
    }


def _inputs_key(source: Source, degradation: DegradationConfig) -> list[Any]:
    if source.read_input:
        return [GIVEN]
    if degradation._target_ is None:
        return [degradation.kernel, degradation.antialias]
    return [degradation._target_, degradation.arguments, degradation.source]


def _path(source: Source, data: DataConfig, key: Any) -> Path:
    return Path(data.cache_dir).expanduser() / f"{safe_name(source.name)}-{digest(key)}.npy"


def _read(path: Path, count: int) -> Targets | None:
    arrays = map_arrays(path)
    if arrays is None or len(arrays) != count + 2:
        return None
    *pixels, is_grey, first_equal = arrays
    if not all(_is_image(one) for one in pixels):
        return None
    return Targets(pixels, is_grey.copy(), first_equal.copy())


def _is_image(array: np.ndarray) -> bool:
    return array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] == RGB


def _make(
    source: Source, names: list[str], data: DataConfig, antialias: bool
) -> Iterator[np.ndarray]:
    """The arrays of the cache's file: the targets, then `is_grey` and `first_equal`."""
    from srcnn_lightning.console import track

    def make_one(name: str) -> tuple[np.ndarray, bool]:
        try:
            pixels, is_grey = source.read(name)
        except OSError as error:  # of a source of one's own; the caller takes it for the cache's
            reason = error.strerror or one_line(error)
            raise BadInput(
                f"{source.name}: {name} cannot be read ({reason}); make it readable or remove it."
            ) from error
        return _target(pixels, name, data, antialias), is_grey

    workers = os.cpu_count() or 1
    is_grey: list[bool] = []
    first: dict[tuple[Any, ...], int] = {}
    first_equal: list[int] = []
    # Pillow decodes without the interpreter's lock; each resize keeps to its own thread.
    with (
        warnings.catch_warnings(),
        ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool,
    ):
        # Pillow warns of odd metadata in files that it reads well. Filters belong to the process,
        # and threads that overlap would restore each other's, so the filter is not set in a thread.
        warnings.simplefilter("ignore")
        # A few images at a time, or memory would hold all that wait to be written.
        waiting = iter(names)
        futures: deque[Future[tuple[np.ndarray, bool]]] = deque()
        try:
            for index, _ in enumerate(track(names, f"Reading {source.name}")):
                while len(futures) < 2 * workers and (name := next(waiting, None)) is not None:
                    futures.append(pool.submit(make_one, name))
                pixels, grey = futures.popleft().result()
                is_grey.append(grey)
                key = (pixels.shape, sha256(pixels.data).digest())
                first_equal.append(first.setdefault(key, index))
                yield pixels
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    # The pool's one thread has become torch's default for every later thread.
    torch.set_num_threads(torch.get_num_threads())
    yield np.array(is_grey)
    yield np.array(first_equal)


def _target(image: np.ndarray, name: str, data: DataConfig, antialias: bool) -> np.ndarray:
    """The target, `(H, W, 3)` contiguous."""
    crop, size = data.crop, data.target_size
    if crop is not None:
        height, width = image.shape[:2]
        if min(height, width) < crop:
            raise BadInput(
                f"data.crop={crop}: {name} has {width}x{height} pixels; "
                f"set data.crop={min(height, width)} or less, or remove the image."
            )
        image = centre(image, crop, crop)
    if size is None:
        return np.ascontiguousarray(image)
    return _resized(image, (size, size), TARGET_KERNEL, antialias)


def _input(target: np.ndarray, degradation: DegradationConfig) -> np.ndarray:
    """The input of a target, `(h, w, 3)`."""
    scale = degradation.scale
    size = (target.shape[0] // scale, target.shape[1] // scale)
    return _resized(target, size, degradation.kernel, degradation.antialias)


def _given_input(source: Source, name: str, target: np.ndarray, scale: int) -> np.ndarray:
    """The input that stands beside a target, `(h, w, 3)`."""
    assert source.read_input is not None
    pixels, _ = source.read_input(name)
    (height, width), (rows, columns) = target.shape[:2], pixels.shape[:2]
    if (height, width) != (scale * rows, scale * columns):
        found = height // rows if (height % rows, width % columns) == (0, 0) else 0
        is_scale = found > 1 and (height, width) == (found * rows, found * columns)
        advice = (
            f"give degradation.scale={found}"
            if is_scale
            else f"the first must have {scale} times as many pixels a side"
        )
        raise BadInput(
            f"degradation.scale={scale}: {name} has {width}x{height} pixels in data.hr_root and "
            f"{columns}x{rows} in data.lr_root; {advice}."
        )
    return np.ascontiguousarray(pixels)


def _resized(pixels: np.ndarray, size: tuple[int, int], kernel: str, antialias: bool) -> np.ndarray:
    images = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None]
    return resize_uint8(images, size, kernel, antialias)[0].permute(1, 2, 0).contiguous().numpy()
