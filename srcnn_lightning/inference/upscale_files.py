"""Files of pictures through a network: each whole or not at all, and none twice."""

import hashlib
import mmap
import struct
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from srcnn_lightning import __version__, errors, files
from srcnn_lightning.console import print_line, progress_bar
from srcnn_lightning.errors import BadInput, one_line
from srcnn_lightning.image_io import (
    MOST_PIXELS,
    Picture,
    check_size,
    fitted,
    read_picture,
    write_picture,
)
from srcnn_lightning.inference.comparison import SideBySide
from srcnn_lightning.inference.loading import LoadedNetwork
from srcnn_lightning.inference.picture_paths import Job
from srcnn_lightning.inference.upscale import upscale_by

Report = Callable[[int, int], None]


@dataclass
class Outcome:
    """What has become of some pictures.

    Attributes:
        done: number of pictures that were upscaled.
        skipped: number of pictures whose output was there already.
        failures: a sentence for each picture that was not upscaled.
        pixels: of all outputs that were made.
        seconds: that it took.
    """

    done: int = 0
    skipped: int = 0
    failures: tuple[str, ...] = ()
    pixels: int = 0
    seconds: float = 0.0


class FileUpscaler:
    """Upscales files by one model, and compares it with others."""

    def __init__(
        self, models: Mapping[str, LoadedNetwork], tile: int | None, overwrite: bool
    ) -> None:
        """Take the models.

        Args:
            models: networks of one scale by their names; the first one makes the outputs, and with
                further ones a comparison of all is written beside each.
            tile: longest side of a tile, as for `upscale_picture`.
            overwrite: whether outputs that others have made are replaced.
        """
        self.models = models
        self.tile = tile
        self.overwrite = overwrite

    def run(self, jobs: Sequence[Job]) -> Outcome:
        """Upscale the files, with bars on a terminal and a line for each.

        A picture that cannot be read or upscaled is left out with a sentence on stderr.

        Raises:
            BadInput: an output is there that another model, other settings or another input made,
                and none is replaced; or an output cannot be written.
        """
        outcome, start = Outcome(), time.monotonic()
        missing = self._missing(jobs)
        with progress_bar() as progress:
            bar = progress.add_task("Pictures", total=len(jobs), note="")
            tiles = progress.add_task("Tiles", total=None, note="")
            for job in jobs:
                outputs = missing[job]
                progress.update(tiles, completed=0, total=None, note=job.source.name)
                try:
                    if outputs:
                        made = self._upscale(
                            job,
                            outputs,
                            lambda done, count: progress.update(tiles, completed=done, total=count),
                        )
                        outcome.pixels += made
                        outcome.done += 1
                    else:
                        print_line(f"{job.output}: it is there already")
                        outcome.skipped += 1
                except _NotDone as error:
                    outcome.failures += (str(error),)
                    if len(jobs) > 1:
                        print(error, file=sys.stderr, flush=True)
                progress.advance(bar)
        outcome.seconds = time.monotonic() - start
        return outcome

    def _missing(self, jobs: Sequence[Job]) -> dict[Job, list[Path]]:
        """The outputs of each job that are still to be made; BadInput for others' outputs."""
        missing: dict[Job, list[Path]] = {}
        for job in jobs:
            missing[job] = []
            for output in self._outputs(job):
                if not _is_there(output):
                    missing[job].append(output)
                elif not self._has_made(job, output):
                    if not self.overwrite:
                        _refuse_to_replace(output)
                    missing[job].append(output)
        return missing

    def _outputs(self, job: Job) -> list[Path]:
        if len(self.models) == 1:
            return [job.output]
        return [job.output, job.output.with_name(f"{job.output.stem}_compare.png")]

    def _has_made(self, job: Job, output: Path) -> bool:
        try:
            return output.is_file() and _holds(output, self._mark(job, output))
        except OSError:
            return False

    def _mark(self, job: Job, output: Path) -> str:
        """Digits that only a file of this input, these weights and this program version holds."""
        names = [*self.models] if output != job.output else [*self.models][:1]
        with job.source.open("rb") as file:
            source = hashlib.file_digest(file, "sha256").hexdigest()
        made_of = [__version__, source, output.suffix.lower()]
        return files.digest([*made_of, *(self.models[name].digest for name in names)])

    def _upscale(self, job: Job, outputs: Sequence[Path], report: Report) -> int:
        """Make the outputs of a file.

        Returns:
            The number of pixels of the upscaled picture.

        Raises:
            _NotDone: the picture cannot be read or upscaled.
            BadInput: an output cannot be written.
        """
        name, *others = self.models
        with _left_out(job.source):
            picture = self._read(job)
            for change in picture.changes:
                print_line(f"{job.source}: {change}")
            upscaled = self._by(name, picture, report)
        height, width = upscaled.pixels.shape[:2]
        if job.output in outputs:
            self._write(job, job.output, upscaled, name)
            print_line(f"{job.output}: {width}x{height} pixels")
        for output in outputs:
            if output == job.output:
                continue
            panels = SideBySide([name, *others], width, height, picture.is_grey)
            panels.add(0, upscaled)
            with _left_out(job.source):
                for number, other in enumerate(others, 1):
                    panels.add(number, self._by(other, picture, report))
            self._write(job, output, panels.picture(picture), " beside ".join([name, *others]))
            print_line(f"{output}: {', '.join([name, *others])}")
        return int(height * width)

    def _read(self, job: Job) -> Picture:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata in files it reads well
            picture = read_picture(job.source, MOST_PIXELS)
        if picture.is_cmyk:
            raise BadInput(f"{job.source}: it is CMYK, which no network knows; convert it to RGB.")
        if picture.frames > 1:
            raise BadInput(
                f"{job.source}: it holds {picture.frames} frames or pages; save them one by one."
            )
        picture = fitted(picture, job.output.suffix.lower())
        height, width, channels = picture.pixels.shape
        scale = next(iter(self.models.values())).scale
        shape = (scale * height, scale * width, channels)
        check_size(str(job.output), job.output.suffix.lower(), shape, picture.pixels.itemsize)
        return picture

    def _by(self, model: str, picture: Picture, report: Report) -> Picture:
        return upscale_by(model, self.models[model], picture, self.tile, report)

    def _write(self, job: Job, output: Path, picture: Picture, made_by: str) -> None:
        scale = next(iter(self.models.values())).scale
        program = f"srcnn_lightning {__version__}: {made_by} x{scale}"
        try:
            software = f"{program}, {self._mark(job, output)}"
            software = software.encode("ascii", "backslashreplace").decode()
            target = output.resolve()
            files.remove_abandoned(target)
            with files.atomic_write(target) as file:
                write_picture(file, picture, output.suffix.lower(), software)
                if not self.overwrite and _is_there(target):
                    _refuse_to_replace(output)  # another process has written it meanwhile
        except BadInput:
            raise
        except (OSError, ValueError, struct.error) as error:
            reason = getattr(error, "strerror", None) or one_line(error)
            if isinstance(error, OSError) and error.errno in errors.DISK_FULL:
                advice = "make room there, and the same command goes on where this one stopped"
            else:
                advice = "give another place by --output"
            raise BadInput(f"{output}: it cannot be written ({reason}); {advice}.") from error


class _NotDone(Exception):  # noqa: N818 - it says what has become of a picture
    """A picture is left out; the message is a sentence that names its file."""


@contextmanager
def _left_out(source: Path) -> Iterator[None]:
    """Within it, bad input concerns one picture, of which there may be more."""
    try:
        yield
    except (BadInput, OSError) as error:
        message = one_line(error)
        is_named = message.startswith(f"{source}: ")
        raise _NotDone(message if is_named else f"{source}: {message}") from error


def _holds(path: Path, mark: str) -> bool:
    """Whether a file holds a text, which every type keeps as it is (`write_picture`)."""
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(mark.encode()) >= 0


def _is_there(output: Path) -> bool:
    try:
        return output.exists()
    except OSError as error:  # a name that is too long
        raise BadInput(
            f"{output}: it cannot be written ({error.strerror}); give another place by --output."
        ) from error


def _refuse_to_replace(output: Path) -> None:
    raise BadInput(
        f"{output}: there is such a file already, of another model, input or program; give another "
        "place by --output, or --overwrite to replace it."
    )
