"""One run, from configuration to run record: the only place that knows all parts."""

import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from srcnn_lightning import devices, folders, record
from srcnn_lightning.checks import check_output_dir
from srcnn_lightning.errors import (
    BadInput,
    Leaving,
    disk_error,
    folder_sentence,
    leave_if_signalled,
)
from srcnn_lightning.fingerprint import (
    RESULTS_VERSION,
    VERSION_KEY,
    difference,
    version_difference,
)
from srcnn_lightning.progress import say
from srcnn_lightning.report.shape import fault
from srcnn_lightning.request import Request, make_request
from srcnn_lightning.sweeps import gpus
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
    devices.ignore_foreign_ranks()
    request = make_request(cfg, hydra)
    if request.settings["prepare_only"]:
        return _prepare(request)
    if devices.rank() > 0:
        return _assist(request)
    outcome = _skip(request)
    if outcome is None:
        check_output_dir(str(request.settings["output_dir"]))
        if place is not None:
            place.sweep.add(place.number, _outcome(request, "stopped", {}))
        with (
            _disk_sentence(request),
            folders.lock(request.output_dir, request.folder, request.label),
            folders.lock(request.output_dir, request.fingerprint.hash, request.label),
        ):
            # Another process may have trained it while this one waited.
            outcome = _skip(request) or _copy(request)
            if outcome is None:
                with gpus.dealt(request.settings["trainer"], request.label):
                    outcome = _train(request, place)
    return replace(outcome, seconds=time.monotonic() - started)


def _prepare(request: Request) -> Outcome:
    from srcnn_lightning.data.cache import load_for_run

    settings, source, split = request.settings, request.source, request.split
    load_for_run(source, split, settings["data"], settings["degradation"])
    say(
        f"{source.name}: {len(split.names)} images are ready "
        f"({len(split.train)} train, {len(split.val)} val, {len(split.test)} test), "
        f"prepared in {settings['data']['cache_dir']}"
    )
    return _outcome(request, "finished", {})


def _skip(request: Request) -> Outcome | None:
    if request.settings["rerun"]:
        return None
    found = folders.done(request.folder, request.fingerprint.hash)
    if found is None:
        return None
    say(f"{request.label}: done before, skipped (rerun=true trains it again)")
    return _outcome(request, "skipped", found)


def _copy(request: Request) -> Outcome | None:
    """Take over what another experiment has trained."""
    if request.settings["rerun"]:
        return None
    original = folders.shared(request.output_dir, request.fingerprint.hash)
    shows_events = bool(request.settings["logger"].get("_target_"))
    if original is None or (shows_events and not folders.has_events(original)):
        return None

    from srcnn_lightning.training import events

    digest, why = request.fingerprint.hash, _why(request)
    found = folders.copy(request.output_dir, original, request.folder, digest, why)
    if found is None:
        return None
    if shows_events:
        events.write_hyperparameters(
            request.folder, request.settings, request.name, found["metrics"]
        )
    same_as = str(original.relative_to(request.output_dir))
    record.write(request.folder, {**found, **_identity(request), "same_as": same_as})
    say(f"{request.label}: the same as {same_as}, copied from there")
    return _outcome(request, "copied", found)


