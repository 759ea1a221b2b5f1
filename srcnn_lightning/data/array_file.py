"""A file of arrays of any sizes, one after the other, written as they come and memory-mapped."""

from collections.abc import Callable, Iterable, Iterator
from math import prod
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np

from srcnn_lightning import files
from srcnn_lightning.errors import BadInput

Content = TypeVar("Content")


def ensure_arrays(
    path: Path, read: Callable[[], Content | None], make: Callable[[], Iterable[np.ndarray]]
) -> Content:
    """The content of a file, which is made first where it is missing or broken.

    One process makes it, and others wait. Arrays are written as they come, so that one of them at a
    time is in memory.

    Args:
        path: path of the file.
        read: function that reads the file; None for no file, or a broken one.
        make: function that makes the arrays.

    Raises:
        BadInput: the folder, which is `data.cache_dir`, cannot be written.
    """
    content = read()
    if content is not None:
        return content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        line = f"{path.name}: another process is preparing these images, waiting"
        with files.locked(path.with_name(f".{path.name}.lock"), line):
            files.remove_temporary_files(path.parent, f"{path.name}.*")
            if (content := read()) is None:
                with files.atomic_write(path) as file:  # fails before the first array is made
                    for array in make():
                        np.save(file, array)
                content = read()
    except OSError as error:
        raise BadInput(
            f"data.cache_dir={path.parent}: it cannot be written ({error.strerror}); "
            "give a folder that can."
        ) from error
    assert content is not None
    return content


def map_arrays(path: Path) -> list[np.ndarray] | None:
    """The arrays of a file, memory-mapped; None for no file, or a broken one, which is made anew.

    The system reads the pages that are used, and takes them back where memory is short.
    """
    try:
        with path.open("rb") as file:
            places = list(_places(file))
        # Copy on write, although nothing writes: torch warns of arrays that cannot be written.
        content = np.memmap(path, mode="c").view(np.ndarray)
    except (OSError, ValueError, EOFError):
        return None
    return [
        content[start : start + prod(shape) * kind.itemsize].view(kind).reshape(shape)
        for start, shape, kind in places
    ]


def read_arrays(path: Path, count: int) -> Iterator[np.ndarray]:
    """The first arrays of a file, each in memory of its own, which is free after its use."""
    with path.open("rb") as file:
        for _ in range(count):
            yield np.lib.format.read_array(file, allow_pickle=False)


def _places(file: BinaryIO) -> Iterator[tuple[int, tuple[int, ...], np.dtype]]:
    """Start, shape and type of each array; EOFError where the last one is cut.

    ValueError for an array of objects, which are pickled: they could run any code.
    """
    size = file.seek(0, 2)
    end = file.seek(0)
    while end < size:
        np.lib.format.read_magic(file)
        shape, _, kind = np.lib.format.read_array_header_1_0(file)
        if kind.hasobject or min(shape, default=0) < 0:
            raise ValueError(f"{file.name}: it holds no plain arrays")
        start = file.tell()
        end = file.seek(start + prod(shape) * kind.itemsize)
        yield start, shape, kind
    if end != size:
        raise EOFError(file.name)
