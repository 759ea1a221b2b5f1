"""Commands as a user types them, in processes of their own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

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

    def run(*arguments: str, module: str = "srcnn_lightning", **environment: str):
        variables = {key: value for key, value in os.environ.items() if key != "HYDRA_FULL_ERROR"}
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=tmp_path,
            env={**variables, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run
