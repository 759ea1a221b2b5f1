"""Progress on a terminal as a bar, elsewhere as few plain lines."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

T = TypeVar("T")
SHARED_TERMINAL_VARIABLE = "SRCNN_LIGHTNING_SHARED_TERMINAL"
"""Environment variable that is set where several processes write to one terminal."""


def _shows_bars() -> bool:
    """Whether this process can move the cursor of its terminal without disturbing another."""
    return sys.stdout.isatty() and SHARED_TERMINAL_VARIABLE not in os.environ


def _bar(*columns: ProgressColumn) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *columns,
        console=Console(file=sys.stdout),
        transient=True,
        disable=not _shows_bars(),
    )


def progress_bar() -> Progress:
    """A bar that disappears when it is done; without a terminal of its own it shows nothing."""
    return _bar(
        MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}", markup=False)
    )


def track(items: Sequence[T], description: str) -> Iterable[T]:
    """Iterate with a bar."""
    with progress_bar() as progress:
        task = progress.add_task(description, total=len(items), note="")
        for item in items:
            yield item
            progress.advance(task)


@contextmanager
def transfer_bar(description: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar of bytes with the time left; without a terminal of its own a line for each quarter.

    Args:
        description: what is transferred.
        total: bytes in all.

    Yields:
        Function that takes the number of further bytes; any thread may call it.
    """
    with _bar(DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()) as progress:
        lines = _QuarterLines(description, total) if progress.disable else None
        task = progress.add_task(description, total=total)

        def advance(count: int) -> None:
            progress.advance(task, count)
            if lines:
                lines.advance(count)

        yield advance


class _QuarterLines:
    """A line when a transfer begins, and one after each quarter of it."""

    def __init__(self, description: str, total: int) -> None:
        self.description, self.total, self.done = description, total, 0
        self.lock = threading.Lock()
        self.started = time.monotonic()
        self.printed_quarters = 0
        print_line(f"{description}, {_megabytes(total)} MB")

    def advance(self, count: int) -> None:
        with self.lock:
            self.done += count
            quarters = 4 * self.done // self.total if self.total else 0
            if not self.printed_quarters < quarters < 4:
                return
            self.printed_quarters = quarters
            seconds = time.monotonic() - self.started
            left = seconds * (self.total - self.done) / max(self.done, 1)
            print_line(
                f"{self.description}, {_megabytes(self.done)} of {_megabytes(self.total)} MB, "
                f"{left:.0f} s left"
            )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f}" if count >= 1e7 else f"{count / 1e6:.1f}"


def duration(seconds: float) -> str:
    """A duration in the unit that fits: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@cache
def say_once(line: str) -> None:
    """Print a line once a process, where each job of a sweep would repeat it."""
    print_line(line)


def print_line(line: str) -> None:
    """Print a line and flush it, so that a pipe shows it at once."""
    print(line, flush=True)
