"""One run: what its plan asks for is skipped, copied, or trained and tested, and recorded."""

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from srcnn_lightning import files, hardware, run_record
from srcnn_lightning.console import print_line
from srcnn_lightning.errors import (
    BadInput,
    ExitRequested,
    disk_error,
    exit_if_signalled,
    output_dir_message,
)
from srcnn_lightning.run_record import RESULTS_VERSION, VERSION_KEY, RunRecord
from srcnn_lightning.runs import gpu_slots, store
from srcnn_lightning.runs.identity import describe_difference, describe_version_difference
from srcnn_lightning.runs.outcome import Outcome
from srcnn_lightning.runs.plan import Plan

if TYPE_CHECKING:
    from srcnn_lightning.training.checkpoints import Resume
    from srcnn_lightning.training.components import Components
    from srcnn_lightning.training.progress import SweepPosition

TRACEBACK = "traceback.txt"


def run(
    plan: Plan,
    position: "SweepPosition | None" = None,
    on_start: Callable[[Outcome], None] = lambda outcome: None,
) -> Outcome:
    """Do what a plan asks for, as far as it is not done yet.

    | what there is | what happens |
    |---|---|
    | the folder holds a finished or diverged run of this identity | it is skipped |
    | another experiment has finished a run of this identity | that run is copied |
    | the folder holds a checkpoint of this lineage, not beyond `max_epochs` | training goes on |
    | anything else, or `rerun=true` | the folder's content is moved aside, training begins |

    Args:
        plan: the run.
        position: place of the job in its sweep, for the progress bar.
        on_start: called with the outcome `stopped` once there is something to do.

    Returns:
        The outcome; `failed` for an exception of the run itself, whose record and traceback are in
        the folder.

    Raises:
        BadInput: a setting, file or disk that the user can put right.
    """
    started = time.monotonic()
    hardware.ignore_foreign_ranks()
    if plan.config.prepare_only:
        return _prepare(plan)
    if hardware.process_rank() > 0:
        return _train_beside(plan)
    outcome = _skip(plan)
    if outcome is None:
        store.check_writable(plan.config.output_dir)
        on_start(_outcome(plan, "stopped"))
        with (
            _disk_errors_as_bad_input(plan),
            store.lock_run(plan.output_dir, plan.folder, plan.label),
            store.lock_run(plan.output_dir, plan.identity.hash, plan.label),
        ):
            # Another process may have trained it while this one waited.
            outcome = _skip(plan) or _copy(plan) or _train(plan, position)
    return replace(outcome, seconds=time.monotonic() - started)


def _prepare(plan: Plan) -> Outcome:
    """Decode and resize the images, and train nothing."""
    from srcnn_lightning.data.targets import load_targets

    source, split, data = plan.source, plan.split, plan.config.data
    load_targets(source, split, data, plan.config.degradation)
    print_line(
        f"{source.name}: {len(split.names)} images are ready "
        f"({len(split.train)} train, {len(split.val)} val, {len(split.test)} test), "
        f"prepared in {data.cache_dir}"
    )
    return _outcome(plan, "finished")


def _skip(plan: Plan) -> Outcome | None:
    """Leave a finished run as it is; None where there is none."""
    record = store.finished_record(plan.folder, plan.identity.hash)
    if record is None or plan.config.rerun:
        return None
    print_line(f"{plan.label}: done before, skipped (rerun=true trains it again)")
    return _outcome(plan, "skipped", record)


def _copy(plan: Plan) -> Outcome | None:
    """Take over what another experiment has trained; None where there is nothing to take."""
    if plan.config.rerun:
        return None
    original = store.find_finished(plan.output_dir, plan.identity.hash)
    has_logger = bool(plan.config.logger.get("_target_"))
    if original is None or (has_logger and not store.has_events(original)):
        return None

    from srcnn_lightning.training import tensorboard

    why = _difference_from_content(plan)
    record = store.copy_run(plan.output_dir, original, plan.folder, plan.identity.hash, why)
    if record is None:
        return None
    if has_logger:
        tensorboard.write_hyperparameters(plan.folder, plan.hyperparameters, record["metrics"])
    same_as = str(original.relative_to(plan.output_dir))
    run_record.write(plan.folder, {**record, **_recorded_plan(plan), "same_as": same_as})
    print_line(f"{plan.label}: the same as {same_as}, copied from there")
    return _outcome(plan, "copied", record)


