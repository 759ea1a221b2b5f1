"""One process at a time, and a line for the one that waits."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from srcnn_lightning.progress import say


@contextmanager
def held(path: Path, line: str) -> Iterator[None]:
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
        say(line)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
