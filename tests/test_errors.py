import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import Command
from kills import LEAVES
from own_network import write_network

from srcnn_lightning import errors


def test_exit_message_is_printed_once(capfd, monkeypatch):
    """Printed by the main thread, or by the one that ends the process without it."""
    monkeypatch.setattr(errors, "_exit_message_lock", threading.Lock())
    errors.print_exit_message("Interrupted; what is finished is kept.")
    errors.print_exit_message("Interrupted; what is finished is kept.")
    assert capfd.readouterr().err == "Interrupted; what is finished is kept.\n"


class Busy:
    """A writer like Python's own, which a signal's handler must not call during a write."""

    def write(self, text):
        raise RuntimeError("reentrant call inside <_io.BufferedWriter name='<stderr>'>")


def test_exit_message_is_printed_during_another_write_to_stderr(capfd, monkeypatch):
    monkeypatch.setattr(errors, "_exit_message_lock", threading.Lock())
    monkeypatch.setattr(sys, "stderr", Busy())
    errors.print_exit_message("Interrupted; what is finished is kept.")
    assert capfd.readouterr().err == "Interrupted; what is finished is kept.\n"


# Code that a library runs at the end of the process, which may take long.
ENDINGS = {
    "atexit": "import atexit; atexit.register(clear_up)",
    "executor": "from concurrent.futures import ThreadPoolExecutor as Executor\n"
    "executor = Executor(1); executor.submit(clear_up)",
    "thread": "import threading; threading.Thread(target=clear_up).start()",
}
COMMAND = """
import sys, threading, time
from srcnn_lightning import errors

finished = threading.Event()

def clear_up():
    finished.wait()
    time.sleep(0.2)
    print("clearing up", file=sys.stderr, flush=True)
    time.sleep(20)

{ending}

@errors.exiting_on_signals()
def main():
    print("finished")

main()
finished.set()
"""


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    ("number", "word"), [(signal.SIGINT, "Interrupted"), (signal.SIGTERM, "Terminated")]
)
def test_signal_after_the_work_ends_the_process_with_one_sentence(ending, number, word):
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND.format(ending=ENDINGS[ending])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "clearing up\n"
    process.send_signal(number)
    output, message = process.communicate(timeout=60)
    assert message == f"{word}; what is finished is kept.\n"
    assert (process.returncode, output) == (128 + number, "finished\n")


@pytest.mark.parametrize(("number", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_signal_in_code_that_turns_it_into_an_error_is_no_failed_run(
    number: str, status: int, command: Command, tmp_path: Path
) -> None:
    """The initialization of an extension module makes an ImportError of a signal's exception."""
    mine = write_network(
        tmp_path,
        "import os, signal\n"
        "class Net(torch.nn.ConvTranspose2d):\n"
        "    def __init__(self, scale):\n"
        "        super().__init__(3, 3, scale, stride=scale)\n"
        "    def forward(self, images):\n"
        "        try:\n"
        f"            os.kill(os.getpid(), signal.{number})\n"
        "            return super().forward(images)\n"
        "        except SystemExit as error:\n"
        "            raise ImportError('half of it') from error\n",
    )
    result = command(*LEAVES, *mine)
    assert result.returncode == status
    assert result.stderr.endswith("ed; what is finished is kept.\n")
    assert len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.rglob("metrics.json"))
