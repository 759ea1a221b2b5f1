"""What a terminal shows of a long work, alone and shared with other processes."""

import os
import pty
import subprocess
import sys

import pytest

from srcnn_lightning.console import SHARED_TERMINAL_VARIABLE, duration

TRANSFER = """
from srcnn_lightning.console import transfer_bar
with transfer_bar("images", 4_000_000) as advance:
    for _ in range(4):
        advance(1_000_000)
"""
CURSOR = "\x1b["  # begins what moves the cursor


def on_terminal(**environment: str) -> str:
    """The characters that a transfer of four quarters writes to a terminal."""
    leading, terminal = pty.openpty()
    subprocess.run(
        [sys.executable, "-c", TRANSFER],
        env={**os.environ, "TERM": "xterm", **environment},
        stdout=terminal,
        check=True,
        timeout=60,
    )
    os.close(terminal)
    written = os.read(leading, 100_000).decode()
    os.close(leading)
    return written


def test_terminal_of_one_process_shows_a_bar() -> None:
    written = on_terminal()
    assert CURSOR in written
    assert " s left" not in written


def test_terminal_of_several_processes_shows_whole_lines() -> None:
    written = on_terminal(**{SHARED_TERMINAL_VARIABLE: "1"})
    assert CURSOR not in written
    assert [line.rpartition(",")[0] for line in written.splitlines()] == [
        "images",
        "images, 1.0 of 4.0 MB",
        "images, 2.0 of 4.0 MB",
        "images, 3.0 of 4.0 MB",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(89, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h")],
)
def test_duration_is_in_the_unit_that_fits(seconds: float, words: str) -> None:
    assert duration(seconds) == words
