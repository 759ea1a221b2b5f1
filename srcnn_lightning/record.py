"""The run record: what a run leaves behind, read by tables, figures and the next sweep."""

import json
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

FORMAT = 1
FILE_NAME = "metrics.json"

Record = dict[str, Any]


def write(folder: Path, record: Record) -> None:
    """Write `folder/metrics.json`: whole or not at all. NaN and infinity become null."""
    text = json.dumps({"format": FORMAT, **_finite(record)}, indent=1, allow_nan=False)
    write_text(folder / FILE_NAME, text + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file: whole or not at all."""
    with atomic(path) as file:
        file.write(text.encode())


@contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
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


def picture_names(images: Sequence[str]) -> list[str]:
    """The file that a picture of each image has, whatever the image's own type: `0801.png`."""
    stems = [Path(image).stem for image in images]
    # cat.jpg and cat.bmp of one folder keep their endings.
    unique = (
        stem if stems.count(stem) == 1 else image for stem, image in zip(stems, images, strict=True)
    )
    return [f"{name}.png" for name in unique]


def below(folder: Path, named: Any) -> Path | None:
    """The path that a file names from `folder` on; None where it would lead out of there."""
    path = Path(str(named))
    return None if path.is_absolute() or path.drive or ".." in path.parts else folder / path


def remove_temporary(folder: Path) -> None:
    """What `atomic` leaves when its process is killed; for whoever holds the folder's lock."""
    for path in folder.rglob(".*"):
        if path.suffix[1:].isdecimal() and path.is_file():
            path.unlink()


def read(folder: Path) -> Record | None:
    """The record in `folder`, or None if there is none.

    Raises:
        ValueError: the file is broken or of another format.
    """
    path = folder / FILE_NAME
    if not os.path.isfile(path):  # noqa: PTH113 - no exception for a name that no file can have
        return None
    record = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ValueError(f"{path}: not a run record of format {FORMAT}")
    return record


def find(outputs: Path) -> Iterator[Path]:
    """Every run folder below `outputs` that holds a record; hidden folders are left out."""
    for path in sorted(outputs.rglob(FILE_NAME)):
        if not any(part.startswith(".") for part in path.relative_to(outputs).parts):
            yield path.parent


def digest(settings: Any) -> str:
    """A short name for a configuration: equal settings, equal digest."""
    return sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
