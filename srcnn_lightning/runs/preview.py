"""What a run would do, and how long that would take: `check=true` trains nothing."""

import traceback

from srcnn_lightning.console import duration, print_line
from srcnn_lightning.errors import BadInput, ExitRequested, exit_if_signalled, one_line
from srcnn_lightning.runs import gpu_slots
from srcnn_lightning.runs.cases import Copy, Skip, find_case
from srcnn_lightning.runs.outcome import Outcome
from srcnn_lightning.runs.plan import Plan
from srcnn_lightning.runs.recording import outcome_of


def preview(plan: Plan) -> Outcome:
    """Print what a run consists of, what is done of it already, and the time that is left.

    Returns:
        The outcome: `skipped` for a run that is done, `checked` for one with work left, whose
        `seconds` are the time that it will take.

    Raises:
        BadInput: a setting or file that the run would end with.
    """
    case = find_case(plan)
    if isinstance(case, Skip):
        print_line(f"{plan.label}: done before, would be skipped")
        return outcome_of(plan, "skipped", case.record)
    if isinstance(case, Copy):
        print_line(f"{plan.label}: done before, would be copied from {case.original}")
        return outcome_of(plan, "skipped")

    from srcnn_lightning.training.checkpoints import find_resume
    from srcnn_lightning.training.trial import try_out

    config = plan.config
    epochs = config.trainer.max_epochs
    lineage = plan.identity.lineage
    resume = None if config.rerun else find_resume(plan.folder, lineage, epochs, sets_aside=False)
    done = resume.epochs if resume else 0
    try:
        with gpu_slots.acquire_gpu(config.trainer, plan.label) as gpu:
            trial = try_out(config, plan.source, plan.split, gpu)
    except (BadInput, ExitRequested):
        raise
    except Exception as error:  # a network of one's own may do anything
        exit_if_signalled()
        last = traceback.extract_tb(error.__traceback__)[-1]
        print_line(
            f"{plan.label}: would fail, {one_line(error)} ({last.filename}, line {last.lineno})"
        )
        return outcome_of(plan, "would fail", note=type(error).__name__)
    seconds = trial.seconds(epochs - done)
    split, data = plan.split, config.data
    operations = (
        f", {trial.multiply_adds / 1e9:,.2f} G multiply-adds for an output of 1280x720"
        if trial.multiply_adds
        else ""
    )
    height, width = trial.target_size
    state = f"goes on after epoch {done}" if done else "not trained yet"
    lines = [
        f"{plan.label}: {state}",
        f"  network    {trial.parameters:,} parameters{operations}",
        f"  images     {len(split.train)} train, {len(split.val)} val, {len(split.test)} test; "
        f"{'patches' if data.patch_size else 'targets'} of {height}x{width} pixels",
    ]
    if trial.step_s is not None:
        lines += [
            f"  training   {epochs:,} epoch{'s' * (epochs != 1)} of {trial.epoch_steps:,} batches "
            f"of {data.batch_size}, on {trial.device}",
            f"  time       {trial.step_s:.3f} s a batch, {trial.validation_s:.2f} s a validation: "
            f"{duration(seconds)}",
        ]
    lines.append(f"  memory     {trial.memory_mb:,.0f} MB at the peak of this process")
    for line in lines:
        print_line(line)
    return Outcome("checked", plan.label, str(plan.folder), seconds=seconds)
