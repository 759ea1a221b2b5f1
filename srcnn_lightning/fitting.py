"""Assemble the parts of a run, train the best checkpoint, test it."""

import logging
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.loggers import Logger
from PIL import Image

from srcnn_lightning import callbacks, environment, models
from srcnn_lightning.data.module import SuperResolutionData
from srcnn_lightning.data.sources import Source
from srcnn_lightning.data.split import Split
from srcnn_lightning.errors import BadInput
from srcnn_lightning.task import SuperResolution, summarize


@dataclass
class Parts:
    """What a run is made of."""

    task: SuperResolution
    data: SuperResolutionData


@dataclass
class Result:
    """What a run found out."""

    status: str
    metrics: dict[str, float | None]
    history: list[dict[str, float]]
    per_image: list[dict[str, Any]]
    parameters: int
    epochs: int
    environment: dict[str, Any]
    durations: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For the run record."""
        return {key: value for key, value in vars(self).items() if key != "durations"}

    def sentence(self) -> str:
        """For the terminal."""
        if self.status == "diverged":
            return f"diverged at epoch {self.epochs} (its loss is not finite)"
        figures = self.metrics
        return (
            f"val {figures['max_val_psnr']:.3f} dB, test {figures['test_psnr']:.3f} dB, "
            f"{self.durations['fit_s']:.0f} s"
        )


def assemble(settings: dict[str, Any], source: Source, split: Split) -> Parts:
    """Build the network and the data of a run; nothing is read or written yet.

    Raises:
        BadInput: a setting that one of the parts refuses.
    """
    trainer = settings["trainer"]
    environment.check_accelerator(trainer["accelerator"])
    _reset_process(settings)
    degradation = settings["degradation"]
    data = SuperResolutionData(
        source,
        split,
        settings["data"],
        degradation,
        kernel=str(settings["model"].get("kernel", "bicubic")),
        seed=int(settings["seed"]),
    )
    network = models.network_settings(
        settings["model"], bool(degradation["antialias"]), int(degradation["scale"])
    )
    torch.manual_seed(int(settings["seed"]))
    task = SuperResolution(network, settings["optimizer"], int(degradation["scale"]))
    return Parts(task.to(memory_format=torch.channels_last), data)


def _reset_process(settings: dict[str, Any]) -> None:
    """One process runs all jobs of a sweep; nothing may leak from one into the next."""
    environment.keep_freed_memory()
    threads = settings["trainer"]["threads"] or environment.ALL_THREADS
    torch.set_num_threads(threads)
    deterministic = settings["trainer"]["deterministic"]
    torch.use_deterministic_algorithms(bool(deterministic))
    torch.set_float32_matmul_precision("highest")


def fit_and_test(parts: Parts, settings: dict[str, Any], folder: Path, name: str) -> Result:
    """Train, test the checkpoint with the best val PSNR, and leave pictures and events in `folder`."""
    history = callbacks.History()
    test_pictures = callbacks.TestPictures()
    logger = _logger(settings["logger"], folder)
    best, last = _checkpoints(folder / "checkpoints")
    trainer = _trainer(
        settings["trainer"],
        logger,
        [
            history,
            callbacks.EpochProgress(name, history),
            callbacks.ValidationPictures(),
            test_pictures,
            best,
            last,
        ],
        folder,
    )
    durations = {}
    started = time.monotonic()
    if parts.task.is_trained:
        trainer.fit(parts.task, parts.data)
        best_figures = history.best()
        max_val_psnr = best_figures.get("val_psnr")
    else:
        max_val_psnr = _validate_baseline(trainer, parts, settings, logger)
    durations["fit_s"] = round(time.monotonic() - started, 3)

    started = time.monotonic()
    metrics: dict[str, float | None] = {"max_val_psnr": max_val_psnr}
    per_image: list[dict[str, Any]] = []
    if not history.diverged:
        if parts.task.is_trained:
            checkpoint = torch.load(best.best_model_path, weights_only=True, map_location="cpu")
            parts.task.load_state_dict(checkpoint["state_dict"])
        trainer.test(parts.task, parts.data, verbose=False)
        table = parts.task.test_table()
        metrics |= summarize(table)
        per_image = [
            {"name": image, **{key: values[index] for key, values in table.items()}}
            for index, image in enumerate(parts.data.split.test)
        ]
        _write_pictures(folder / "pictures", parts.data.split.test, test_pictures.outputs)
        _log_hyperparameters(logger, settings, metrics)
    durations["test_s"] = round(time.monotonic() - started, 3)
    if logger:
        logger.finalize("success")
    return Result(
        status="diverged" if history.diverged else "finished",
        metrics=metrics,
        history=history.epochs,
        per_image=per_image,
        parameters=sum(p.numel() for p in parts.task.network.parameters() if p.requires_grad),
        epochs=len(history.epochs),
        environment=environment.describe(
            trainer.strategy.root_device, settings["trainer"]["precision"]
        ),
        durations=durations,
    )


def _logger(settings: dict[str, Any], folder: Path) -> Logger | None:
    from hydra.utils import instantiate

    if not settings.get("_target_"):
        return None
    logger: Logger = instantiate(settings, save_dir=str(folder))
    return logger


def _checkpoints(folder: Path) -> tuple[ModelCheckpoint, ModelCheckpoint]:
    """`best.ckpt` by val PSNR, `last.ckpt` after each epoch."""
    common: dict[str, Any] = {
        "dirpath": folder,
        "enable_version_counter": False,
        # After the epoch's history is written, so that a checkpoint knows its own epoch.
        "save_on_train_epoch_end": True,
    }
    best = ModelCheckpoint(filename="best", monitor="val/psnr", mode="max", **common)
    last = ModelCheckpoint(filename="last", **common)
    return best, last


def _trainer(
    settings: dict[str, Any], logger: Logger | None, watching: list[Callback], folder: Path
) -> Trainer:
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # tips and device notices
    # The data lies on the device: there is nothing for workers to do.
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    # Lightning's own leftover: torch deprecated the class its tree functions are built on.
    warnings.filterwarnings("ignore", ".*isinstance\\(treespec, LeafSpec\\).*")
    try:
        return Trainer(
            accelerator=settings["accelerator"],
            devices=1,
            precision=settings["precision"],
            max_epochs=settings["max_epochs"],
            deterministic=settings["deterministic"],
            logger=logger or False,
            callbacks=watching,
            default_root_dir=folder,
            num_sanity_val_steps=0,
            log_every_n_steps=0,  # History logs each epoch; nothing is logged in between
            enable_progress_bar=False,
            enable_model_summary=False,
        )
    except ValueError as error:
        raise BadInput(f"trainer: {error}") from error


def _validate_baseline(
    trainer: Trainer, parts: Parts, settings: dict[str, Any], logger: Logger | None
) -> float:
    """One pass over the validation images, drawn as a horizontal line beside the curves."""
    trainer.validate(parts.task, parts.data, verbose=False)
    figures = {key: float(value) for key, value in trainer.callback_metrics.items()}
    if logger:
        for epoch in (1, settings["trainer"]["max_epochs"]):
            logger.log_metrics(figures, step=epoch)
        callbacks.show(trainer, parts.task, epoch=1)
    return figures["val/psnr"]


def _write_pictures(folder: Path, names: list[str], outputs: list[torch.Tensor]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stems = [Path(name).stem for name in names]
    for name, stem, output in zip(names, stems, outputs, strict=True):
        unique = stem if stems.count(stem) == 1 else name
        Image.fromarray(output.permute(1, 2, 0).numpy()).save(folder / f"{unique}.png")


def _log_hyperparameters(
    logger: Logger | None, settings: dict[str, Any], metrics: dict[str, float | None]
) -> None:
    """One row in TensorBoard's HParams tab: what was chosen and what came of it."""
    from lightning.pytorch.loggers import TensorBoardLogger

    if not isinstance(logger, TensorBoardLogger):
        return
    model = {key: value for key, value in settings["model"].items() if key != "_target_"}
    chosen = {
        "variant": settings["variant"] or "",
        "seed": settings["seed"],
        "degradation": settings["degradation"]["name"],
        "batch_size": settings["data"]["batch_size"],
        "max_epochs": settings["trainer"]["max_epochs"],
        "lr": settings["optimizer"]["lr"],
        "weight_decay": settings["optimizer"]["weight_decay"],
        **{f"model.{key}": str(value) for key, value in model.items()},
    }
    final = {f"final/{key}": value for key, value in metrics.items() if value is not None}
    logger.log_hyperparams(chosen, final)
