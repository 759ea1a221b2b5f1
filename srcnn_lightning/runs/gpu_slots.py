"""Which GPU a run takes where several runs share a machine: the first slot that is free.

Each GPU has `trainer.jobs_per_gpu` slots, each slot a locked file that belongs to this machine and
user. So runs of one sweep, and of several, find their GPUs without knowing of each other.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from srcnn_lightning import files, hardware
from srcnn_lightning.console import print_line

POLL_S = 0.5  # between two looks for a slot that has become free
_held: list[int] = []


def assigned() -> list[int] | None:
    """The GPU of this process's run, as Lightning's `devices` wants it; None without one."""
    return _held or None


@contextmanager
def acquire_gpu(trainer: Mapping[str, Any], label: str) -> Iterator[None]:
    """Hold a GPU while a run trains; nothing where it trains on none, or on several at once.

    Args:
        trainer: its settings.
        label: of the run that would wait, for a line that says so.
    """
    is_dealt = trainer["devices"] == 1 and hardware.device_type(trainer["accelerator"]) == "cuda"
    names = hardware.gpu_names() if is_dealt else []
    if not names:
        yield
        return
    with acquire_slot(names, trainer["jobs_per_gpu"], label) as index:
        _held[:] = [index]
        try:
            yield
        finally:
            _held.clear()


@contextmanager
def acquire_slot(names: Sequence[str], jobs_per_gpu: int, label: str) -> Iterator[int]:
    """Hold a slot; the system frees it when the process dies.

    Args:
        names: of the GPUs, the same in every process of the machine.
        jobs_per_gpu: slots of each.
        label: of the run that would wait.

    Yields:
        The place of its GPU in `names`.
    """
    with ExitStack() as stack:
        index = _take(names, jobs_per_gpu, stack)
        if index is None:
            print_line(f"{label}: waiting for a GPU, trainer.jobs_per_gpu={jobs_per_gpu}")
        while index is None:
            time.sleep(POLL_S)
            index = _take(names, jobs_per_gpu, stack)
        yield index


def _take(names: Sequence[str], jobs_per_gpu: int, stack: ExitStack) -> int | None:
    """The first free slot: each GPU gets its first run before any gets its second."""
    from filelock import FileLock, Timeout

    folder = _folder()
    for number in range(jobs_per_gpu):
        for index, name in enumerate(names):
            path = folder / f"{files.digest(name)}-{number}.lock"
            try:
                stack.enter_context(FileLock(path).acquire(timeout=0))
            except Timeout:
                continue
            return index
    return None


def _folder() -> Path:
    """Of this user alone: another's files could not be locked."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    folder = Path(tempfile.gettempdir()) / f"srcnn-lightning-{user}"
    folder.mkdir(exist_ok=True)
    return folder
