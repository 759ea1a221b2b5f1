"""One process at a time, and a line for the one that waits."""

import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from srcnn_lightning.console import print_line


@contextmanager
def locked(path: Path, line: str) -> Iterator[None]:
    """Hold a lock file for this process alone; the system frees it when the process dies.

    Args:
        path: of the lock file, in a folder that is there.
        line: said before waiting for another process that holds it.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print_line(line)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def write_text(path: Path, text: str) -> None:
    """Write a text file: whole or not at all."""
    with atomic_write(path) as file:
        file.write(text.encode())


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path` that takes its place, so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring a file's new name to the disk, which syncing the file does not."""
    if os.name == "nt":
        return  # a folder cannot be opened there
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def image_file_names(images: Sequence[str]) -> list[str]:
    """The file that a picture of each image has, whatever the image's own type: `0801.png`."""
    stems = [Path(image).stem for image in images]
    # cat.jpg and cat.bmp of one folder keep their endings.
    unique = (
        stem if stems.count(stem) == 1 else image for stem, image in zip(stems, images, strict=True)
    )
    return [f"{name}.png" for name in unique]


def remove_temporary_files(folder: Path) -> None:
    """What `atomic` leaves when its process is killed; for whoever holds the folder's lock."""
    for path in folder.rglob(".*"):
        if path.suffix[1:].isdecimal() and path.is_file():
            path.unlink()


def digest(settings: Any) -> str:
    """A short name for a configuration: equal settings, equal digest."""
    return sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def path_below(folder: Path, named: Any) -> Path | None:
    """The path that a file names from `folder` on; None where it would lead out of there."""
    path = Path(str(named))
    return None if path.is_absolute() or path.drive or ".." in path.parts else folder / path


def safe_name(text: str) -> str:
    """Without what a path, a shell or a table could trip over."""
    return re.sub(r"[^\w.,=+-]+", "-", text)


def set_aside(path: Path, into: Path) -> Path:
    """Move a file or folder into a folder, under its name and the time; returns where it lies."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = into / f"{path.name}-{stamp}"
    number = 1
    while aside.exists():
        aside = into / f"{path.name}-{stamp}-{number}"
        number += 1
    into.mkdir(parents=True, exist_ok=True)
    path.rename(aside)
    return aside
