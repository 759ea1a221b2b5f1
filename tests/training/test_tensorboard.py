"""Event files: TensorBoard draws one curve from those of a run and of its restart."""

import re
import time
from pathlib import Path

import pytest
from conftest import Command
from kills import LEAVES, curve
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from srcnn_lightning.config import TENSORBOARD
from srcnn_lightning.training.loggers import make_loggers


def write(folder: Path, value: float, epochs: range) -> None:
    """Write the events of a process that trains these epochs."""
    settings = {"tensorboard": {"_target_": TENSORBOARD}}
    (logger,) = make_loggers(settings, folder, folder, epochs.start - 1).values()
    assert isinstance(logger, TensorBoardLogger)
    for epoch in epochs:
        logger.experiment.add_scalar("epoch/val_psnr", value, epoch)
    logger.experiment.close()


@pytest.mark.parametrize("ahead", [0, 1])
def test_restart_is_read_after_its_predecessor(ahead: int, tmp_path: Path) -> None:
    """Also in the same second, whatever the processes' numbers, or after a clock was set back."""
    write(tmp_path, 1.0, range(1, 7))
    (first,) = tmp_path.iterdir()
    # A process whose number comes after that of every other in the order of names.
    second = f"tfevents.{int(time.time()) + ahead}."
    name = re.sub(r"\.\d+\.\d+$", ".99999999.0", first.name)
    first.rename(tmp_path / re.sub(r"tfevents\.\d+\.", second, name))
    write(tmp_path, 2.0, range(4, 8))
    assert curve(tmp_path) == [(epoch, 1.0 if epoch < 4 else 2.0) for epoch in range(1, 8)]


def test_run_has_events_in_its_folder_alone_and_no_metric_of_lightning(
    command: Command, tmp_path: Path
) -> None:
    assert command(*LEAVES).returncode == 0
    (run,) = (tmp_path / "outputs/single").glob("*/srcnn")
    assert list(run.glob("*tfevents*"))
    assert not [path for path in run.rglob("*tfevents*") if path.parent != run]
    assert "hp_metric" not in EventAccumulator(str(run)).Reload().Tags()["scalars"]
