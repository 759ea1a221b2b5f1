"""One run, from configuration to run record: the only place that knows all parts."""

import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from srcnn_lightning import record
from srcnn_lightning.checks import check_settings, check_variant
from srcnn_lightning.data.sources import Source, open_source
from srcnn_lightning.data.split import Split, make_split, pinned
from srcnn_lightning.errors import BadInput, RunFailed
from srcnn_lightning.naming import run_folder, run_name
from srcnn_lightning.progress import say

RESULTS_VERSION = 1  # raise it when code changes what a configuration gives
# Settings that change where a run is kept or shown, not what it gives.
UNHASHED = (
    "experiment_name",
    "variant",
    "logger",
    "output_dir",
    "name_keys",
    "rerun",
    "prepare_only",
)
# The images' names and identities are hashed, so where they come from need not be.
UNHASHED_DATA = ("name", "root", "cache_dir", "subset", "url", "split_file")


def run(cfg: DictConfig, hydra: DictConfig) -> Path:
    """Do what a configuration asks for, unless its folder holds it already.

    Args:
        cfg: the composed configuration, without Hydra's own part.
        hydra: Hydra's part, for the overrides and choices of this job.

    Returns:
        The run's folder, which `prepare_only` does not make.

    Raises:
        BadInput: a setting or file that the user can put right; nothing was written.
        RunFailed: an exception of the run itself; the record and a traceback are in the folder.
    """
    started = time.monotonic()
    settings: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)  # type: ignore[assignment]
    check_settings(settings)
    check_variant(cfg, hydra)
    source = open_source(settings["data"])
    split = make_split(source.names, settings["data"])
    settings["data"] |= pinned(settings["data"], split)
    source = source.having(split.names)
    default_name = str(settings["model"].get("name", "run"))
    name = run_name(hydra.overrides.task, default_name, settings["name_keys"])
    degradation = settings["degradation"]["name"]
    folder = run_folder(
        settings["output_dir"], settings["experiment_name"], source.name, degradation, name
    )
    if settings["prepare_only"]:
        _prepare(settings, source, split)
        return folder
    label = f"{settings['experiment_name']}/{source.name}-{degradation}/{name}"
    digest = _hash(settings, source, split)
    if not settings["rerun"] and _is_done(folder, digest):
        say(f"{label}: done before, skipped (rerun=true trains it again)")
        return folder

    from srcnn_lightning import fitting

    base = _identity(settings, split, source, name, digest)
    parts, is_cleared = None, False
    try:
        parts = fitting.assemble(settings, source, split, folder, name)
        parts.data.prepare()
        _clear(folder)
        is_cleared = True
        result = fitting.fit_and_test(parts, settings, folder)
        result.durations["total_s"] = round(time.monotonic() - started, 3)
        record.write(folder, {**base, **vars(result)})
    except BadInput:
        raise
    except Exception as error:
        if not is_cleared:
            _clear(folder)
        history = parts.history.epochs if parts else []
        record.write_text(folder / "traceback.txt", traceback.format_exc())
        record.write(
            folder, {**base, "status": "failed", "error": f"{error!r}", "history": history}
        )
        sentence = f"{label}: failed, {error!r}; see {folder / 'traceback.txt'}"
        say(sentence)
        raise RunFailed(sentence) from error
    say(f"{label}: {result.sentence()}")
    return folder


def _prepare(settings: dict[str, Any], source: Source, split: Split) -> None:
    from srcnn_lightning.data.cache import load_for_run

    load_for_run(source, split.names, settings["data"], settings["degradation"])
    say(
        f"{source.name}: {len(split.names)} images are ready "
        f"({len(split.train)} train, {len(split.val)} val, {len(split.test)} test), "
        f"prepared in {settings['data']['cache_dir']}"
    )


def _hash(settings: dict[str, Any], source: Source, split: Split) -> str:
    kept = {key: value for key, value in settings.items() if key not in UNHASHED}
    kept["data"] = {k: v for k, v in settings["data"].items() if k not in UNHASHED_DATA}
    return record.digest([RESULTS_VERSION, kept, _images(source, split)])


def _images(source: Source, split: Split) -> dict[str, list[list[Any]]]:
    """What tells these images and their split from others."""
    return {
        part: [[name, *source.identity[name]] for name in names]
        for part, names in split.as_dict().items()
    }


def _is_done(folder: Path, digest: str) -> bool:
    try:
        previous = record.read(folder)
    except ValueError:
        return False
    return (
        previous is not None
        and previous.get("hash") == digest
        and previous.get("status") in ("finished", "diverged")
    )


def _clear(folder: Path) -> None:
    """Move what an earlier run left there aside, into a hidden folder: nothing is lost."""
    if folder.is_dir() and any(folder.iterdir()):
        stamp = time.strftime("%Y%m%d-%H%M%S")
        aside = folder.parent / ".replaced" / f"{folder.name}-{stamp}"
        number = 1
        while aside.exists():
            aside = aside.with_name(f"{folder.name}-{stamp}-{number}")
            number += 1
        aside.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(aside)
        for events in aside.glob("*tfevents*"):  # TensorBoard would draw them beside the new ones
            events.rename(aside / events.name.replace("tfevents", "replaced"))
        say(f"{folder}: what another run left there is kept in {aside}")
    folder.mkdir(parents=True, exist_ok=True)


def _identity(
    settings: dict[str, Any], split: Split, source: Source, name: str, digest: str
) -> record.Record:
    """What a record says of its run whatever became of it."""
    return {
        "name": name,
        "experiment": settings["experiment_name"],
        "variant": settings["variant"],
        "data": source.name,
        "data_hash": record.digest(_images(source, split)),
        "hash": digest,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "config": settings,
        "split": split.as_dict(),
    }
