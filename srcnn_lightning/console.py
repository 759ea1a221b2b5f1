"""Progress on a terminal as a bar, elsewhere as few plain lines."""

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
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

T = TypeVar("T")
SHOWS_BARS = True


def progress_bar() -> Progress:
    """A bar that disappears when it is done; nothing at all where there is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(file=sys.stdout),
        transient=True,
        disable=not (sys.stdout.isatty() and SHOWS_BARS),
    )


def disable_bars() -> None:
    """For a process that shares its terminal with others: no bars."""
    global SHOWS_BARS  # noqa: PLW0603 - as the terminal is, it belongs to the process
    SHOWS_BARS = False


def track(items: Sequence[T], description: str) -> Iterable[T]:
    """Iterate with a bar."""
    with progress_bar() as progress:
        task = progress.add_task(description, total=len(items), note="")
        for item in items:
            yield item
            progress.advance(task)


@contextmanager
def transfer_bar(description: str, total: int, done: int = 0) -> Iterator[Callable[[int], None]]:
    """A bar of bytes with the time left; without a terminal one line for each quarter.

    Args:
        description: what is moved.
        total: bytes in all.
        done: bytes that were there before.

    Yields:
        What is to be told of each further bytes, from any thread.
    """
    lines = _Quarters(description, total, done)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stdout),
        transient=True,
        disable=not (sys.stdout.isatty() and SHOWS_BARS),
    ) as progress:
        task = progress.add_task(description, total=total, completed=done)

        def advance(count: int) -> None:
            progress.advance(task, count)
            if progress.disable:
                lines.advance(count)

        yield advance


class _Quarters:
    """A line when a transfer begins, and one for each quarter of it."""

    def __init__(self, description: str, total: int, done: int) -> None:
        self.description, self.total, self.done, self.start = description, total, done, done
        self.lock = threading.Lock()
        self.started = time.monotonic()
        self.said = 4 * done // total if total else 0
        if not sys.stdout.isatty():
            print_line(f"{description}, {_megabytes(total - done)} MB")

    def advance(self, count: int) -> None:
        with self.lock:
            self.done += count
            quarters = 4 * self.done // self.total if self.total else 0
            if not self.said < quarters < 4:
                return
            self.said = quarters
            seconds = time.monotonic() - self.started
            left = seconds * (self.total - self.done) / max(self.done - self.start, 1)
            print_line(
                f"{self.description}, {_megabytes(self.done)} of {_megabytes(self.total)} MB, "
                f"{left:.0f} s left"
            )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f}" if count >= 1e7 else f"{count / 1e6:.1f}"


def duration(seconds: float) -> str:
    """In the unit that fits: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@cache
def say_once(line: str) -> None:
    """`say`, once a process, what each job of a sweep would repeat."""
    print_line(line)


def print_line(line: str) -> None:
    """One line for the user, at once, also into a pipe."""
    print(line, flush=True)
