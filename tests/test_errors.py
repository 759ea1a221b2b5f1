import signal
import subprocess
import sys
import threading

from srcnn_lightning import errors


def test_last_words_are_said_once(capsys, monkeypatch):
    """By the main thread or by the one that ends the process without it, whoever comes first."""
    monkeypatch.setattr(errors, "_last_words", threading.Lock())
    errors.say_last_words("Interrupted; what is finished is kept.")
    errors.say_last_words("Interrupted; what is finished is kept.")
    assert capsys.readouterr().err == "Interrupted; what is finished is kept.\n"


# What a library leaves to the end of the process may take its time.
ENDING = """
import atexit, time
from srcnn_lightning import errors

def clear_up():
    print("clearing up", flush=True)
    time.sleep(1)
    print("cleared up", flush=True)

atexit.register(clear_up)
errors.leave_on_signals()
"""


def test_ctrl_c_after_all_is_done_breaks_nothing():
    process = subprocess.Popen(
        [sys.executable, "-c", ENDING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "clearing up\n"
    process.send_signal(signal.SIGINT)
    output, errors_said = process.communicate(timeout=60)
    assert (process.returncode, output, errors_said) == (0, "cleared up\n", "")
