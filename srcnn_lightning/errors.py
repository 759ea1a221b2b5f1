"""How the program ends: its exit statuses, and one sentence for every bad input."""

import errno
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

FAILED = 1
BAD_INPUT = 2
WANTS_TRACEBACK = os.environ.get("HYDRA_FULL_ERROR") == "1"  # before main() sets it itself
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)
STDERR = 2  # the file's number, in every process
# 130 (interrupted) and 143 (terminated) are 128 + the signal's number.
_heard: list[int] = []  # signals that have raised `Leaving`
_last_words = threading.Lock()  # is taken by whoever says them


class BadInput(ValueError):  # noqa: N818 - it says what it is
    """Something the user can put right: one sentence with the setting, its value and a way out."""


class ExitRequested(SystemExit):
    """The program ends on purpose; any other SystemExit is an error of a network's own code."""


# What a value of each OmegaConf type must be.
WANTED = {
    "Float": "a number",
    "Integer": "a whole number",
    "ListConfig": "a list, as in [1,2]",
    "DictConfig": "a group of settings",
}


# Groups that the defaults list leaves out.
ADDED_GROUPS = ("experiment", "variant")


def bad_input_message(error: Exception) -> str | None:
    """For what the user can put right; None for anything else."""
    return str(error) if isinstance(error, BadInput) else configuration_message(error)


def configuration_message(error: Exception) -> str | None:
    """What Hydra or OmegaConf complains of, in one sentence; None for any other error."""
    from hydra.errors import HydraException, MissingConfigException
    from omegaconf.errors import OmegaConfBaseException

    if isinstance(error, MissingConfigException):
        group, _, option = (error.missing_cfg_file or "").rpartition("/")
        known = ", ".join(error.options or [])
        advice = f"choose one of {known}" if known else "--help lists what there is"
        return f"{group or '--config-name'}={option}: there is no such option; {advice}."
    if isinstance(error, OmegaConfBaseException):
        return _value_sentence(error, "")
    if isinstance(error, HydraException):
        # "Error merging override optimizer.lr=abc", "Could not override 'optimizer.lrr'. ..."
        message = one_line(error)
        cause = error.__cause__ or error.__context__
        if isinstance(cause, OmegaConfBaseException):
            override = str(error).splitlines()[0].removeprefix("Error merging override ")
            return _value_sentence(cause, override)
        if message.startswith("Could not override"):
            key = message.split("'")[1]
            if key in ADDED_GROUPS:
                return f"{key}: write it with a plus, +{key}=..., since no run needs one."
            return f"{key}: there is no such setting or group; --help lists them."
        if message.startswith("Ambiguous value for argument"):
            argument = message.split("'")[1]
            return f"{argument}: several values want -m, which runs one job for each."
        message = message.partition(" See https://hydra.cc")[0].rstrip(".")
        return (
            f"The command line cannot be understood: {message}; a value with special characters "
            "wants quotes of its own within the shell's, \"data.root='a,b'\"."
        )
    if isinstance(error, ValueError) and str(error).startswith("Config group override"):
        given = [word for word in sys.argv if word.endswith("=null") and "." not in word]
        return f"{' '.join(given)}: a group cannot be null; --help lists its options."
    return None


def output_dir_message(output_dir: str | Path, error: OSError) -> str:
    """For runs that cannot be written."""
    if error.errno in FULL:
        advice = "make room there, and the same command goes on where this one stopped"
    else:
        advice = "give a folder that can"
    reason = error.strerror or one_line(error)
    return f"output_dir={output_dir}: it cannot be written ({reason}); {advice}."


def disk_error(error: BaseException | None, folder: Path | None = None) -> OSError | None:
    """The full or forbidden disk behind an exception, if that is what it comes from.

    Args:
        error: the exception.
        folder: that the file must lie in; a full disk names no file.
    """
    while error is not None:
        if isinstance(error, OSError):
            if error.filename is None and error.errno in FULL:
                return error
            if error.errno in FULL + FORBIDDEN and _lies_in(error.filename, folder):
                return error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None


def _lies_in(filename: Any, folder: Path | None) -> bool:
    if folder is None:
        return True
    return isinstance(filename, str) and Path(filename).absolute().is_relative_to(folder.absolute())


def exit_with_message(words: str, status: int) -> NoReturn:
    """End the program with a sentence; HYDRA_FULL_ERROR=1 puts the traceback before it."""
    if WANTS_TRACEBACK and sys.exception():
        traceback.print_exc()
    print(words, file=sys.stderr, flush=True)
    raise ExitRequested(status)


@contextmanager
def exiting_on_signals() -> Iterator[None]:
    """Around a command: Ctrl-C ends with status 130, a termination with 143, and a sentence.

    Afterwards, while Python and the libraries clear up, they end the process at once; so it is
    for the main function of a command, the last that its process does.
    """
    exit_on_signals()
    try:
        yield
    finally:
        with suppress(AttributeError, OSError, ValueError):  # there may be no stdout any more
            sys.stdout.flush()
        exit_on_signals(at_once=True)


def exit_on_signals(at_once: bool = False) -> None:
    """End the process on SIGINT and SIGTERM, from here on.

    Args:
        at_once: without cleaning up, where nothing is written yet, or all is: Python drops an
            exception that is raised while it collects garbage, and the signal with it, and prints
            one that is raised while it clears up.
    """

    def handler(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not break the way out
        print_exit_message(signal_message(number))
        if at_once:
            os._exit(128 + number)
        _heard.append(number)
        raise ExitRequested(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def exit_if_signalled() -> None:
    """Where an exception is caught: a library may have made it of the `Leaving` of a signal."""
    if _heard:
        raise ExitRequested(128 + _heard[0])


def print_exit_message(words: str) -> None:
    """Once in a process: its main thread says them, or another that ends it without waiting.

    Not through `sys.stderr`, which refuses a signal's words while it writes others.
    """
    if _last_words.acquire(blocking=False):
        with suppress(OSError):
            os.write(STDERR, f"{words}\n".encode())


def signal_message(number: int) -> str:
    """The last words after SIGINT or SIGTERM."""
    word = "Interrupted" if number == signal.SIGINT else "Terminated"
    return f"{word}; what is finished is kept."


def one_line(error: BaseException) -> str:
    """The message without its line breaks."""
    return " ".join(str(error).split())


def _value_sentence(error: Any, override: str) -> str:
    """One sentence for a value or key that the typed configuration does not take."""
    from omegaconf.errors import MissingMandatoryValue

    key = error.full_key or "configuration"
    reason = str(error.msg or error).splitlines()[0].rstrip(".")
    if isinstance(error, MissingMandatoryValue):
        return f"{key}: this setting has no default; give it as {key}=VALUE."
    if " not in " in reason or "is not in struct" in reason:
        node = error.parent_node or {}
        known = ", ".join(str(name) for name in node if name != "hydra")
        parent = key.rpartition(".")[0] or "the configuration"
        option = f"={node['name']}" if parent != "the configuration" and node.get("name") else ""
        return f"{key}: there is no such setting; {parent}{option} has {known}."
    given = override if override.startswith(f"{key}=") else key
    if "is not Optional" in reason:
        return f"{given}: it must not be null."
    if "is not a ListConfig" in reason:
        return f"{given}: it must be {WANTED['ListConfig']}."
    if "is not a valid bool" in reason:
        return f"{given}: it must be true or false."
    wanted = WANTED.get(reason.rpartition("could not be converted to ")[2])
    return f"{given}: it must be {wanted}." if wanted else f"{given}: {reason}."
