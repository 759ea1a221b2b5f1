"""What a run leaves of itself: its record, and its outcome for the sweep."""

import traceback
from datetime import UTC, datetime
from typing import Any

from srcnn_lightning import files, run_record
from srcnn_lightning.console import print_line
from srcnn_lightning.run_record import RESULTS_VERSION, VERSION_KEY, RunRecord
from srcnn_lightning.runs import store
from srcnn_lightning.runs.outcome import Outcome
from srcnn_lightning.runs.plan import Plan

TRACEBACK = "traceback.txt"


def recorded_plan(plan: Plan) -> dict[str, Any]:
    """The part of a record that says what was planned, whatever became of it."""
    return {
        "name": plan.name,
        "experiment": plan.config.experiment_name,
        "variant": plan.config.variant,
        "data": plan.source.name,
        "data_hash": plan.data_hash,
        "test_images": plan.test_images,
        "hash": plan.identity.hash,
        "lineage": plan.identity.lineage,
        VERSION_KEY: RESULTS_VERSION,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "config": plan.settings,
        "split": plan.split.as_dict(),
    }


def record_result(plan: Plan, result: dict[str, Any]) -> Outcome:
    """Write the record of a run that has ended as planned, or diverged.

    Args:
        plan: the run.
        result: fields of the record that the training has found.
    """
    # The note comes first: a note without a record leads nowhere, and a kill loses no note.
    store.note_finished(plan.output_dir, plan.identity.hash, plan.folder)
    run_record.write(plan.folder, RunRecord(**recorded_plan(plan), **result))
    (plan.folder / TRACEBACK).unlink(missing_ok=True)
    return outcome_of(plan, result["status"], result)


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
