"""Training and test of a run: the result, and the pictures and events that it leaves."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from srcnn_lightning.errors import BadInput, disk_error
from srcnn_lightning.models import cost
from srcnn_lightning.models.checkpoint import load_checkpoint
from srcnn_lightning.training import environment, images, processes, tensorboard
from srcnn_lightning.training.checkpoints import BEST, FOLDER
from srcnn_lightning.training.components import Components, build_tester
from srcnn_lightning.training.history import scalars
from srcnn_lightning.training.image_callbacks import log_images
from srcnn_lightning.training.task import SuperResolution, summarize


@dataclass
class Result:
    """Results of a run; the fields are part of the run record (`run_record`)."""

    status: str
    metrics: dict[str, float | None]
    history: list[dict[str, float]]
    per_image: list[dict[str, Any]]
    parameters: int
    cost: dict[str, float]
    epochs: int
    resumed_after: int | None
    environment: dict[str, Any]
    durations: dict[str, float]

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
        tensorboard.write_layout(trainer.loggers)
        trainer.fit(
            components.task,
            components.data,
            ckpt_path=str(resume.path) if resume else None,
            weights_only=True,
        )


def fit_and_test(components: Components, test_images: Path) -> Result:
    """Train, test the best checkpoint by the monitor, leave pictures and events in the folder.

    Args:
        components: components of the run.
        test_images: folder of the test images' targets, for all runs that share them.
    """
    task, trainer, history = components.task, components.trainer, components.history
    started = time.monotonic()
    metrics: dict[str, float | None]
    if task.is_trainable:
        fit(components)
        best = history.best()
        metrics = {"max_val_psnr": history.max_val_psnr(), "val_loss": best.get("val_loss")}
    else:
        metrics = _validate_baseline(components)
    tested = fitted = time.monotonic()
    per_image: list[dict[str, Any]] = []
    image_cost: dict[str, float] = {**cost.count_operations(task.network, task.scale)}
    if not history.diverged:
        if task.is_trainable:
            _load_best(task, components.folder / FOLDER / BEST)
        tester = build_tester(components)
        tester.test(task, components.data, verbose=False)
        table = task.test_table()
        metrics |= summarize(table)
        columns = [
            dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)
        ]
        # trainer.limit_test_batches may end the test before the last image.
        per_image = [
            {"name": name, **values}
            for name, values in zip(components.data.split.test, columns, strict=False)
        ]
        _write_pictures(components, test_images, table["psnr"])
        tested = time.monotonic()
        image_cost["seconds_per_megapixel"] = _seconds_per_megapixel(components, tester)
    for logger in trainer.loggers:
        logger.finalize("success")
    parameters = (one for one in task.network.parameters() if one.requires_grad)
    return Result(
        status="diverged" if history.diverged else "finished",
        metrics=metrics,
        history=history.epochs,
        per_image=per_image,
        parameters=sum(one.numel() for one in parameters),
        cost=image_cost,
        epochs=len(history.epochs),
        resumed_after=components.resume.epochs if components.resume else None,
        environment=environment.describe(
            trainer.strategy.root_device, components.config.trainer.precision
        ),
        durations={
            "fit_s": round(components.checkpoints.seconds_before + fitted - started, 3),
            "test_s": round(tested - fitted, 3),
        },
    )


def logs_to_tensorboard(components: Components) -> bool:
    """Whether the run logs to TensorBoard."""
    return any(isinstance(logger, TensorBoardLogger) for logger in components.trainer.loggers)


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
    trainer.validate(components.task, components.data, verbose=False)
    tensorboard.write_layout(trainer.loggers)  # the logger begins a new file after a validation
    loss, psnr = (float(trainer.callback_metrics[f"val/{name}"]) for name in ("loss", "psnr"))
    values = scalars({"val_loss": loss, "val_psnr": psnr})
    for logger in trainer.loggers:
        for epoch in (1, components.config.trainer.max_epochs):
            logger.log_metrics(values, step=epoch)
    log_images(trainer, components.task, epoch=1)
    return {"max_val_psnr": psnr, "val_loss": loss}


def _seconds_per_megapixel(components: Components, tester: Trainer) -> float:
    """Time of inference on the first test image, in the run's precision, on its device."""
    device, precision = tester.strategy.root_device, tester.precision_plugin
    image = next(iter(components.data.test_dataloader()))[0][:1].to(device)
    with precision.test_step_context():
        return cost.seconds_per_megapixel(components.task.network.to(device).eval(), image)


def _write_pictures(components: Components, test_images: Path, psnr: list[float]) -> None:
    outputs, pairs = components.test_outputs.outputs, components.data.pairs["test"]
    names = components.data.split.test[: len(outputs)]
    images.write_outputs(components.folder / "pictures", names, outputs)
    compared = [pairs[[index]] for index in range(min(images.COMPARED, len(names)))]
    images.write_comparison(components.folder / "comparison.png", names, compared, outputs, psnr)
    images.write_test_images(
        test_images, components.data.split.test, pairs.hr, components.config.degradation
    )
