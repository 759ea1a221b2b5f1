"""A run that is trained: its components, its folder, its checkpoint, and its end."""

from contextlib import suppress

from srcnn_lightning import files
from srcnn_lightning.console import print_line
from srcnn_lightning.errors import BadInput, ExitRequested, disk_error, exit_if_signalled
from srcnn_lightning.runs import gpu_slots
from srcnn_lightning.runs.cases import find_checkpoint, make_room
from srcnn_lightning.runs.outcome import Outcome
from srcnn_lightning.runs.plan import Plan
from srcnn_lightning.runs.recording import log_results, outcome_of, record_failure, record_result
from srcnn_lightning.training import fit, loggers, processes
from srcnn_lightning.training.checkpoints import Resume, find_resume
from srcnn_lightning.training.components import Components, build
from srcnn_lightning.training.progress import SweepPosition


def train(plan: Plan, position: SweepPosition | None) -> Outcome:
    """Train, test and record; an exception of the run itself becomes a failed outcome.

    Args:
        plan: the run.
        position: position of the job in its sweep, for the progress bar.

    Raises:
        BadInput: a setting, file or disk that the user can put right.
    """
    resume, components = None, None
    is_folder_ready = False
    try:
        files.remove_temporary_files(plan.folder)
        resume = find_checkpoint(plan)
        with gpu_slots.acquire_gpu(plan.config.trainer, plan.label) as gpu:
            components = _build(plan, resume, gpu, position)
            components.data.prepare()
            components.data.check_sizes(components.task.is_trainable)
            make_room(plan, resume)
            is_folder_ready = True
            test_images = {s: plan.output_dir / one for s, one in plan.test_images.items()}
            result = fit.fit_and_test(components, test_images)
        log_results(plan, components.loggers, result.metrics)
        outcome = record_result(plan, result)
        components.checkpoints.forget_previous()
    except (BadInput, ExitRequested):
        raise
    except (Exception, SystemExit) as error:
        if components:
            with suppress(Exception):  # the run's own exception is what is recorded
                loggers.close(components.loggers, "failed")
        exit_if_signalled()
        if disk_error(error, plan.output_dir):
            raise
        if not is_folder_ready:
            make_room(plan, resume)
        return record_failure(plan, error, components.history.epochs if components else [])
    print_line(f"{plan.label}: {result.sentence()}")
    _print_debugging(plan, result)
    return outcome


def _print_debugging(plan: Plan, result: fit.Result) -> None:
    """What `debug=overfit` and `debug=profile` are for."""
    if plan.config.trainer.overfit_batches and result.history:
        first, last = (result.history[place]["train_loss"] for place in (0, -1))
        print_line(f"  training loss of the repeated batches: {first:.2g} at first, now {last:.2g}")
    for path in sorted(plan.folder.glob("*profile*.txt")):
        print_line(f"  {path}")


def train_beside(plan: Plan) -> Outcome:
    """Train in a process beside the one that holds the locks, tests and writes (trainer=ddp)."""
    processes.watch_parent()
    resume = find_resume(plan.folder, plan.identity.lineage, plan.config.trainer.max_epochs)
    components = _build(plan, resume)
    components.data.prepare()
    fit.fit(components)
    return outcome_of(plan, "finished")


def _build(
    plan: Plan,
    resume: Resume | None,
    gpu: int | None = None,
    position: SweepPosition | None = None,
) -> Components:
    return build(
        plan.config,
        plan.source,
        plan.split,
        plan.folder,
        lineage=plan.identity.lineage,
        label=plan.folder.name,
        resume=resume,
        gpu=gpu,
        position=position,
    )
