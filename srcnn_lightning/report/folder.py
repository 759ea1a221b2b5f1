"""The report's folder: replaced as a whole, without losing what somebody else keeps in it."""

import json
import shutil
import tempfile
from pathlib import Path

from srcnn_lightning.errors import BadInput
from srcnn_lightning.files import atomic_write, digest, locked

LIST = ".report.json"  # the files that a report has written: what the next one may replace


def check(folder: Path) -> None:
    """Refuse what a report may not replace, before anything is computed.

    Raises:
        BadInput: there is a file of that name, or a folder that holds other things than a report.
    """
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"--output={folder}: it is a file; give a folder.")
    if folder.resolve() == Path.cwd():
        raise BadInput(f"--output={folder}: it is the folder you are in; give another one.")
    if folder.is_dir() and any(folder.iterdir()) and LIST not in _written(folder):
        raise BadInput(
            f"--output={folder}: it holds files that no report has written; give an empty folder, "
            "or one that is not there yet."
        )


def replace(folder: Path, files: dict[str, bytes]) -> None:
    """Write a report where the last one was, all of it or nothing.

    Args:
        folder: folder of the report. Files in it that no report has written stay.
        files: content by path below the folder.

    Raises:
        OSError: the disk refuses; the last report is as it was.
    """
    folder = folder.resolve()  # a link stays one
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh, aside = (folder.with_name(f".{folder.name}.{kind}") for kind in ("new", "old"))
    lock = Path(tempfile.gettempdir()) / f"report-{digest(str(folder))}.lock"
    with locked(lock, f"{folder}: another report is being written there, waiting"):
        _recover(folder, fresh, aside)
        check(folder)
        try:
            for name, content in {**files, LIST: json.dumps([*files, LIST]).encode()}.items():
                with atomic_write(fresh / name) as file:
                    file.write(content)
            if folder.exists():
                _keep_foreign(folder, fresh)
                folder.rename(aside)
            fresh.rename(folder)
        finally:
            _recover(folder, fresh, aside)


def _recover(folder: Path, fresh: Path, aside: Path) -> None:
    """Put the last report back after an error or a kill, and remove what is half written."""
    if aside.exists() and not folder.exists():
        aside.rename(folder)
    for path in (fresh, aside):
        shutil.rmtree(path, ignore_errors=True)


def _written(folder: Path) -> set[str]:
    """The names of the files that the last report has written; empty without its list."""
    try:
        names = json.loads((folder / LIST).read_text())
    except (FileNotFoundError, ValueError):
        return set()
    return set(map(str, names)) if isinstance(names, list) else set()


def _keep_foreign(folder: Path, fresh: Path) -> None:
    """Copy what the last report has not written, unless this one has a file of that name."""
    written = _written(folder)
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        is_folder = path.is_dir() and not path.is_symlink()
        if name.as_posix() in written or is_folder or (fresh / name).exists():
            continue
        (fresh / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, fresh / name, follow_symlinks=False)
