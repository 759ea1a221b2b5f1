"""One run, from configuration to run record: the only place that knows all components."""

import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

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
from srcnn_lightning.runs.checks import check_output_dir
from srcnn_lightning.runs.identity import describe_difference, describe_version_difference
from srcnn_lightning.runs.plan import Plan, make_plan
from srcnn_lightning.sweeps.sweep import Outcome, Place

if TYPE_CHECKING:
    from srcnn_lightning.training.checkpoints import Resume

TRACEBACK = "traceback.txt"


def run(cfg: DictConfig, hydra: DictConfig, place: Place | None = None) -> Outcome:
    """Do what a configuration asks for, as far as it is not done yet.

    A finished run of the same hash is skipped, or copied from another experiment; one that was
    interrupted, or finished with fewer epochs, goes on from its last checkpoint.

    Args:
        cfg: the composed configuration, without Hydra's own part.
        hydra: Hydra's part, for the overrides and choices of this job.
        place: of this job in its sweep, for the progress bar.

    Returns:
        What became of it; `failed` for an exception of the run itself, whose record and traceback
        are in the folder.

    Raises:
        BadInput: a setting, file or disk that the user can put right.
    """
    started = time.monotonic()
    hardware.ignore_foreign_ranks()
    plan = make_plan(cfg, hydra)
    if plan.settings["prepare_only"]:
        return _prepare(plan)
    if hardware.process_rank() > 0:
        return _assist(plan)
    outcome = _skip(plan)
    if outcome is None:
        check_output_dir(str(plan.settings["output_dir"]))
        if place is not None:
            place.sweep.add(place.number, _outcome(plan, "stopped", {}))
        with (
            _disk_sentence(plan),
            store.lock_run(plan.output_dir, plan.folder, plan.label),
            store.lock_run(plan.output_dir, plan.identity.hash, plan.label),
        ):
            # Another process may have trained it while this one waited.
            outcome = _skip(plan) or _copy(plan)
            if outcome is None:
                with gpu_slots.acquire_gpu(plan.settings["trainer"], plan.label):
                    outcome = _train(plan, place)
    return replace(outcome, seconds=time.monotonic() - started)


def _prepare(plan: Plan) -> Outcome:
    from srcnn_lightning.data.targets import load_for_run

    settings, source, split = plan.settings, plan.source, plan.split
    load_for_run(source, split, settings["data"], settings["degradation"])
    print_line(
        f"{source.name}: {len(split.names)} images are ready "
        f"({len(split.train)} train, {len(split.val)} val, {len(split.test)} test), "
        f"prepared in {settings['data']['cache_dir']}"
    )
    return _outcome(plan, "finished", {})


def _skip(plan: Plan) -> Outcome | None:
    if plan.settings["rerun"]:
        return None
    found = store.finished_record(plan.folder, plan.identity.hash)
    if found is None:
        return None
    print_line(f"{plan.label}: done before, skipped (rerun=true trains it again)")
    return _outcome(plan, "skipped", found)


def _copy(plan: Plan) -> Outcome | None:
    """Take over what another experiment has trained."""
    if plan.settings["rerun"]:
        return None
    original = store.find_finished(plan.output_dir, plan.identity.hash)
    shows_events = bool(plan.settings["logger"].get("_target_"))
    if original is None or (shows_events and not store.has_events(original)):
        return None

    from srcnn_lightning.training import tensorboard

    digest, why = plan.identity.hash, _why(plan)
    found = store.copy_run(plan.output_dir, original, plan.folder, digest, why)
    if found is None:
        return None
    if shows_events:
        tensorboard.write_hyperparameters(plan.folder, plan.settings, plan.name, found["metrics"])
    same_as = str(original.relative_to(plan.output_dir))
    run_record.write(plan.folder, {**found, **_identity(plan), "same_as": same_as})
    print_line(f"{plan.label}: the same as {same_as}, copied from there")
    return _outcome(plan, "copied", found)