def _train(request: Request, place: Place | None) -> Outcome:
    from srcnn_lightning.training import fitting
    from srcnn_lightning.training.checkpoints import find_resume
    from srcnn_lightning.training.parts import assemble

    folder = request.folder
    parts, resume, is_ready = None, None, False
    try:
        record.remove_temporary(folder)
        if not request.settings["rerun"]:
            _set_damaged_record_aside(folder)
            folders.bring_checkpoints(request.output_dir, folder, request.fingerprint.lineage)
            resume = find_resume(folder, request.fingerprint.lineage, request.max_epochs)
        parts = assemble(request, resume, place)
        parts.data.prepare()
        _make_room(request, resume)
        is_ready = True
        result = fitting.fit_and_test(parts, request)
        # Before the record: without one the note leads nowhere, and none is lost by a kill.
        folders.remember(request.output_dir, request.fingerprint.hash, folder)
        record.write(folder, {**_identity(request), **vars(result)})
        (folder / TRACEBACK).unlink(missing_ok=True)
        parts.checkpoints.forget_previous()
    except (BadInput, Leaving):
        raise
    except (Exception, SystemExit) as error:
        leave_if_signalled()
        if disk_error(error, request.output_dir):
            raise
        if not is_ready:
            _make_room(request, resume)
        history = parts.history.epochs if parts else []
        record.write_text(folder / TRACEBACK, traceback.format_exc())
        failed = {"status": "failed", "error": f"{error!r}", "history": history}
        record.write(folder, {**_identity(request), **failed})
        say(f"{request.label}: failed, {error!r}; see {folder / TRACEBACK}")
        return _outcome(request, "failed", {}, f"{type(error).__name__}, see {TRACEBACK}")
    say(f"{request.label}: {result.sentence()}")
    return _outcome(request, result.status, vars(result))


def _assist(request: Request) -> Outcome:
    """Train beside the process that holds the locks, tests and writes (trainer=ddp)."""
    from srcnn_lightning.training import processes

    processes.follow()
    from srcnn_lightning.training import fitting
    from srcnn_lightning.training.checkpoints import find_resume
    from srcnn_lightning.training.parts import assemble

    resume = find_resume(request.folder, request.fingerprint.lineage, request.max_epochs)
    parts = assemble(request, resume)
    parts.data.prepare()
    fitting.fit(parts, request)
    return _outcome(request, "finished", {})


def _set_damaged_record_aside(folder: Path) -> None:
    path = folder / record.FILE_NAME
    try:
        found = record.read(folder)
        what = None if found is None else fault(found)
    except (ValueError, RecursionError) as error:
        what = str(error)
    if what is not None:
        aside = folders.set_aside(path, path.parent / "damaged")
        say(f"{path}: damaged ({what}), kept as {aside}")


def _make_room(request: Request, resume: "Resume | None") -> None:
    """For a run that begins, or that goes on: its record of fewer epochs gets another name."""
    if resume is None:
        folders.clear(request.folder, _why(request))
        return
    found = record.read(request.folder)
    if found is not None and found.get("status") in folders.DONE:
        path = request.folder / record.FILE_NAME
        path.rename(path.with_name(f"metrics-{found.get('epochs', resume.epochs)}-epochs.json"))
    say(f"{request.label}: goes on after epoch {resume.epochs}")


def _why(request: Request) -> str:
    """What tells the run that lies in the folder from the one that is asked for."""
    from srcnn_lightning.training.checkpoints import last_state

    try:
        found = record.read(request.folder)
    except ValueError:
        return ""
    why = ""
    if found is None:  # a run that was stopped leaves checkpoints alone
        state = last_state(request.folder)
        why = version_difference(state) if state else ""
    elif found.get("hash") != request.fingerprint.hash:
        why = difference(found, request.settings)
    return f" ({why})" if why else ""


def _identity(request: Request) -> record.Record:
    """What a record says of its run whatever became of it."""
    settings = request.settings
    return {
        "name": request.name,
        "experiment": settings["experiment_name"],
        "variant": settings["variant"],
        "data": request.source.name,
        "data_hash": request.data_hash,
        "test_images": request.test_images,
        "hash": request.fingerprint.hash,
        "lineage": request.fingerprint.lineage,
        VERSION_KEY: RESULTS_VERSION,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "config": settings,
        "split": request.split.as_dict(),
    }


def _outcome(request: Request, status: str, found: dict[str, Any], note: str = "") -> Outcome:
    val_psnr = found.get("metrics", {}).get("max_val_psnr")
    if "diverged" in (status, found.get("status")):  # its best epoch is not what it came to
        val_psnr, note = None, note or ("diverged before" if status != "diverged" else "")
    return Outcome(status, request.label, str(request.folder), val_psnr, note)


@contextmanager
def _disk_sentence(request: Request) -> Iterator[None]:
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        cause = disk_error(error, request.output_dir)
        if cause is None:
            raise
        raise BadInput(folder_sentence(request.settings["output_dir"], cause)) from error
