"""Train, test the best checkpoint, leave what a run leaves."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import TensorBoardLogger

from srcnn_lightning.errors import BadInput, disk_error
from srcnn_lightning.inference.network import load_checkpoint
from srcnn_lightning.runs.plan import Plan
from srcnn_lightning.training import environment, images, processes, tensorboard
from srcnn_lightning.training.checkpoints import BEST, FOLDER
from srcnn_lightning.training.components import Components, tester
from srcnn_lightning.training.history import scalars
from srcnn_lightning.training.image_callbacks import log_images
from srcnn_lightning.training.task import SuperResolution, summarize


@dataclass
class Result:
    """What a run found out; its fields are part of the run record."""

    status: str
    metrics: dict[str, float | None]
    history: list[dict[str, float]]
    per_image: list[dict[str, Any]]
    parameters: int
    epochs: int
    resumed_after: int | None
    environment: dict[str, Any]
    durations: dict[str, float]

    def sentence(self) -> str:
        """For the terminal."""
        if self.status == "diverged":
            return f"diverged at epoch {self.epochs} (its loss is not finite)"
        return (
            f"val {self.metrics['max_val_psnr']:.3f} dB, test {self.metrics['test_psnr']:.3f} dB, "
            f"{self.durations['fit_s']:.0f} s"
        )


def fit(components: Components, plan: Plan) -> None:
    """Train, from the checkpoint to go on from where there is one."""
    path = str(components.resume.path) if components.resume else None
    threads = plan.settings["trainer"]["threads"]
    with processes.launch(components.trainer.world_size, threads):
        tensorboard.write_layout(components.trainer.loggers)
        components.trainer.fit(components.task, components.data, ckpt_path=path, weights_only=True)


def fit_and_test(components: Components, plan: Plan) -> Result:
    """Train, test the best checkpoint by val PSNR, leave pictures and events in the folder."""
    task, trainer, history = components.task, components.trainer, components.history
    settings, folder = plan.settings, plan.folder
    started = time.monotonic()
    metrics: dict[str, float | None]
    if task.is_trainable:
        fit(components, plan)
        best = history.best()
        metrics = {"max_val_psnr": best.get("val_psnr"), "val_loss": best.get("val_loss")}
    else:
        metrics = _validate_baseline(components, settings["trainer"]["max_epochs"])
    fitted = time.monotonic()
    per_image: list[dict[str, Any]] = []
    if not history.diverged:
        if task.is_trainable:
            _load_best(task, folder / FOLDER / BEST)
        tester(components, settings["trainer"]).test(task, components.data, verbose=False)
        table = task.test_table()
        metrics |= summarize(table)
        per_image = [
            {"name": image, **{key: values[index] for key, values in table.items()}}
            for index, image in enumerate(components.data.split.test)
        ]
        _leave_pictures(components, plan, table["psnr"])
    for logger in trainer.loggers:
        logger.finalize("success")
    if any(isinstance(logger, TensorBoardLogger) for logger in trainer.loggers):
        tensorboard.write_hyperparameters(folder, plan.hyperparameters, metrics)
    return Result(
        status="diverged" if history.diverged else "finished",
        metrics=metrics,
        history=history.epochs,
        per_image=per_image,
        parameters=sum(p.numel() for p in task.network.parameters() if p.requires_grad),
        epochs=len(history.epochs),
        resumed_after=components.resume.epochs if components.resume else None,
        environment=environment.describe(
            trainer.strategy.root_device, settings["trainer"]["precision"]
        ),
        durations={
            "fit_s": round(components.checkpoints.seconds_before + fitted - started, 3),
            "test_s": round(time.monotonic() - fitted, 3),
        },
    )


def _load_best(task: SuperResolution, path: Path) -> None:
    try:
        task.load_state_dict(load_checkpoint(path)["state_dict"])
    except Exception as error:  # torch names no type for a file that is none of its own
        if disk_error(error):
            raise
        raise BadInput(
            f"{path}: it is no checkpoint of this run, or a damaged one; rerun=true trains the run "
            "again."
        ) from error


def _validate_baseline(components: Components, epochs: int) -> dict[str, float | None]:
    """One pass over the validation images, drawn as a horizontal line beside the curves."""
    trainer = components.trainer
    trainer.validate(components.task, components.data, verbose=False)
    tensorboard.write_layout(trainer.loggers)  # the logger begins another file after a validation
    loss, psnr = (float(trainer.callback_metrics[f"val/{name}"]) for name in ("loss", "psnr"))
    figures = scalars({"val_loss": loss, "val_psnr": psnr})
    for logger in trainer.loggers:
        for epoch in (1, epochs):
            logger.log_metrics(figures, step=epoch)
    log_images(trainer, components.task, epoch=1)
    return {"max_val_psnr": psnr, "val_loss": loss}


def _leave_pictures(components: Components, plan: Plan, psnr: list[float]) -> None:
    names, outputs = components.data.split.test, components.test_pictures.outputs
    pairs, folder = components.data.pairs["test"], plan.folder
    images.write_outputs(folder / "pictures", names, outputs)
    lr, hr = pairs[list(range(min(images.COMPARED, len(names))))]
    images.write_comparison(folder / "comparison.png", names, lr, outputs, hr, psnr)
    images.write_test_images(
        plan.output_dir / plan.test_images, names, pairs.hr, plan.settings["degradation"]
    )
