"""The folders that runs live in: one process at a time, and nothing lost that lies there.

Beside the runs, `output_dir/.state/` holds locks and, for each hash, where a finished run with it
lies. It can be deleted at any time; runs are then no longer found across experiments.
"""

import shutil
from contextlib import AbstractContextManager
from pathlib import Path

from srcnn_lightning import files, run_record
from srcnn_lightning.console import print_line
from srcnn_lightning.errors import BadInput
from srcnn_lightning.files import set_aside

STATE = ".state"
DONE = ("finished", "diverged")
EVENTS = "*tfevents*"
FIRST_FILES = (EVENTS, "hparams.yaml")  # what there is before the first epoch has ended


def lock_run(output_dir: Path, key: str | Path, label: str) -> AbstractContextManager[None]:
    """Hold what `key` names for this process alone; the system frees it when the process dies.

    Args:
        output_dir: of the runs.
        key: a run's folder or a hash.
        label: of the run that would wait, for a line that says so.
    """
    return files.locked(_lock_file(output_dir, key), f"{label}: another process is at it, waiting")


def _lock_file(output_dir: Path, key: str | Path) -> Path:
    if isinstance(key, Path):  # the same however output_dir is spelled
        key = str(key.relative_to(output_dir))
    folder = output_dir / STATE / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{files.digest(key)}.lock"


def finished_record(folder: Path, digest: str) -> run_record.Record | None:
    """The record of a finished or diverged run with this hash, where the folder holds one."""
    try:
        found = run_record.read(folder)
    except ValueError:
        return None
    if found is None or found.get("hash") != digest or found.get("status") not in DONE:
        return None
    return found if isinstance(found.get("metrics"), dict) else None


def note_finished(output_dir: Path, digest: str, folder: Path) -> None:
    """Note where the run with this hash lies, for other experiments that ask for it."""
    files.write_text(_note(output_dir, digest), str(folder.relative_to(output_dir)))


def find_finished(output_dir: Path, digest: str) -> Path | None:
    """The folder of a finished run with this hash, in whatever experiment."""
    try:
        folder = files.path_below(output_dir, _note(output_dir, digest).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    found = finished_record(folder, digest) if folder else None
    # A copy leads to the run that has the checkpoints.
    return folder if found is not None and "same_as" not in found else None


def copy_run(
    output_dir: Path, original: Path, folder: Path, digest: str, why: str
) -> run_record.Record | None:
    """What a run shows, without its checkpoints and without the record, which is written last.

    Args:
        output_dir: of the runs.
        original: the folder of the run.
        folder: of the copy.
        digest: the run's hash.
        why: what lies in the copy's folder is not used, for `clear`.

    Returns:
        The original's record; None where another process is at work there, or it has changed.
    """
    from filelock import FileLock, Timeout

    # Not waited for: whoever holds it may be waiting for this one.
    held = FileLock(_lock_file(output_dir, original))
    try:
        held.acquire(timeout=0)
    except Timeout:
        return None
    try:
        found = finished_record(original, digest)
        if found is not None:
            move_aside(folder, why)
            hidden = shutil.ignore_patterns("checkpoints", "metrics*.json", "*.hparams", ".*")
            shutil.copytree(original, folder, dirs_exist_ok=True, ignore=hidden)
        return found
    finally:
        held.release()


def copy_checkpoints(output_dir: Path, folder: Path, lineage: str) -> None:
    """Give a copy the checkpoints of the run it was copied from, so that it can go on from them.

    Args:
        output_dir: of the runs.
        folder: that may hold a copy.
        lineage: of the run that is asked for there.
    """
    try:
        found = run_record.read(folder) or {}
    except ValueError:
        return
    if "same_as" not in found or found.get("lineage") != lineage:
        return
    original = files.path_below(output_dir, found["same_as"])
    if original is None:
        print_line(
            f"{folder}: same_as={found['same_as']} lies outside {output_dir}, so it is left out"
        )
    elif finished_record(original, found["hash"]) and not (folder / "checkpoints").exists():
        temporary = folder / ".checkpoints"
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.copytree(original / "checkpoints", temporary)
        temporary.rename(folder / "checkpoints")


def has_events(folder: Path) -> bool:
    """Whether TensorBoard would find a run there."""
    return any(folder.glob(EVENTS))


def move_aside(folder: Path, why: str = "") -> None:
    """Move what an earlier run left there aside, into a hidden folder: nothing is lost.

    Args:
        folder: of the run.
        why: it is not used, for a line that says so.
    """
    leftovers = list(folder.glob("*"))
    if all(any(path.match(name) for name in FIRST_FILES) for path in leftovers):
        for path in leftovers:  # of a run that was stopped in its first epoch
            path.unlink()
    if folder.is_dir() and any(folder.iterdir()):
        aside = set_aside(folder, folder.parent / ".replaced")
        for events in aside.glob(EVENTS):  # TensorBoard would draw them beside the new ones
            events.rename(aside / events.name.replace("tfevents", "replaced"))
        print_line(f"{folder}: what was there before is kept in {aside}{why}")
    folder.mkdir(parents=True, exist_ok=True)


def _note(output_dir: Path, digest: str) -> Path:
    return output_dir / STATE / "runs" / digest


def resolve_checkpoint(given: str, setting: str = "") -> Path:
    """The file that a user means: itself, or the best checkpoint of a run's folder.

    Args:
        given: a checkpoint or a run's folder.
        setting: that asks for it, `init_from=`, for the sentence.

    Raises:
        BadInput: there is none.
    """
    if not given:
        raise BadInput(f"{setting}: give a run's folder or a checkpoint's path, or leave it out.")
    path = Path(given).expanduser()
    if path.is_dir():
        folder = _original(given, setting, path) or path
        path = folder / "checkpoints/best.ckpt"
        if (folder / run_record.FILE_NAME).is_file() and not path.is_file():
            raise BadInput(f"{setting}{given}: this run has no checkpoint; give a network's run.")
    if not path.is_file():
        raise BadInput(
            f"{setting}{given}: there is no {path}; give a run's folder or a checkpoint's path."
        )
    return path


def _original(given: str, setting: str, folder: Path) -> Path | None:
    """A copy's record names the run that has the checkpoints, from its output_dir on."""
    try:
        found = run_record.read(folder) or {}
    except ValueError:
        return None
    if "same_as" not in found or (folder / "checkpoints").is_dir():
        return None
    output_dir = [*folder.resolve().parents][:3][-1]
    original = files.path_below(output_dir, found["same_as"])
    if original is None:
        raise BadInput(
            f"{setting}{given}: its record has same_as={found['same_as']}, which lies outside "
            f"{output_dir}; give a checkpoint's path, or a run that has checkpoints of its own."
        )
    if finished_record(original, str(found.get("hash"))) is None:
        raise BadInput(
            f"{setting}{given}: it was copied from {original}, which holds another run by now; "
            "give a checkpoint's path, or a run that has checkpoints of its own."
        )
    return original