def _train(plan: Plan, place: Place | None) -> Outcome:
    from srcnn_lightning.training import fit
    from srcnn_lightning.training.checkpoints import find_resume
    from srcnn_lightning.training.components import build

    folder = plan.folder
    components, resume, is_ready = None, None, False
    try:
        files.remove_temporary_files(folder)
        if not plan.settings["rerun"]:
            _set_damaged_record_aside(folder)
            store.copy_checkpoints(plan.output_dir, folder, plan.identity.lineage)
            resume = find_resume(folder, plan.identity.lineage, plan.max_epochs)
        components = build(plan, resume, place)
        components.data.prepare()
        _make_room(plan, resume)
        is_ready = True
        result = fit.fit_and_test(components, plan)
        # Before the record: without one the note leads nowhere, and none is lost by a kill.
        store.note_finished(plan.output_dir, plan.identity.hash, folder)
        run_record.write(folder, RunRecord(**_identity(plan), **vars(result)))
        (folder / TRACEBACK).unlink(missing_ok=True)
        components.checkpoints.forget_previous()
    except (BadInput, ExitRequested):
        raise
    except (Exception, SystemExit) as error:
        exit_if_signalled()
        if disk_error(error, plan.output_dir):
            raise
        if not is_ready:
            _make_room(plan, resume)
        history = components.history.epochs if components else []
        files.write_text(folder / TRACEBACK, traceback.format_exc())
        failed: dict[str, Any] = {"status": "failed", "error": f"{error!r}", "history": history}
        run_record.write(folder, RunRecord(**_identity(plan), **failed))
        print_line(f"{plan.label}: failed, {error!r}; see {folder / TRACEBACK}")
        return _outcome(plan, "failed", {}, f"{type(error).__name__}, see {TRACEBACK}")
    print_line(f"{plan.label}: {result.sentence()}")
    return _outcome(plan, result.status, vars(result))


def _assist(plan: Plan) -> Outcome:
    """Train beside the process that holds the locks, tests and writes (trainer=ddp)."""
    from srcnn_lightning.training import processes

    processes.watch_parent()
    from srcnn_lightning.training import fit
    from srcnn_lightning.training.checkpoints import find_resume
    from srcnn_lightning.training.components import build

    resume = find_resume(plan.folder, plan.identity.lineage, plan.max_epochs)
    components = build(plan, resume)
    components.data.prepare()
    fit.fit(components, plan)
    return _outcome(plan, "finished", {})


def _set_damaged_record_aside(folder: Path) -> None:
    path = folder / run_record.FILE_NAME
    try:
        run_record.load(folder)
    except FileNotFoundError:
        return
    except (ValueError, RecursionError) as error:
        aside = files.set_aside(path, path.parent / "damaged")
        print_line(f"{path}: damaged ({error}), kept as {aside}")


def _make_room(plan: Plan, resume: "Resume | None") -> None:
    """For a run that begins, or that goes on: its record of fewer epochs gets another name."""
    if resume is None:
        store.move_aside(plan.folder, _why(plan))
        return
    found = run_record.read(plan.folder)
    if found is not None and found.get("status") in store.DONE:
        path = plan.folder / run_record.FILE_NAME
        path.rename(path.with_name(f"metrics-{found['epochs']}-epochs.json"))
    print_line(f"{plan.label}: goes on after epoch {resume.epochs}")


def _why(plan: Plan) -> str:
    """What tells the run that lies in the folder from the one that is asked for."""
    from srcnn_lightning.training.checkpoints import last_state

    try:
        found = run_record.read(plan.folder)
    except ValueError:
        return ""
    why = ""
    if found is None:  # a run that was stopped leaves checkpoints alone
        state = last_state(plan.folder)
        why = describe_version_difference(state) if state else ""
    elif found.get("hash") != plan.identity.hash:
        why = describe_difference(found, plan.settings)
    return f" ({why})" if why else ""


def _identity(plan: Plan) -> run_record.Record:
    """What a record says of its run whatever became of it."""
    settings = plan.settings
    return {
        "name": plan.name,
        "experiment": settings["experiment_name"],
        "variant": settings["variant"],
        "data": plan.source.name,
        "data_hash": plan.data_hash,
        "test_images": plan.test_images,
        "hash": plan.identity.hash,
        "lineage": plan.identity.lineage,
        VERSION_KEY: RESULTS_VERSION,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "config": settings,
        "split": plan.split.as_dict(),
    }


def _outcome(plan: Plan, status: str, found: dict[str, Any], note: str = "") -> Outcome:
    val_psnr = found.get("metrics", {}).get("max_val_psnr")
    if "diverged" in (status, found.get("status")):  # its best epoch is not what it came to
        val_psnr, note = None, note or ("diverged before" if status != "diverged" else "")
    return Outcome(status, plan.label, str(plan.folder), val_psnr, note)


@contextmanager
def _disk_sentence(plan: Plan) -> Iterator[None]:
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        cause = disk_error(error, plan.output_dir)
        if cause is None:
            raise
        raise BadInput(output_dir_message(plan.settings["output_dir"], cause)) from error
