"""The run record: what a run leaves behind, read by tables, figures and the next sweep."""

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srcnn_lightning.files import write_text

FORMAT = 1
FILE_NAME = "metrics.json"

Record = dict[str, Any]


def write(folder: Path, record: Record) -> None:
    """Write `folder/metrics.json`: whole or not at all. NaN and infinity become null."""
    text = json.dumps({"format": FORMAT, **_finite(record)}, indent=1, allow_nan=False)
    write_text(folder / FILE_NAME, text + "\n")


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


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


RESULTS_VERSION = 4  # raise it when code changes what a configuration gives


VERSION_KEY = "results_version"  # of a record or a checkpoint


UNNAMED_VERSION = 3  # of records and checkpoints that lack the key


def load(folder: Path) -> Record | None:
    return read(folder)
