"""A run that another experiment has trained, copied with its pictures and events."""

import shutil
from pathlib import Path

from srcnn_lightning import run_record
from srcnn_lightning.config import TENSORBOARD
from srcnn_lightning.console import print_line
from srcnn_lightning.errors import BadInput
from srcnn_lightning.runs import store
from srcnn_lightning.runs.cases import difference_from_content
from srcnn_lightning.runs.outcome import Outcome
from srcnn_lightning.runs.plan import Plan
from srcnn_lightning.runs.recording import log_results, outcome_of, recorded_plan, scale_folder


def copy_original(plan: Plan, original: Path) -> Outcome | None:
    """Copy a run; None where another process works in its folder, or where it has changed.

    Args:
        plan: the run that is asked for.
        original: folder of the run that is copied.
    """
    from srcnn_lightning.training import loggers

    of_scales = _records_of_scales(plan, original)
    if of_scales is None:
        return None
    difference = difference_from_content(plan)
    record = store.copy_run(plan.output_dir, original, plan.folder, plan.identity.hash, difference)
    if record is None:
        return None
    others = {  # TensorBoard's files are copied
        name: one for name, one in plan.config.logger.items() if one["_target_"] != TENSORBOARD
    }
    try:
        run_loggers = loggers.make_loggers(others, plan.output_dir, plan.folder)
        loggers.start(run_loggers, plan.output_dir, plan.folder, plan.settings)
    except BadInput:
        shutil.rmtree(plan.folder)  # nothing is half copied
        raise
    loggers.log_history(run_loggers, record["history"])
    log_results(plan, run_loggers, record["metrics"])
    same_as = str(original.relative_to(plan.output_dir))
    for scale, of_scale in of_scales.items():
        values = {**of_scale, **recorded_plan(plan, scale), "same_as": same_as}
        run_record.write(scale_folder(plan.folder, scale), values)
    run_record.write(plan.folder, {**record, **recorded_plan(plan), "same_as": same_as})
    print_line(f"{plan.label}: the same as {same_as}, copied from there")
    return outcome_of(plan, "copied", record)


def _records_of_scales(plan: Plan, original: Path) -> dict[int, run_record.Record] | None:
    """The records of several scales; empty for a run of one, None where one is missing."""
    scales = plan.config.degradation.scales
    records = {}
    for scale in scales if len(scales) > 1 else ():
        try:
            found = run_record.read(scale_folder(original, scale))
        except ValueError:
            found = None
        if found is None:
            return None
        records[scale] = found
    return records
