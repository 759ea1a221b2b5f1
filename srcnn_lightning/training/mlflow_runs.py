"""What MLflow's logger needs beside its arguments: a store, which is made once, and its run."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import MLFlowLogger

from srcnn_lightning import files

DATABASE = "mlflow.db"  # below output_dir, for all runs
RETRIES = "2"  # of a request to a server; MLflow's 7 take minutes


@contextmanager
def store(outputs: Path) -> Iterator[None]:
    """Within it, no other process makes MLflow's tables and experiments below `outputs`.

    Two processes that make them at once leave them half made.
    """
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", RETRIES)
    import mlflow  # noqa: F401  it sets its level anew

    # The terminal has one line for each run.
    for name in ("mlflow", "alembic", "lightning.pytorch.loggers.mlflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
    lock = outputs / ".state/locks/mlflow.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with files.locked(lock, "mlflow: another process is opening its store, waiting"):
        yield


def supplied_arguments(
    tracking_uri: str | None, outputs: Path, folder: Path, run_id: str | None
) -> dict[str, Any]:
    """The arguments of MLflow's logger that the program gives itself.

    Args:
        tracking_uri: a server, or another store; None: a file below `outputs`.
        outputs: folder of all runs.
        folder: folder of the run.
        run_id: MLflow's name of a run to go on with; one that the store has lost begins anew.
    """
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    uri = tracking_uri or f"sqlite:///{(outputs / DATABASE).absolute()}"
    if run_id is not None:
        try:
            MlflowClient(uri).get_run(run_id)
        except MlflowException:
            run_id = None
    return {"tracking_uri": uri, "run_name": folder.name, "run_id": run_id}


def log_settings(logger: MLFlowLogger, settings: dict[str, Any]) -> None:
    """Log the run's settings once: MLflow lets none change."""
    if not logger.experiment.get_run(logger.run_id).data.params:
        logger.log_hyperparams(settings)
