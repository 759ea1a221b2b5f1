"""Files: written whole or not at all, locked by one process at a time, named safely."""

import glob
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
        path: path of the lock file, in a folder that exists.
        line: line that is printed before this process waits for another one that holds the lock.
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
    """Write a text file, whole or not at all."""
    with atomic_write(path) as file:
        file.write(text.encode())


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces `path` at the end: nobody reads half a file.

    The file may be read, too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring the new name of a file to the disk, which syncing the file itself does not."""
    if os.name == "nt":
        return  # Windows cannot open a folder
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def image_file_names(images: Sequence[str]) -> list[str]:
    """The name of the PNG that belongs to each image, whatever the image's own type: `0801.png`."""
    stems = [Path(image).stem for image in images]
    # cat.jpg and cat.bmp of one folder keep their endings.
    return [
        f"{stem if stems.count(stem) == 1 else image}.png"
        for stem, image in zip(stems, images, strict=True)
    ]


def remove_temporary_files(folder: Path, pattern: str = "*") -> None:
    """Remove the files that `atomic_write` left in killed processes; the caller holds the lock.

    Args:
        folder: folder that is searched, with those below it.
        pattern: pattern of the temporary files' names, without the dot before them.
    """
    for path in folder.rglob(f".{pattern}"):
        if path.suffix[1:].isdecimal() and path.is_file():
            path.unlink()


def digest(settings: Any) -> str:
    """Sixteen hexadecimal digits that are equal for equal settings (any JSON value)."""
    return sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def path_below(folder: Path, named: Any) -> Path | None:
    """The path below `folder` that a file names; None where it would lead out of the folder."""
    path = Path(str(named))
    return None if path.is_absolute() or path.drive or ".." in path.parts else folder / path


def remove_abandoned(path: Path) -> None:
    """Remove the temporary files that `atomic_write` left for `path` in processes that are gone."""
    for temporary in path.parent.glob(f".{glob.escape(path.name)}.*"):
        number = temporary.suffix[1:]
        if number.isdecimal() and not _is_running(int(number)):
            temporary.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def safe_name(text: str) -> str:
    """The text with `-` for every character that is special in a path, a shell or a table."""
    return re.sub(r"[^\w.,=+-]+", "-", text)


def set_aside(path: Path, into: Path) -> Path:
    """Move a file or folder into the folder `into`, under its name and the time.

    Returns:
        Its new path.
    """
    name = f"{path.name}-{time.strftime('%Y%m%d-%H%M%S')}"
    aside, number = into / name, 1
    while aside.exists():
        aside = into / f"{name}-{number}"
        number += 1
    into.mkdir(parents=True, exist_ok=True)
    path.rename(aside)
    return aside
