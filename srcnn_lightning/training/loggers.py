"""The loggers of a run: Lightning's classes, which get the run's folder, settings and results."""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from csv import DictReader
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import (
    CSVLogger,
    Logger,
    MLFlowLogger,
    TensorBoardLogger,
    WandbLogger,
)
from lightning.pytorch.utilities import rank_zero_only
from PIL import Image

from srcnn_lightning import arguments, files
from srcnn_lightning.errors import BadInput, disk_error, one_line
from srcnn_lightning.training import mlflow_runs, tensorboard

CSV_FILE = "metrics.csv"
RUN_IDS = "logger_runs.json"  # by logger, the name of this run on its server
# Arguments that the program gives.
SUPPLIED = {
    TensorBoardLogger: tensorboard.SUPPLIED,
    CSVLogger: ("save_dir", "name", "version"),
    WandbLogger: ("save_dir", "name", "id"),
    MLFlowLogger: ("run_name", "run_id"),
}
EXTRAS = {WandbLogger: "wandb", MLFlowLogger: "mlflow"}


def check_arguments(settings: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a class that cannot be imported, and arguments that it does not take.

    Args:
        settings: for each logger `_target_` and arguments.

    Raises:
        BadInput: the first such setting.
    """
    for name, given in settings.items():
        group = f"logger.{name}"
        logger_class = arguments.locate(str(given["_target_"]), f"{group}._target_")
        own = {key: value for key, value in given.items() if key != "_target_"}
        if logger_class is MLFlowLogger and own.get("tracking_uri") is None:
            own.pop("tracking_uri", None)  # `mlflow_runs` gives it
        arguments.check(group, logger_class, own, SUPPLIED.get(logger_class, ("save_dir",)))
        if logger_class is TensorBoardLogger:
            tensorboard.check_writer_arguments(group, own)


def make_loggers(
    settings: Mapping[str, Mapping[str, Any]], outputs: Path, folder: Path, epochs: int = 0
) -> dict[str, Logger]:
    """The loggers of a run by their names.

    Args:
        settings: for each logger `_target_` and arguments.
        outputs: folder of all runs.
        folder: folder of the run.
        epochs: epochs that an earlier process has done. A logger of a server goes on with that
            process's run; TensorBoard ignores what a killed process wrote beyond them.

    Raises:
        BadInput: a class that is not installed, or an argument that it does not take.
    """
    check_arguments(settings)
    run_ids = _read_run_ids(folder) if epochs else {}
    loggers = {}
    for name, given in settings.items():
        own = {key: value for key, value in given.items() if key != "_target_"}
        logger_class = arguments.locate(str(given["_target_"]), f"logger.{name}._target_")
        with _said(name, logger_class), _opening(logger_class, outputs):
            if logger_class is MLFlowLogger:
                uri = own.pop("tracking_uri", None)
                own |= mlflow_runs.supplied_arguments(uri, outputs, folder, run_ids.get(name))
            else:
                own |= _supplied(logger_class, folder, run_ids.get(name), epochs)
            logger = logger_class(**own)
        if not isinstance(logger, Logger):
            raise BadInput(
                f"logger.{name}._target_={given['_target_']}: it is no logger of Lightning; give "
                "a class derived from lightning.pytorch.loggers.Logger."
            )
        if isinstance(logger, WandbLogger):  # wandb warns of it, and no one has given it
            logger._wandb_init.pop("anonymous", None)
        loggers[name] = logger
    return loggers


def _supplied(logger_class: Any, folder: Path, run_id: str | None, epochs: int) -> dict[str, Any]:
    """The arguments that the program gives itself."""
    if logger_class is TensorBoardLogger:
        return tensorboard.supplied_arguments(folder, epochs)
    if logger_class is CSVLogger:
        return {"save_dir": str(folder), "name": "", "version": ""}
    if logger_class is WandbLogger:
        return {"save_dir": str(folder), "name": folder.name, "id": run_id}
    return {"save_dir": str(folder)} if arguments.accepts(logger_class, "save_dir") else {}


def _opening(logger_class: Any, outputs: Path) -> AbstractContextManager[None]:
    is_mlflow = isinstance(logger_class, type) and issubclass(logger_class, MLFlowLogger)
    return mlflow_runs.store(outputs) if is_mlflow else nullcontext()


@contextmanager
def _said(name: str, logger_class: Any) -> Iterator[None]:
    """Turn the exceptions of a logger that is opened, each of its own, into a sentence."""
    try:
        yield
    except BadInput:
        raise
    except ModuleNotFoundError as error:
        extra = EXTRAS.get(logger_class)
        advice = f"; install the extra, pip install 'srcnn-lightning[{extra}]'" if extra else ""
        raise BadInput(f"logger.{name}: {one_line(error)}{advice}.") from error
    except Exception as error:
        if disk_error(error):
            raise
        raise BadInput(
            f"logger.{name}: it cannot start ({one_line(error)}); put its settings right, or give "
            "logger=tensorboard."
        ) from error


@rank_zero_only
def start(
    loggers: Mapping[str, Logger],
    outputs: Path,
    folder: Path,
    settings: dict[str, Any],
    epochs: int = 0,
) -> None:
    """Open what the loggers write to, and tell them the run's settings.

    Args:
        loggers: loggers by name.
        outputs: folder of all runs.
        folder: folder of the run.
        settings: the run's configuration as plain values.
        epochs: epochs that an earlier process has done.

    Raises:
        BadInput: a server that cannot be reached, or an argument that it refuses.
    """
    run_ids = {}
    for name, logger in loggers.items():
        if isinstance(logger, TensorBoardLogger):
            continue  # its settings are a row that `tensorboard.write_hyperparameters` writes
        earlier = _read_rows(folder, epochs) if isinstance(logger, CSVLogger) else []
        with (
            _said(name, type(logger)),
            _opening(type(logger), outputs),
            warnings.catch_warnings(),
        ):
            # Its file is no other run's: `make_room` has moved that aside.
            warnings.filterwarnings("ignore", "Experiment logs directory .* is not empty")
            if isinstance(logger, MLFlowLogger):
                mlflow_runs.log_settings(logger, settings)
            else:
                logger.log_hyperparams(settings)
        for row in earlier:  # the logger has removed them
            logger.log_metrics(row, step=int(row.pop("step")))
        if isinstance(logger, WandbLogger | MLFlowLogger):
            run_ids[name] = logger.version
    if run_ids:
        files.write_text(folder / RUN_IDS, json.dumps(run_ids))


def log_history(loggers: Mapping[str, Logger], history: Sequence[Mapping[str, float]]) -> None:
    """Log the metrics of epochs that are done."""
    for logger in loggers.values():
        for epoch in history:
            values = {key: value for key, value in epoch.items() if key != "epoch"}
            logger.log_metrics(scalars(values), step=int(epoch["epoch"]))


def log_results(
    loggers: Mapping[str, Logger], metrics: Mapping[str, float | None], epochs: int
) -> None:
    """Log the metrics of a finished run; TensorBoard has them in its row of HParams."""
    final = {f"final/{key}": value for key, value in metrics.items() if value is not None}
    for logger in loggers.values():
        if not isinstance(logger, TensorBoardLogger):
            logger.log_metrics(final, step=epochs)


def takes_images(logger: Logger) -> bool:
    """Whether validation images are logged: to TensorBoard, and where Lightning has a method."""
    return isinstance(logger, TensorBoardLogger) or hasattr(logger, "log_image")


def log_image(logger: Logger, tag: str, image: Image.Image, step: int) -> None:
    """Log an image to a logger that takes images."""
    if isinstance(logger, TensorBoardLogger):
        tensorboard.add_image(logger, tag, image, step)
    else:
        logger.log_image(tag, [image], step)  # type: ignore[attr-defined]


def flush(loggers: Sequence[Logger], folder: Path) -> None:
    """Bring what was logged to the disk, before a checkpoint that says its epochs are done."""
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            tensorboard.sync(logger, folder)
        else:
            logger.save()


@rank_zero_only
def close(loggers: Mapping[str, Logger], status: str = "success") -> None:
    """End the loggers; another run may follow in this process.

    Args:
        loggers: loggers by name.
        status: `success` or `failed`.
    """
    for logger in loggers.values():
        logger.finalize(status)
        if isinstance(logger, WandbLogger):  # it would log the next run as this one
            import wandb

            wandb.finish(exit_code=int(status != "success"))


def scalars(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics of an epoch under their names in a logger, apart from those of `final/`."""
    return {f"epoch/{name}": value for name, value in metrics.items()}


def _read_rows(folder: Path, epochs: int) -> list[dict[str, float]]:
    """What Lightning's CSV logger has written of the epochs that are done."""
    with suppress(OSError, ValueError), (folder / CSV_FILE).open(newline="") as file:
        rows = [
            {key: float(value) for key, value in row.items() if value} for row in DictReader(file)
        ]
        # The results of fewer epochs are not kept.
        return [row for row in rows if row["step"] <= epochs and "final/val_loss" not in row]
    return []


def _read_run_ids(folder: Path) -> dict[str, str]:
    with suppress(OSError, ValueError):
        found: dict[str, str] = json.loads((folder / RUN_IDS).read_text())
        return found
    return {}
