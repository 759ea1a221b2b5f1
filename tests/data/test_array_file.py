"""The file of a cache, made by processes that are killed or that work side by side."""

import signal
import subprocess
import sys
import time

import numpy as np

from srcnn_lightning.data.array_file import ensure_arrays, map_arrays

PROGRAM = """
import sys, time
from pathlib import Path
import numpy as np
from srcnn_lightning.data.array_file import ensure_arrays, map_arrays

path, seconds = Path(sys.argv[1]), float(sys.argv[2])

def make():
    for number in range(3):
        print("made", number, flush=True)
        time.sleep(seconds)
        yield np.full((200, 200, 3), number, np.uint8)  # beyond what a file buffers

arrays = ensure_arrays(path, lambda: map_arrays(path), make)
print([int(one.max()) for one in arrays])
"""


def start(path, seconds):
    command = [sys.executable, "-c", PROGRAM, str(path), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_for_temporary_file(folder):
    deadline = time.monotonic() + 30
    while not any(path.stat().st_size for path in folder.glob(".images.npy.[0-9]*")):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    path = tmp_path / "images.npy"
    killed = start(path, 0.3)
    wait_for_temporary_file(tmp_path)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    others = [tmp_path / ".other.npy.123", tmp_path / ".images.npy.mine"]
    for other in others:  # of another file, and no temporary one
        other.write_text("")
    (left,) = tmp_path.glob(f".images.npy.{killed.pid}")
    assert left.stat().st_size > 0
    content = ensure_arrays(path, lambda: map_arrays(path), lambda: [np.zeros(5)])
    assert len(content) == 1
    assert {*tmp_path.iterdir()} == {path, tmp_path / ".images.npy.lock", *others}


def test_two_processes_make_a_file_once(tmp_path):
    path = tmp_path / "images.npy"
    first = start(path, 0.5)
    wait_for_temporary_file(tmp_path)
    second = start(path, 0)
    outputs = [process.communicate(timeout=60)[0] for process in (first, second)]
    assert outputs[0].count("made") == 3
    assert "made" not in outputs[1]
    assert "images.npy: another process is preparing these images, waiting" in outputs[1]
    assert outputs[1].endswith("[0, 1, 2]\n")
