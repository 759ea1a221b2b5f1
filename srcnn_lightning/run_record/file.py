"""The file of a run record: written whole, read as it is, and checked against the schema.

`write` and `read` are cheap, and `read` checks only what skipping a finished run relies on. `load`
checks a record against the schema, and imports pydantic for that.
"""

import json
import math
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcnn_lightning import old_records
from srcnn_lightning.files import write_text
from srcnn_lightning.run_record.schema import LARGEST, RunRecord

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Record = dict[str, Any]  # the file's content
FORMAT = 1
FILE_NAME = "metrics.json"
EVENTS = "*tfevents*"  # TensorBoard's files beside it
RESULTS = ("parameters", "per_image", "metrics")  # of a run that finished
REQUIRED_METRICS = ("max_val_psnr", "test_loss", "test_psnr")
KEPT_NONE = ("variant", "resumed_after")  # None is left out of the file but here
GROUPS = ("config", "metrics", "split")
REASONS = {
    "missing": "it is missing",
    "int_type": "it must be a whole number",
    "string_type": "it must be text",
    "dict_type": "it must be a group of keys",
    "list_type": "it must be a list",
    "predicate_failed": "it must not lead to another folder",
}
TOO_DEEP = "its lists and groups are nested too deeply"


def write(folder: Path, record: RunRecord | Record) -> None:
    """Write `folder/metrics.json`: whole or not at all. NaN and infinity become null."""
    if isinstance(record, RunRecord):
        values = vars(record).items()
        record = {key: value for key, value in values if value is not None or key in KEPT_NONE}
    text = json.dumps({"format": FORMAT, **_finite(record)}, indent=1, allow_nan=False)
    write_text(folder / FILE_NAME, text + "\n")


def read(folder: Path) -> Record | None:
    """The file's content as it is, or None if there is none.

    Raises:
        ValueError: the file is broken or of another format, one of `GROUPS` is no group of keys, or
            a metric is no number.
    """
    path = folder / FILE_NAME
    if not os.path.isfile(path):  # noqa: PTH113 - no exception for a name that no file can have
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ValueError(f"{path}: not a run record of format {FORMAT}")
    for group in GROUPS:
        if not isinstance(record.get(group, {}), dict):
            raise ValueError(f"{group}: {REASONS['dict_type']}")
    for name, value in record.get("metrics", {}).items():
        # NaN is in no range.
        is_number = isinstance(value, int | float) and -LARGEST <= value <= LARGEST
        if value is not None and not is_number:
            raise ValueError(f"metrics.{name}: it must be a valid number")
    return record


def load(folder: Path) -> RunRecord:
    """The record in a folder, checked, with the names of today.

    Raises:
        ValueError: the record is not as a run writes it; one short sentence says where and how.
        FileNotFoundError: the folder holds none.
    """
    content = read(folder)
    if content is None:
        raise FileNotFoundError(f"{folder / FILE_NAME}: there is no such file")
    return check(content)


def check(content: Record) -> RunRecord:
    """A record from a file's content; ValueError as in `load`."""
    from pydantic import ValidationError

    try:
        content = old_records.translate(content)
        content.pop("format", None)
        # JSON again, for a strict check takes no dictionary in the place of a dataclass.
        text = json.dumps(content, ensure_ascii=False).encode()
        record = _adapter().validate_json(text)
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error
    except UnicodeEncodeError as error:
        raise ValueError(f"{error.object[error.start]!r} is no character") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = REASONS.get(first["type"]) or first["msg"].replace("Input should", "it must")
        place = ".".join(map(str, first["loc"]))
        raise ValueError((f"{place}: {reason}" if place else reason)[:200]) from error
    nulls = [name for name in vars(record) if content.get(name, "") is None]
    if unwritten := [name for name in nulls if name not in KEPT_NONE]:
        raise ValueError(f"{unwritten[0]}: it must not be null")
    if record.status == "finished":
        missing = [name for name in RESULTS if name not in content]
        missing += [f"metrics.{name}" for name in REQUIRED_METRICS if name not in record.metrics]
        if missing:
            raise ValueError(f"{missing[0]}: it is missing")
    return record


def find(outputs: Path) -> Iterator[Path]:
    """Every run folder below `outputs` that holds a record; hidden folders are left out."""
    for path in sorted(outputs.rglob(FILE_NAME)):
        if not any(part.startswith(".") for part in path.relative_to(outputs).parts):
            yield path.parent


@cache
def _adapter() -> "TypeAdapter[RunRecord]":
    from pydantic import TypeAdapter

    return TypeAdapter(RunRecord)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
