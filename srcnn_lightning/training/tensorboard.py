"""TensorBoard's events of a run: curves that a restart does not tear, and one row of HParams."""

import io
import os
import re
import time
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger, TensorBoardLogger
from PIL import Image
from tensorboard.compat.proto.summary_pb2 import Summary
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

EVENTS = "*tfevents*"
ROW = ".hparams"  # ends the name of the file that holds the row
CLOCKS_DIFFER_S = 3  # of machines that share a folder, one of which takes up the other's run
# The tab "Custom scalars": both curves of all runs side by side.
LAYOUT = {
    "Sweep": {
        "val PSNR (dB)": ["Multiline", ["epoch/val_psnr"]],
        "val loss (mean squared error)": ["Multiline", ["epoch/val_loss"]],
    }
}


def make_logger(settings: dict[str, Any], folder: Path, epochs: int) -> Logger | bool:
    """The logger of the configuration; False for none.

    Args:
        settings: the group `logger`.
        folder: of the run.
        epochs: done before. What a killed process wrote beyond them is void for TensorBoard.
    """
    from hydra.utils import get_class, instantiate

    target = settings.get("_target_")
    if not target:
        return False
    goes_on = epochs and issubclass(get_class(target), TensorBoardLogger)
    if goes_on:
        _await_a_later_name(folder)
    extra = {"purge_step": epochs + 1} if goes_on else {}
    logger: Logger = instantiate(settings, save_dir=str(folder), **extra)
    return logger


def _await_a_later_name(folder: Path) -> None:
    """Until a new file of events comes after those in the folder, for a few seconds at most.

    TensorBoard reads them in the order of their names, in which the second of their making is
    followed by the process: of two processes in one second the later one could be read first, and
    what it declares void would stay. The same goes for a clock that has been set back; where it
    is more than a few seconds, the curve is torn.
    """
    names = [re.search(r"tfevents\.(\d+)", path.name) for path in folder.glob(EVENTS)]
    newest = max((int(name[1]) for name in names if name), default=0)
    while newest - CLOCKS_DIFFER_S < int(time.time()) <= newest:
        time.sleep(0.02)


def flush(loggers: list[Logger], folder: Path) -> None:
    """Bring events to the disk, so that none is missing before the checkpoint that follows."""
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.flush()
            for path in folder.glob(EVENTS):
                with path.open("rb") as file:
                    os.fsync(file.fileno())


def write_layout(loggers: list[Logger]) -> None:
    """How TensorBoard arranges a sweep; it merges the equal layouts of its runs."""
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_custom_scalars(LAYOUT)


def add_image(logger: TensorBoardLogger, tag: str, picture: Image.Image, step: int) -> None:
    """Log a picture, packed lightly: 8 ms for 224x672 pixels; add_image takes 32."""
    content = io.BytesIO()
    picture.save(content, "PNG", compress_level=1)
    image = Summary.Image(
        height=picture.height,
        width=picture.width,
        colorspace=3,
        encoded_image_string=content.getvalue(),
    )
    summary = Summary(value=[Summary.Value(tag=tag, image=image)])
    logger.experiment._get_file_writer().add_summary(summary, step)


def write_hyperparameters(
    folder: Path, settings: dict[str, Any], name: str, metrics: dict[str, float | None]
) -> None:
    """One row in TensorBoard's HParams tab: what was chosen and what came of it.

    In a file of its own, so that a copy of the run can have another row. The tab shows five columns
    at first, so there are five; the record holds the rest.
    """
    chosen = {
        "variant": settings["variant"] or name,
        "model": str(settings["model"].get("name", "")),
        "lr": settings["optimizer"]["lr"],
        "weight_decay": settings["optimizer"]["weight_decay"],
        "seed": settings["seed"],
    }
    final = {f"final/{key}": value for key, value in metrics.items() if value is not None}
    for earlier in folder.glob(f"*{ROW}"):
        earlier.unlink()
    with SummaryWriter(str(folder), filename_suffix=ROW) as writer:
        for summary in hparams(chosen, final):  # type: ignore[no-untyped-call]
            writer._get_file_writer().add_summary(summary)  # add_hparams makes a folder instead
        for key, value in final.items():
            writer.add_scalar(key, value, 0)
