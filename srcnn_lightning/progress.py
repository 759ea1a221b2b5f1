"""Progress on a terminal as a bar, elsewhere as few plain lines."""

import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

T = TypeVar("T")


def bar() -> Progress:
    """A bar that disappears when it is done; nothing at all where there is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(file=sys.stdout),
        transient=True,
        disable=not sys.stdout.isatty(),
    )


def track(items: Sequence[T], description: str) -> Iterable[T]:
    """Iterate with a bar."""
    with bar() as progress:
        task = progress.add_task(description, total=len(items), note="")
        for item in items:
            yield item
            progress.advance(task)


def say(line: str) -> None:
    """One line for the user, at once, also into a pipe."""
    print(line, flush=True)
