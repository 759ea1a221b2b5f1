import signal
import subprocess
import sys
import threading

import pytest

from srcnn_lightning import errors


def test_last_words_are_said_once(capsys, monkeypatch):
    """By the main thread or by the one that ends the process without it, whoever comes first."""
    monkeypatch.setattr(errors, "_last_words", threading.Lock())
    errors.say_last_words("Interrupted; what is finished is kept.")
    errors.say_last_words("Interrupted; what is finished is kept.")
    assert capsys.readouterr().err == "Interrupted; what is finished is kept.\n"


# What a library leaves to the end of the process may take its time.
ENDINGS = {
    "atexit": "import atexit; atexit.register(clear_up)",
    "executor": "from concurrent.futures import ThreadPoolExecutor as Executor\n"
    "executor = Executor(1); executor.submit(clear_up)",
    "thread": "import threading; threading.Thread(target=clear_up).start()",
}
COMMAND = """
import sys, time
from srcnn_lightning import errors

def clear_up():
    time.sleep(0.2)
    print("clearing up", file=sys.stderr, flush=True)
    time.sleep(30)

{ending}

@errors.leaving_on_signals()
def main():
    print("finished")

main()
"""


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    ("number", "word"), [(signal.SIGINT, "Interrupted"), (signal.SIGTERM, "Terminated")]
)
def test_signal_after_all_is_done_ends_the_process_with_one_sentence(ending, number, word):
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND.format(ending=ENDINGS[ending])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "clearing up\n"
    process.send_signal(number)
    output, words = process.communicate(timeout=20)
    assert words == f"{word}; what is finished is kept.\n"
    assert (process.returncode, output) == (128 + number, "finished\n")
