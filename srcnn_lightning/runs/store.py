"""The folders of runs: one process at a time works in a folder, and nothing in it is lost.

Beside the runs, `output_dir/.state/` holds lock files, and for each finished run a note of its hash
and folder. It can be deleted at any time; experiments then find no runs of one another.
"""

import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryFile

from srcnn_lightning import files, run_record
from srcnn_lightning.console import print_line
from srcnn_lightning.errors import BadInput, output_dir_message
from srcnn_lightning.files import set_aside

STATE = ".state"
DONE = ("finished", "diverged")
FIRST_FILES = (run_record.EVENTS, "hparams.yaml")  # before the first epoch has ended


def lock_run(output_dir: Path, key: str | Path, label: str) -> AbstractContextManager[None]:
    """Lock a run for this process; the system frees the lock when the process dies.

    Args:
        output_dir: folder of all runs.
        key: folder or hash of the run.
        label: name of the waiting run, shown in the message.
    """
    return files.locked(_lock_file(output_dir, key), f"{label}: another process is at it, waiting")


def _lock_file(output_dir: Path, key: str | Path) -> Path:
    if isinstance(key, Path):  # the same however output_dir is spelled
        key = str(key.relative_to(output_dir))
    folder = output_dir / STATE / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{files.digest(key)}.lock"


def finished_record(folder: Path, digest: str) -> run_record.Record | None:
    """The record of a finished or diverged run with this hash; None where the folder holds none."""
    try:
        record = run_record.read(folder)
    except ValueError:
        return None
    if record is None or record.get("hash") != digest or record.get("status") not in DONE:
        return None
    return record if isinstance(record.get("metrics"), dict) else None


def note_finished(output_dir: Path, digest: str, folder: Path) -> None:
    """Note the folder of a finished run, for other experiments that ask for the same hash."""
    files.write_text(_note(output_dir, digest), str(folder.relative_to(output_dir)))


def find_finished(output_dir: Path, digest: str) -> Path | None:
    """The folder of a finished run with this hash, in any experiment; None where there is none."""
    try:
        folder = files.path_below(output_dir, _note(output_dir, digest).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    record = finished_record(folder, digest) if folder else None
    # A copy leads to the run that has the checkpoints.
    return folder if record is not None and "same_as" not in record else None


def copy_run(
    output_dir: Path, original: Path, folder: Path, digest: str, difference: str
) -> run_record.Record | None:
    """Copy a run's pictures and events; the caller writes the record last, and checkpoints stay.

    Args:
        output_dir: folder of all runs.
        original: folder of the run.
        folder: folder of the copy.
        digest: hash of the run.
        difference: what makes the run another than the one in `folder`, for `move_aside`.

    Returns:
        The original's record; None where another process works there, or where it has changed or
        is not as a run writes it.
    """
    from filelock import FileLock, Timeout

    # Waiting could deadlock: the process that holds this lock may wait for ours.
    original_lock = FileLock(_lock_file(output_dir, original))
    try:
        original_lock.acquire(timeout=0)
    except Timeout:
        return None
    try:
        record = finished_record(original, digest)
        if record is not None and not _is_valid(record):
            return None
        if record is not None:
            move_aside(folder, difference)
            hidden = shutil.ignore_patterns("checkpoints", "metrics*.json", "*.hparams", ".*")
            shutil.copytree(original, folder, dirs_exist_ok=True, ignore=hidden)
        return record
    finally:
        original_lock.release()


def _is_valid(record: run_record.Record) -> bool:
    try:
        run_record.check(record)
    except ValueError:
        return False
    return True


def copy_checkpoints(output_dir: Path, folder: Path, lineage: str) -> None:
    """Give a copied run the checkpoints of its original, so that training can go on from them.

    Args:
        output_dir: folder of all runs.
        folder: folder that may hold a copied run.
        lineage: lineage of the run that is asked for there.
    """
    try:
        record = run_record.read(folder) or {}
    except ValueError:
        return
    if "same_as" not in record or record.get("lineage") != lineage:
        return
    original = files.path_below(output_dir, record["same_as"])
    if original is None:
        print_line(
            f"{folder}: same_as={record['same_as']} lies outside {output_dir}, so it is left out"
        )
    elif (
        finished_record(original, record["hash"])
        and (original / "checkpoints").is_dir()  # a baseline has none
        and not (folder / "checkpoints").exists()
    ):
        temporary = folder / ".checkpoints"
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.copytree(original / "checkpoints", temporary)
        temporary.rename(folder / "checkpoints")


def set_damaged_record_aside(folder: Path) -> None:
    """Move a record that cannot be read into `damaged/`, and say so."""
    path = folder / run_record.FILE_NAME
    try:
        run_record.load(folder)
    except FileNotFoundError:
        return
    except ValueError as error:
        aside = set_aside(path, path.parent / "damaged")
        print_line(f"{path}: damaged ({error}), kept as {aside}")


def check_writable(output_dir: str) -> None:
    """Make the folder of all runs, and try whether it can be written.

    Raises:
        BadInput: it cannot.
    """
    folder = Path(output_dir).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BadInput(output_dir_message(output_dir, error)) from error


def has_events(folder: Path) -> bool:
    """Whether the folder holds TensorBoard events."""
    return any(folder.glob(run_record.EVENTS))


def move_aside(folder: Path, difference: str = "") -> None:
    """Move what an earlier run left in a folder into the hidden folder `.replaced` beside it.

    Args:
        folder: folder of the run.
        difference: what makes the new run another, ` (seed=0, now 1)`, for the message.
    """
    leftovers = list(folder.glob("*"))
    if all(any(path.match(name) for name in FIRST_FILES) for path in leftovers):
        for path in leftovers:  # a run that was stopped in its first epoch
            path.unlink()
    if folder.is_dir() and any(folder.iterdir()):
        aside = set_aside(folder, folder.parent / ".replaced")
        for events in aside.glob(run_record.EVENTS):  # TensorBoard would draw them
            events.rename(aside / events.name.replace("tfevents", "replaced"))
        print_line(f"{folder}: what was there before is kept in {aside}{difference}")
    folder.mkdir(parents=True, exist_ok=True)


def _note(output_dir: Path, digest: str) -> Path:
    return output_dir / STATE / "runs" / digest


def resolve_checkpoint(given: str, setting: str = "") -> Path:
    """The path of a checkpoint: the given file, or the best checkpoint of a run's folder.

    Args:
        given: checkpoint or run folder, as the user typed it.
        setting: setting that asks for it, `init_from=`, for the sentence.

    Raises:
        BadInput: there is no such checkpoint.
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
    """The folder of the run that a copied run's record names, below their output_dir."""
    try:
        record = run_record.read(folder) or {}
    except ValueError:
        return None
    if "same_as" not in record or (folder / "checkpoints").is_dir():
        return None
    output_dir = [*folder.resolve().parents][:3][-1]
    original = files.path_below(output_dir, record["same_as"])
    if original is None:
        raise BadInput(
            f"{setting}{given}: its record has same_as={record['same_as']}, which lies outside "
            f"{output_dir}; give a checkpoint's path, or a run that has checkpoints of its own."
        )
    if finished_record(original, str(record.get("hash"))) is None:
        raise BadInput(
            f"{setting}{given}: it was copied from {original}, which holds another run by now; "
            "give a checkpoint's path, or a run that has checkpoints of its own."
        )
    return original
