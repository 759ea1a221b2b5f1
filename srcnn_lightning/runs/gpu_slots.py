"""GPU slots: how several runs share the GPUs of one machine.

Each GPU has `trainer.jobs_per_gpu` slots. A slot is a lock file of this machine and user, so the
runs of one sweep or several find their GPUs without knowing of each other.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from srcnn_lightning import files, hardware
from srcnn_lightning.config import TrainerConfig
from srcnn_lightning.console import print_line

POLL_S = 0.5  # seconds between two looks for a slot that has become free


@contextmanager
def acquire_gpu(trainer: TrainerConfig, label: str) -> Iterator[int | None]:
    """Hold one GPU while a run trains.

    Args:
        trainer: settings that name the device and the slots of each GPU.
        label: name of the waiting run, shown in the message.

    Yields:
        The GPU's index; None for a run that trains on no GPU, or on several at once.
    """
    needs_one = trainer.devices == 1 and hardware.device_type(trainer.accelerator) == "cuda"
    names = hardware.gpu_names() if needs_one else []
    if not names:
        yield None
        return
    with acquire_slot(names, trainer.jobs_per_gpu, label) as index:
        yield index


@contextmanager
def acquire_slot(names: Sequence[str], jobs_per_gpu: int, label: str) -> Iterator[int]:
    """Hold a slot; the system frees it when the process dies.

    Args:
        names: names of the GPUs, the same in every process of the machine.
        jobs_per_gpu: slots of each GPU.
        label: name of the waiting run, shown in the message.

    Yields:
        The index of the slot's GPU in `names`.
    """
    with ExitStack() as stack:
        index = _take_free_slot(names, jobs_per_gpu, stack)
        if index is None:
            print_line(f"{label}: waiting for a GPU, trainer.jobs_per_gpu={jobs_per_gpu}")
        while index is None:
            time.sleep(POLL_S)
            index = _take_free_slot(names, jobs_per_gpu, stack)
        yield index


def _take_free_slot(names: Sequence[str], jobs_per_gpu: int, stack: ExitStack) -> int | None:
    """The index of the GPU whose slot is taken; each GPU gets its first run before a second."""
    from filelock import FileLock, Timeout

    folder = _lock_folder()
    for number in range(jobs_per_gpu):
        for index, name in enumerate(names):
            path = folder / f"{files.digest(name)}-{number}.lock"
            try:
                stack.enter_context(FileLock(path).acquire(timeout=0))
            except Timeout:
                continue
            return index
    return None


def _lock_folder() -> Path:
    """Folder of the lock files of this user, who cannot lock the files of another."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    folder = Path(tempfile.gettempdir()) / f"srcnn-lightning-{user}"
    folder.mkdir(exist_ok=True)
    return folder
