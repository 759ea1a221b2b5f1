"""What a run leaves of itself: its record, and its outcome for the sweep."""

import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcnn_lightning import files, run_record
from srcnn_lightning.console import print_line
from srcnn_lightning.files import digest
from srcnn_lightning.run_record import RESULTS_VERSION, VERSION_KEY, RunRecord
from srcnn_lightning.runs import store
from srcnn_lightning.runs.outcome import Outcome
from srcnn_lightning.runs.plan import Plan

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

    from srcnn_lightning.training.fit import Result

TRACEBACK = "traceback.txt"


def recorded_plan(plan: Plan, scale: int | None = None) -> dict[str, Any]:
    """The part of a record that says what was planned, whatever became of it.

    Args:
        plan: the run.
        scale: one of several scales, whose results have a record of their own.
    """
    config, scales = plan.settings, plan.config.degradation.scales
    if scale is not None:
        config["degradation"]["scale"] = scale
        scales = [scale]
    return {
        "name": plan.name,
        "experiment": plan.config.experiment_name,
        "variant": plan.config.variant,
        "data": plan.source.name,
        "data_hash": plan.data_hash,
        # A run of several scales has no test images of its own.
        **({"test_images": plan.test_images[scales[0]]} if len(scales) == 1 else {}),
        "hash": plan.identity.hash if scale is None else digest([plan.identity.hash, scale]),
        "lineage": plan.identity.lineage,
        VERSION_KEY: RESULTS_VERSION,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "config": config,
        "split": plan.split.as_dict(),
    }


def record_result(plan: Plan, result: "Result") -> Outcome:
    """Write the record of a run that has ended as planned, or diverged.

    A network of several scales has a record for each of them too, in the folders `x2` and so on.
    """
    found = {key: value for key, value in vars(result).items() if key != "by_scale"}
    if len(plan.config.degradation.scales) == 1:
        for one in result.by_scale.values():
            found |= {"per_image": one.per_image, "cost": one.cost}
    else:
        for scale, one in result.by_scale.items():
            values = {**recorded_plan(plan, scale), **found, **vars(one)}
            run_record.write(scale_folder(plan.folder, scale), RunRecord(**values))
        found["per_image"] = []
    # The note comes first: a note without a record leads nowhere, and a kill loses no note.
    store.note_finished(plan.output_dir, plan.identity.hash, plan.folder)
    run_record.write(plan.folder, RunRecord(**recorded_plan(plan), **found))
    (plan.folder / TRACEBACK).unlink(missing_ok=True)
    return outcome_of(plan, found["status"], found)


def log_results(
    plan: Plan, run_loggers: "Mapping[str, Logger]", metrics: Mapping[str, float | None]
) -> None:
    """Tell the loggers of a run its results, and end them."""
    from srcnn_lightning.training import loggers, tensorboard

    if plan.config.logs_to_tensorboard:
        tensorboard.write_hyperparameters(plan.folder, plan.hyperparameters, metrics)
    loggers.log_results(run_loggers, metrics, plan.config.trainer.max_epochs)
    loggers.close(run_loggers)


def scale_folder(folder: Path, scale: int) -> Path:
    """The folder of the results of one of several scales, in the folder of the run."""
    return folder / f"x{scale}"


def record_failure(plan: Plan, error: BaseException, history: list[dict[str, float]]) -> Outcome:
    """Write the traceback and a record that says `failed`; called while the error is handled.

    Args:
        plan: the run.
        error: exception that ended the run.
        history: metrics of the epochs before.
    """
    files.write_text(plan.folder / TRACEBACK, traceback.format_exc())
    failure: dict[str, Any] = {"status": "failed", "error": f"{error!r}", "history": history}
    run_record.write(plan.folder, RunRecord(**recorded_plan(plan), **failure))
    print_line(f"{plan.label}: failed, {error!r}; see {plan.folder / TRACEBACK}")
    return outcome_of(plan, "failed", note=f"{type(error).__name__}, see {TRACEBACK}")


def outcome_of(
    plan: Plan, status: str, record: dict[str, Any] | None = None, note: str = ""
) -> Outcome:
    """The outcome of a plan, with the val PSNR of a record.

    Args:
        plan: the run.
        status: status of the job (`Outcome`).
        record: record of the run; a diverged run's best epoch is no result.
        note: addition for the sweep's table.
    """
    record = record or {}
    val_psnr = record.get("metrics", {}).get("max_val_psnr")
    if record.get("status") == "diverged":
        val_psnr = None
        note = "" if status == "diverged" else "diverged before"
    return Outcome(status, plan.label, str(plan.folder), val_psnr, note)
