"""TensorBoard events of a run: curves that a restart continues, and one row of HParams."""

import inspect
import io
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger, TensorBoardLogger
from PIL import Image
from tensorboard.compat.proto.summary_pb2 import Summary
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

from srcnn_lightning import arguments, run_record

HPARAMS_SUFFIX = ".hparams"  # of the file that holds the row of HParams
CLOCK_DIFFERENCE_S = 3  # between machines that share a folder, where one resumes the other's run
# The tab "Custom scalars" shows both curves of all runs side by side.
LAYOUT = {
    "Sweep": {
        "val PSNR (dB)": ["Multiline", ["epoch/val_psnr"]],
        "val loss (mean squared error)": ["Multiline", ["epoch/val_loss"]],
    }
}


SUPPLIED = ("save_dir", "name", "version", "sub_dir", "default_hp_metric", "purge_step")


def supplied_arguments(folder: Path, epochs: int) -> dict[str, Any]:
    """The arguments of TensorBoard's logger that the program gives itself.

    Args:
        folder: folder of the run, which is the log folder.
        epochs: epochs that an earlier process has done; TensorBoard ignores what a killed process
            wrote beyond them.
    """
    supplied: dict[str, Any] = {
        "save_dir": str(folder),
        "name": "",
        "version": "",
        "default_hp_metric": False,
    }
    if epochs:
        _wait_for_later_name(folder)
        supplied["purge_step"] = epochs + 1
    return supplied


def check_writer_arguments(group: str, given: dict[str, Any]) -> None:
    """Refuse arguments that neither the logger nor the writer that it hands them to takes.

    Raises:
        BadInput: the first such argument.
    """
    own = inspect.signature(TensorBoardLogger).parameters
    further = {key: value for key, value in given.items() if key not in own}
    arguments.check(group, SummaryWriter, further, ("log_dir", "purge_step"))


def _wait_for_later_name(folder: Path) -> None:
    """Wait until the name of a new event file sorts after those in the folder, a few seconds.

    TensorBoard reads event files in the order of their names, which hold the second of their
    creation and then the number of the process. Of two files of one second, TensorBoard could read
    the later one first and keep the events that it declares invalid. A clock that was set back has
    the same effect; where it was more than a few seconds, the curve has a gap.
    """
    names = [re.search(r"tfevents\.(\d+)", path.name) for path in folder.glob(run_record.EVENTS)]
    newest = max((int(name[1]) for name in names if name), default=0)
    while newest - CLOCK_DIFFERENCE_S < int(time.time()) <= newest:
        time.sleep(0.02)


def sync(logger: TensorBoardLogger, folder: Path) -> None:
    """Bring all events to the disk."""
    logger.experiment.flush()
    for path in folder.glob(run_record.EVENTS):
        with path.open("rb") as file:
            os.fsync(file.fileno())


def write_layout(loggers: list[Logger]) -> None:
    """Write how TensorBoard arranges a sweep; it merges the equal layouts of the runs."""
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_custom_scalars(LAYOUT)


def add_image(logger: TensorBoardLogger, tag: str, image: Image.Image, step: int) -> None:
    """Log an image, lightly compressed: 224x672 pixels take 8 ms, by torch's add_image 32 ms."""
    content = io.BytesIO()
    image.save(content, "PNG", compress_level=1)
    encoded = Summary.Image(
        height=image.height,
        width=image.width,
        colorspace=3,
        encoded_image_string=content.getvalue(),
    )
    summary = Summary(value=[Summary.Value(tag=tag, image=encoded)])
    logger.experiment._get_file_writer().add_summary(summary, step)


def write_hyperparameters(
    folder: Path, chosen: dict[str, Any], metrics: Mapping[str, float | None]
) -> None:
    """Write the run's row of TensorBoard's HParams tab: chosen values and resulting metrics.

    The row has a file of its own, so that a copy of the run can have another row.

    Args:
        folder: folder of the run.
        chosen: value of each column; the tab shows five columns at first.
        metrics: metrics of the finished run; those that are None are left out.
    """
    final = {f"final/{key}": value for key, value in metrics.items() if value is not None}
    for earlier in folder.glob(f"*{HPARAMS_SUFFIX}"):
        earlier.unlink()
    with SummaryWriter(str(folder), filename_suffix=HPARAMS_SUFFIX) as writer:
        for summary in hparams(chosen, final):  # type: ignore[no-untyped-call]
            writer._get_file_writer().add_summary(summary)  # add_hparams would make a folder
        for key, value in final.items():
            writer.add_scalar(key, value, 0)
