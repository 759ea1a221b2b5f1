"""The run record: what a run leaves behind, read by tables, figures and the next sweep."""

from srcnn_lightning.old_records import UNNAMED_VERSION
from srcnn_lightning.run_record.file import (
    EVENTS,
    FILE_NAME,
    Record,
    check,
    find,
    load,
    read,
    write,
)
from srcnn_lightning.run_record.schema import MOST_EPOCHS, Cost, RunRecord

RESULTS_VERSION = 5  # raise it when code changes what a configuration gives
VERSION_KEY = "results_version"  # of a record or a checkpoint

__all__ = [
    "EVENTS",
    "FILE_NAME",
    "MOST_EPOCHS",
    "RESULTS_VERSION",
    "UNNAMED_VERSION",
    "VERSION_KEY",
    "Cost",
    "Record",
    "RunRecord",
    "check",
    "find",
    "load",
    "read",
    "write",
]
