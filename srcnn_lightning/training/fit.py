"""Training and test of a run: the result, and the pictures and events that it leaves."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from srcnn_lightning.errors import BadInput, disk_error
from srcnn_lightning.models.checkpoint import load_checkpoint
from srcnn_lightning.training import environment, loggers, processes, tensorboard
from srcnn_lightning.training.checkpoints import BEST, FOLDER
from srcnn_lightning.training.components import Components, build_tester
from srcnn_lightning.training.image_callbacks import log_images
from srcnn_lightning.training.task import SuperResolution
from srcnn_lightning.training.testing import ScaleResult, run_test


@dataclass
class Result:
    """Results of a run; the fields but the last are part of the run record (`run_record`).

    Attributes:
        by_scale: results of the test by each scale; empty for a run that diverged. The metrics of
            the test among `metrics` are means over them.
    """

    status: str
    metrics: dict[str, float | None]
    history: list[dict[str, float]]
    parameters: int
    epochs: int
    resumed_after: int | None
    environment: dict[str, Any]
    durations: dict[str, float]
    by_scale: dict[int, ScaleResult]

    def sentence(self) -> str:
        """One line for the terminal."""
        if self.status == "diverged":
            return f"diverged at epoch {self.epochs} (its loss is not finite)"
        return (
            f"val {self.metrics['max_val_psnr']:.3f} dB, test {self.metrics['test_psnr']:.3f} dB, "
            f"{self.durations['fit_s']:.0f} s"
        )


def fit(components: Components) -> None:
    """Train, from the checkpoint to go on from where there is one."""
    trainer, resume = components.trainer, components.resume
    with processes.launch(trainer.world_size, components.config.trainer.threads or 1):
        _start_loggers(components)
        tensorboard.write_layout(trainer.loggers)
        trainer.fit(
            components.task,
            components.data,
            ckpt_path=str(resume.path) if resume else None,
            weights_only=True,
        )


def fit_and_test(components: Components, test_images: Mapping[int, Path]) -> Result:
    """Train, test the best checkpoint by the monitor, leave pictures and events in the folder.

    Args:
        components: components of the run.
        test_images: by scale, the folder of the test images' targets, for all runs that share them.
    """
    task, trainer, history = components.task, components.trainer, components.history
    started = time.monotonic()
    if task.is_trainable:
        fit(components)
        metrics = history.metrics()
    else:
        metrics = _validate_baseline(components)
    fitted = time.monotonic()
    by_scale: dict[int, ScaleResult] = {}
    if not history.diverged:
        if task.is_trainable:
            _load_best(task, components.folder / FOLDER / BEST)
        tester = build_tester(components)
        for scale, folder in test_images.items():
            is_one = len(test_images) == 1
            pictures = components.folder / ("" if is_one else f"x{scale}")
            by_scale[scale] = run_test(components, tester, scale, pictures, folder)
    tested = time.monotonic()
    parameters = (one for one in task.network.parameters() if one.requires_grad)
    return Result(
        status="diverged" if history.diverged else "finished",
        metrics={**_means([one.metrics for one in by_scale.values()]), **metrics},
        history=history.epochs,
        parameters=sum(one.numel() for one in parameters),
        epochs=len(history.epochs),
        resumed_after=components.resume.epochs if components.resume else None,
        environment=environment.describe(
            trainer.strategy.root_device, components.config.trainer.precision
        ),
        durations={
            "fit_s": round(components.checkpoints.seconds_before + fitted - started, 3),
            "test_s": round(tested - fitted, 3),
        },
        by_scale=by_scale,
    )


def _means(metrics: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """The mean of each metric of the test over the scales."""
    names = [name for name in (metrics[0] if metrics else ()) if name.startswith("test_")]
    return {name: fmean(one[name] for one in metrics) for name in names}


def _start_loggers(components: Components) -> None:
    epochs = components.resume.epochs if components.resume else 0
    config, folder = components.config, components.folder
    loggers.start(components.loggers, config.output_folder, folder, asdict(config), epochs)


def _load_best(task: SuperResolution, path: Path) -> None:
    try:
        task.load_state_dict(load_checkpoint(path)["state_dict"])
    except Exception as error:  # torch has no exception of its own for a foreign file
        if disk_error(error):
            raise
        raise BadInput(
            f"{path}: it is no checkpoint of this run, or a damaged one; rerun=true trains the run "
            "again."
        ) from error


def _validate_baseline(components: Components) -> dict[str, float | None]:
    """Validate a network that has nothing to learn; its values become horizontal lines."""
    trainer = components.trainer
    _start_loggers(components)
    trainer.validate(components.task, components.data, verbose=False)
    tensorboard.write_layout(trainer.loggers)  # the logger begins a new file after a validation
    loss, psnr = (float(trainer.callback_metrics[f"val/{name}"]) for name in ("loss", "psnr"))
    values = loggers.scalars({"val_loss": loss, "val_psnr": psnr})
    for logger in trainer.loggers:
        for epoch in (1, components.config.trainer.max_epochs):
            logger.log_metrics(values, step=epoch)
    log_images(trainer, components.task, epoch=1)
    return {"max_val_psnr": psnr, "val_loss": loss}
