"""What the commands beside the runs share: options, and sentences for what is wrong with them."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from srcnn_lightning import errors


def user_path(text: str) -> Path:
    """A path as given; `--output=~/x` is not expanded by every shell."""
    return Path(text).expanduser()


class Parser(argparse.ArgumentParser):
    """Bad input gets one sentence, as everywhere."""

    def __init__(self, verb: str, about: str | None) -> None:
        super().__init__(prog=f"srcnn-lightning {verb}", description=about)

    def error(self, message: str) -> NoReturn:
        """Instead of a page of usage."""
        errors.exit_with_message(f"{message}; --help lists the options.", errors.BAD_INPUT)


def add_outputs(parser: Parser) -> None:
    """For commands that read all runs of a folder."""
    words = "a folder with runs, at any depth; default: outputs"
    parser.add_argument(
        "outputs", nargs="?", default="outputs", type=user_path, metavar="OUTPUTS", help=words
    )


def checked_output(path: Path) -> Path:
    """Where a file that is to be written, or replaced, really lies.

    Raises:
        BadInput: something else than a file has that name.
    """
    with written(path, "another file"):
        if path.exists() and not path.is_file():  # a folder, or a device: a rename would replace it
            raise errors.BadInput(f"--output={path}: it is no file; give another one.")
        return path.resolve()  # of a link what it leads to


@contextmanager
def written(path: Path, instead: str) -> Iterator[None]:
    """Around what writes to `--output`.

    Args:
        path: as given.
        instead: what to give where it cannot be written, `another file`.

    Raises:
        BadInput: the disk refuses.
    """
    try:
        yield
    except errors.BadInput:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no usable name"
        raise errors.BadInput(
            f"--output={path}: it cannot be written ({reason}); give {instead}."
        ) from error
