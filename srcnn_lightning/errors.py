"""How the program ends: exit statuses, sentences on stderr, and what a signal does."""

import errno
import json
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
# Other statuses are 128 + the number of a signal: 130 (interrupted) and 143 (terminated).
WANTS_TRACEBACK = os.environ.get("HYDRA_FULL_ERROR") == "1"  # before main() sets it itself
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
WRITE_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)
STDERR = 2  # number of the file, the same in every process

# A signal belongs to the whole process, and its handler can hand nothing to the code that it
# interrupts but an exception, which a library may replace by one of its own. So these two are state
# of the process, and nothing outside this module touches them.
_received_signals: list[int] = []  # signals that have raised `ExitRequested`
_exit_message_lock = threading.Lock()  # acquired once, by whatever thread prints the exit message


class BadInput(ValueError):  # noqa: N818 - the name says what is wrong
    """Input that the user can put right: one sentence names the setting, its value and advice."""


def require(is_right: bool, key: str, value: Any, advice: str) -> None:
    """Refuse a value unless it is right.

    Args:
        is_right: whether the value can be used.
        key: setting, as the command line has it.
        value: its value.
        advice: what would be right, without a full stop.

    Raises:
        BadInput: the sentence of the three.
    """
    if not is_right:
        raise BadInput(f"{key}={shown(value)}: {advice}.")


def shown(value: Any) -> str:
    """A value for a sentence, as the command line has it: null, true and false."""
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def choose(key: str, value: str, options: tuple[str, ...]) -> None:
    """Refuse a value that is none of the options."""
    require(value in options, key, value, f"choose {', '.join(options[:-1])} or {options[-1]}")


def at_least(key: str, value: int, smallest: int) -> None:
    """Refuse a number that is too small."""
    require(value >= smallest, key, value, f"it must be at least {smallest}")


class ExitRequested(SystemExit):
    """The program ends on purpose; any other SystemExit is an error of a network's own code."""


def output_dir_message(output_dir: str | Path, error: OSError) -> str:
    """The sentence for a folder of runs that cannot be written."""
    if error.errno in DISK_FULL:
        advice = "make room there, and the same command goes on where this one stopped"
    else:
        advice = "give a folder that can"
    reason = error.strerror or one_line(error)
    return f"output_dir={output_dir}: it cannot be written ({reason}); {advice}."


def disk_error(error: BaseException | None, folder: Path | None = None) -> OSError | None:
    """The full or forbidden disk that an exception comes from; None for any other cause.

    Args:
        error: exception, whose causes are searched as well.
        folder: folder that the file must lie in; an error of a full disk may name no file.
    """
    while error is not None:
        if isinstance(error, OSError):
            if error.filename is None and error.errno in DISK_FULL:
                return error
            if error.errno in DISK_FULL + WRITE_FORBIDDEN and _is_below(error.filename, folder):
                return error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None


def _is_below(file_name: Any, folder: Path | None) -> bool:
    if folder is None:
        return True
    if not isinstance(file_name, str):
        return False
    return Path(file_name).absolute().is_relative_to(folder.absolute())


def exit_with_message(message: str, status: int) -> NoReturn:
    """End the program with a sentence; HYDRA_FULL_ERROR=1 prints the traceback before it."""
    if WANTS_TRACEBACK and sys.exception():
        traceback.print_exc()
    print(message, file=sys.stderr, flush=True)
    raise ExitRequested(status)


@contextmanager
def exiting_on_signals() -> Iterator[None]:
    """Within it, SIGINT ends the command with status 130, SIGTERM with 143, each with a sentence.

    Afterwards, while Python and the libraries clean up, a signal ends the process at once. So this
    is for the main function of a command, the last that its process calls.
    """
    exit_on_signals()
    try:
        yield
    finally:
        with suppress(AttributeError, OSError, ValueError):  # stdout may be closed already
            sys.stdout.flush()
        exit_on_signals(at_once=True)


def exit_on_signals(at_once: bool = False) -> None:
    """End the process on SIGINT and SIGTERM from here on.

    Args:
        at_once: whether the process ends without cleaning up, where nothing is written yet or
            everything is: Python drops an exception that is raised while it collects garbage, and
            the signal with it, and prints one that is raised while it cleans up.
    """

    def handler(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the exit
        print_exit_message(signal_message(number))
        if at_once:
            os._exit(128 + number)
        _received_signals.append(number)
        raise ExitRequested(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def exit_if_signalled() -> None:
    """Exit where a caught exception may be what a library made of a signal's `ExitRequested`."""
    if _received_signals:
        raise ExitRequested(128 + _received_signals[0])


def print_exit_message(message: str) -> None:
    """Print the last sentence of the process, once: the main thread or a watching thread calls it.

    `sys.stderr` would refuse the sentence of a signal that interrupts another write.
    """
    if _exit_message_lock.acquire(blocking=False):
        with suppress(OSError):
            os.write(STDERR, f"{message}\n".encode())


def signal_message(number: int) -> str:
    """The sentence after SIGINT or SIGTERM."""
    word = "Interrupted" if number == signal.SIGINT else "Terminated"
    return f"{word}; what is finished is kept."


@contextmanager
def unwritable_output() -> Iterator[None]:
    """Within it, a terminal or pipe that takes no more text ends the command with status 1."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError) and disk_error(error) is None:
            raise
        # What is still in Python's buffer goes nowhere, or it would fail again at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # `... --help | head`
            raise ExitRequested(FAILED) from error
        exit_with_message(f"The output cannot be written ({error.strerror}).", FAILED)


def one_line(error: BaseException) -> str:
    """The message of an exception without its line breaks."""
    return " ".join(str(error).split())