def _train(plan: Plan, position: "SweepPosition | None") -> Outcome:
    """Train, test and record; an exception of the run itself becomes a failed outcome."""
    from srcnn_lightning.training import fit, tensorboard

    resume, components = None, None
    is_folder_ready = False
    try:
        files.remove_temporary_files(plan.folder)
        resume = _find_resume(plan)
        with gpu_slots.acquire_gpu(plan.config.trainer, plan.label) as gpu:
            components = _build(plan, resume, gpu, position)
            components.data.prepare()
            _make_room(plan, resume)
            is_folder_ready = True
            result = fit.fit_and_test(components, plan.output_dir / plan.test_images)
        if fit.has_events(components):
            tensorboard.write_hyperparameters(plan.folder, plan.hyperparameters, result.metrics)
        # Before the record: a note without a record leads nowhere, and a kill loses no note.
        store.note_finished(plan.output_dir, plan.identity.hash, plan.folder)
        run_record.write(plan.folder, RunRecord(**_recorded_plan(plan), **vars(result)))
        (plan.folder / TRACEBACK).unlink(missing_ok=True)
        components.checkpoints.forget_previous()
    except (BadInput, ExitRequested):
        raise
    except (Exception, SystemExit) as error:
        exit_if_signalled()
        if disk_error(error, plan.output_dir):
            raise
        if not is_folder_ready:
            _make_room(plan, resume)
        return _record_failure(plan, error, components)
    print_line(f"{plan.label}: {result.sentence()}")
    return _outcome(plan, result.status, vars(result))


def _train_beside(plan: Plan) -> Outcome:
    """Train in a process beside the one that holds the locks, tests and writes (trainer=ddp)."""
    from srcnn_lightning.training import processes

    processes.watch_parent()
    from srcnn_lightning.training import fit
    from srcnn_lightning.training.checkpoints import find_resume

    resume = find_resume(plan.folder, plan.identity.lineage, plan.config.trainer.max_epochs)
    components = _build(plan, resume)
    components.data.prepare()
    fit.fit(components)
    return _outcome(plan, "finished")


def _build(
    plan: Plan,
    resume: "Resume | None",
    gpu: int | None = None,
    position: "SweepPosition | None" = None,
) -> "Components":
    from srcnn_lightning.training.components import build

    return build(
        plan.config,
        plan.source,
        plan.split,
        plan.folder,
        lineage=plan.identity.lineage,
        label=plan.name,
        resume=resume,
        gpu=gpu,
        position=position,
    )


def _find_resume(plan: Plan) -> "Resume | None":
    """The checkpoint that training goes on from; damaged files are set aside."""
    if plan.config.rerun:
        return None

    from srcnn_lightning.training.checkpoints import find_resume

    store.set_damaged_record_aside(plan.folder)
    store.copy_checkpoints(plan.output_dir, plan.folder, plan.identity.lineage)
    return find_resume(plan.folder, plan.identity.lineage, plan.config.trainer.max_epochs)


def _make_room(plan: Plan, resume: "Resume | None") -> None:
    """Move aside what the folder holds, or rename the record of fewer epochs."""
    if resume is None:
        store.move_aside(plan.folder, _difference_from_content(plan))
        return
    record = run_record.read(plan.folder)
    if record is not None and record.get("status") in store.DONE:
        path = plan.folder / run_record.FILE_NAME
        path.rename(path.with_name(f"metrics-{record.get('epochs', resume.epochs)}-epochs.json"))
    print_line(f"{plan.label}: goes on after epoch {resume.epochs}")


def _difference_from_content(plan: Plan) -> str:
    """What makes the planned run another than the one in its folder, ` (seed=0, now 1)`."""
    from srcnn_lightning.training.checkpoints import last_state

    try:
        record = run_record.read(plan.folder)
    except ValueError:
        return ""
    difference = ""
    if record is None:  # a run that was stopped leaves checkpoints alone
        state = last_state(plan.folder)
        difference = describe_version_difference(state) if state else ""
    elif record.get("hash") != plan.identity.hash:
        difference = describe_difference(record, plan.settings)
    return f" ({difference})" if difference else ""


def _record_failure(plan: Plan, error: BaseException, components: "Components | None") -> Outcome:
    """Leave the traceback and a record that says `failed`; called while the error is handled."""
    history = components.history.epochs if components else []
    files.write_text(plan.folder / TRACEBACK, traceback.format_exc())
    failure: dict[str, Any] = {"status": "failed", "error": f"{error!r}", "history": history}
    run_record.write(plan.folder, RunRecord(**_recorded_plan(plan), **failure))
    print_line(f"{plan.label}: failed, {error!r}; see {plan.folder / TRACEBACK}")
    return _outcome(plan, "failed", note=f"{type(error).__name__}, see {TRACEBACK}")


def _recorded_plan(plan: Plan) -> dict[str, Any]:
    """What a record says of its run whatever became of it."""
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


def _outcome(
    plan: Plan, status: str, record: dict[str, Any] | None = None, note: str = ""
) -> Outcome:
    """The outcome of a plan, with the val PSNR of a record; a diverged run's best epoch is none."""
    record = record or {}
    val_psnr = record.get("metrics", {}).get("max_val_psnr")
    if record.get("status") == "diverged":
        val_psnr = None
        note = "" if status == "diverged" else "diverged before"
    return Outcome(status, plan.label, str(plan.folder), val_psnr, note)


@contextmanager
def _disk_errors_as_bad_input(plan: Plan) -> Iterator[None]:
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        cause = disk_error(error, plan.output_dir)
        if cause is None:
            raise
        raise BadInput(output_dir_message(plan.config.output_dir, cause)) from error
