"""What most tests of the command need."""

import functools
import subprocess
from collections.abc import Callable
from pathlib import Path

import commands
import pytest

# Ten images of 64 pixels and one epoch: what a test needs of a run, in a second.
TINY = (
    "data.count=10",
    "data.crop=64",
    "data.target_size=32",
    "trainer.max_epochs=1",
    "trainer=cpu",
)
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Run `python -m srcnn_lightning ...` in an empty folder; keywords are its environment."""
    return functools.partial(commands.run, tmp_path)


@pytest.fixture
def fresh_command(tmp_path: Path) -> Command:
    """The same in a new interpreter, four seconds slower."""
    return functools.partial(commands.run_fresh, tmp_path)
