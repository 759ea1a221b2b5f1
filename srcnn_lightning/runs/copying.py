"""A run that another experiment has trained, copied with its pictures and events."""

from pathlib import Path

from srcnn_lightning import run_record
from srcnn_lightning.console import print_line
from srcnn_lightning.runs import store
from srcnn_lightning.runs.cases import difference_from_content
from srcnn_lightning.runs.outcome import Outcome
from srcnn_lightning.runs.plan import Plan
from srcnn_lightning.runs.recording import outcome_of, recorded_plan, scale_folder


def copy_original(plan: Plan, original: Path) -> Outcome | None:
    """Copy a run; None where another process works in its folder, or where it has changed.

    Args:
        plan: the run that is asked for.
        original: folder of the run that is copied.
    """
    from srcnn_lightning.training import tensorboard

    difference = difference_from_content(plan)
    record = store.copy_run(plan.output_dir, original, plan.folder, plan.identity.hash, difference)
    if record is None:
        return None
    if plan.config.logger.get("_target_"):
        tensorboard.write_hyperparameters(plan.folder, plan.hyperparameters, record["metrics"])
    same_as = str(original.relative_to(plan.output_dir))
    run_record.write(plan.folder, {**record, **recorded_plan(plan), "same_as": same_as})
    scales = plan.config.degradation.scales
    for scale in scales if len(scales) > 1 else ():
        of_scale = run_record.read(scale_folder(original, scale)) or {}
        values = {**of_scale, **recorded_plan(plan, scale), "same_as": same_as}
        run_record.write(scale_folder(plan.folder, scale), values)
    print_line(f"{plan.label}: the same as {same_as}, copied from there")
    return outcome_of(plan, "copied", record)
