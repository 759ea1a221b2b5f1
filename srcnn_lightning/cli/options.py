"""The command lines of the verbs: shared options, and a sentence for each bad one."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from srcnn_lightning import errors


def user_path(text: str) -> Path:
    """The path of an option, with `~` expanded: not every shell expands `--output=~/x`."""
    return Path(text).expanduser()


class Parser(argparse.ArgumentParser):
    """argparse's parser, with one sentence for bad input."""

    def __init__(self, verb: str, about: str | None) -> None:
        super().__init__(prog=f"srcnn-lightning {verb}", description=about)

    def error(self, message: str) -> NoReturn:
        """Exit with status 2 and one sentence, in place of a page of usage."""
        errors.exit_with_message(f"{message}; --help lists the options.", errors.BAD_INPUT)


def add_outputs(parser: Parser) -> None:
    """Add the argument OUTPUTS of the verbs that read all runs of a folder."""
    words = "a folder with runs, at any depth; default: outputs"
    parser.add_argument(
        "outputs", nargs="?", default="outputs", type=user_path, metavar="OUTPUTS", help=words
    )


def add_allow_package(parser: Parser) -> None:
    """Add the option of the verbs that load networks."""
    parser.add_argument(
        "--allow-package",
        action="append",
        default=[],
        metavar="NAME",
        help="a package that you trust: the checkpoint may name its networks, and so have any "
        "module of it imported; this program's own networks need none",
    )


def checked_output(path: Path) -> Path:
    """The path of a file that will be written, with links followed.

    Raises:
        BadInput: the path names something else than a file.
    """
    with written(path, "another file"):
        if path.exists() and not path.is_file():  # a rename would replace a folder or a device
            raise errors.BadInput(f"--output={path}: it is no file; give another one.")
        return path.resolve()


@contextmanager
def written(path: Path, instead: str) -> Iterator[None]:
    """Turn an error of writing to `--output` into bad input.

    Args:
        path: path as the user gave it.
        instead: advice for a path that cannot be written, `another file`.

    Raises:
        BadInput: the path cannot be written.
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
