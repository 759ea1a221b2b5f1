"""What most tests of the command need."""

import functools
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import commands
import pytest
import slurm_node

if TYPE_CHECKING:
    from lightning.pytorch import Trainer

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


@pytest.fixture
def report(command: Command) -> Command:
    """Run `python -m srcnn_lightning report ...` in an empty folder."""
    return functools.partial(command, verb="report")


@pytest.fixture
def trainer(tmp_path: Path) -> "Trainer":
    """A Trainer of one epoch without output."""
    from grey_tasks import quiet_trainer  # torch, which most tests of commands do not need

    return quiet_trainer(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run, for the verbs that use one."""
    folder = tmp_path_factory.mktemp("trained")
    settings = ("data=dead_leaves", *TINY, "trainer.threads=1", "trainer.max_epochs=2")
    done = commands.run(folder, *settings)
    assert done.returncode == 0
    (record,) = folder.rglob("metrics.json")
    return record.parent


@pytest.fixture(scope="session")
def slurm_daemons() -> Iterator[slurm_node.Slurm]:
    """A real Slurm of one node, for all tests of the session."""
    if reason := slurm_node.why_not():
        pytest.skip(reason)
    with slurm_node.start() as slurm:
        yield slurm


@pytest.fixture
def slurm(slurm_daemons: slurm_node.Slurm) -> Iterator[slurm_node.Slurm]:
    """The same without jobs."""
    yield slurm_daemons
    slurm_daemons.cancel_jobs()
