"""Files, folders and patterns that pictures are read from, and the files that they become."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from srcnn_lightning.data.image_folders import EXTENSIONS, TYPES
from srcnn_lightning.errors import BadInput


@dataclass(frozen=True)
class InputFile:
    """A picture's file.

    Attributes:
        path: path of the file.
        folder: folder that was given, below which the file lies; None for a file that was given
            itself.
    """

    path: Path
    folder: Path | None = None


@dataclass(frozen=True)
class Job:
    """A picture's file, and the file that it becomes."""

    source: Path
    output: Path


def list_inputs(given: Sequence[str]) -> list[InputFile]:
    """The files that are meant, each once, sorted in each folder.

    Args:
        given: files, folders, which are searched with all below them, and patterns such as
            `photos/*.png`.

    Raises:
        BadInput: there is no such file or folder, no picture in a folder, or a pattern fits none.
    """
    found: dict[Path, InputFile] = {}
    for text in given:
        path = Path(text).expanduser()
        _check_name(path, text)
        if path.is_dir():
            files = _below(path)
        elif path.is_file():
            files = [InputFile(path)]
        elif not path.exists() and glob.has_magic(text):
            files = _fitting(str(path))
        elif path.exists():
            raise BadInput(f"{text}: it is neither a file nor a folder; give an image.")
        else:
            raise BadInput(f"{text}: there is no such file; give an image or a folder.")
        for file in files:
            found.setdefault(file.path.resolve(), file)
    return list(found.values())


def _below(folder: Path) -> list[InputFile]:
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise BadInput(
            f"{folder}: it cannot be read ({error.strerror}); give a folder that can."
        ) from error
    files = [
        InputFile(path, folder)
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in EXTENSIONS
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not files:
        raise BadInput(f"{folder}: it holds no images ({TYPES}); give a folder of images.")
    return files


def _fitting(pattern: str) -> list[InputFile]:
    files: list[InputFile] = []
    for path in map(Path, sorted(glob.glob(pattern, recursive=True))):  # noqa: PTH207 - absolute too
        if path.is_dir():
            continue
        if path.suffix.lower() in EXTENSIONS:
            files.append(InputFile(path))
    if not files:
        raise BadInput(f"{pattern}: no image fits it ({TYPES}); give another pattern.")
    return files


def check_output(files: Sequence[InputFile], output: str | None) -> None:
    """Refuse an `--output` that does not fit the inputs, before any of them is read.

    Args:
        files: inputs.
        output: folder, or file for a single input; None: the default.

    Raises:
        BadInput: it lies in a folder of the inputs, its ending is no type's, or it is one file for
            several; or an input's own ending is no type's.
    """
    if output is not None:
        _check_name(Path(output), f"--output={output}")
    if output is not None and _names_file(output):
        path = Path(output)
        if path.suffix.lower() not in EXTENSIONS:
            raise BadInput(
                f"--output={output}: {path.suffix} is no type that is written; end it in .png, "
                ".jpg, .webp, .tif or .bmp, or in / for a folder."
            )
        if len(files) > 1 or files[0].folder:
            raise BadInput(
                f"--output={output}: it is one file, and the inputs are {len(files)} and their "
                "folders; give a folder."
            )
        if path.exists() and path.samefile(files[0].path):
            raise BadInput(f"--output={output}: it is the image itself; give another file.")
        if path.exists() and not path.is_file():  # a rename would replace a device
            raise BadInput(f"--output={output}: it is no file; give another one.")
        return
    for file in files:
        if file.path.suffix.lower() not in EXTENSIONS:
            raise BadInput(
                f"{file.path}: its ending is none of the types that are written; name one by "
                "--output=FILE.png."
            )
    for folder in {file.folder for file in files if file.folder and output is not None}:
        if Path(str(output)).resolve().is_relative_to(folder.resolve()):
            raise BadInput(
                f"--output={output}: it lies in the input folder {folder}, whose next reading "
                "would take results for inputs; give a folder outside it."
            )


def make_jobs(files: Sequence[InputFile], output: str | None, scale: int) -> list[Job]:
    """The output of each input: `NAME_x2.EXT`.

    It lies in the current folder for a file, in `DIR_x2` beside it for a folder DIR, or below
    `--output`, in the tree of the input folder. Inputs that are outputs of others are left out.

    Args:
        files: inputs that `check_output` takes.
        output: as for `check_output`.
        scale: factor between the sides of output and input.

    Raises:
        BadInput: two inputs would become one file.
    """
    if output is not None and _names_file(output):
        return [Job(files[0].path, Path(output))]
    jobs: dict[Path, Job] = {}
    for file in files:
        if output is not None:
            folder = Path(output)
        elif file.folder:
            whole = file.folder.resolve()
            folder = file.folder.parent if file.folder.name else whole.parent
            folder /= f"{whole.name}_x{scale}"
        else:
            folder = Path()
        if file.folder:
            folder /= file.path.relative_to(file.folder).parent
        target = folder / f"{file.path.stem}_x{scale}{file.path.suffix}"
        other = jobs.setdefault(target.resolve(), Job(file.path, target))
        if other.source != file.path:
            raise BadInput(
                f"{file.path}: it would become {target}, as {other.source} does; upscale them into "
                "two folders."
            )
    return [job for job in jobs.values() if job.source.resolve() not in jobs]


def _check_name(path: Path, given: str) -> None:
    """Refuse a name that the system cannot look up, as one that is too long."""
    try:
        path.exists()
    except OSError as error:
        raise BadInput(f"{given}: it is no usable name ({error.strerror}).") from error


def _names_file(output: str) -> bool:
    """Whether `--output` is a file: it has an ending, and is no folder."""
    return bool(Path(output).suffix) and output[-1] not in "/\\" and not Path(output).is_dir()
