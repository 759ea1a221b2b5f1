"""Commands as a user types them, in processes of their own.

Most tests start theirs as a copy of a process that has imported torch, Lightning and Hydra and has
done nothing else (`preloaded.py`): a new interpreter would spend four seconds on that, several
hundred times.
"""

import atexit
import functools
import multiprocessing
import os
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
from multiprocessing import forkserver
from pathlib import Path

import pytest

_COPIES = multiprocessing.get_context("forkserver")
_COPIES.set_forkserver_preload(["preloaded"])


@functools.cache
def _start_server() -> None:
    with pytest.MonkeyPatch.context() as patch:  # it takes no other search path
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        forkserver.ensure_running()


class Running:
    """A command in the background, with what the tests use of `subprocess.Popen`."""

    def __init__(self, folder: Path, arguments: tuple[str, ...], variables: dict):
        self.arguments = arguments
        self.outputs = Path(tempfile.mkdtemp())
        paths = [str(self.outputs / name) for name in ("out", "err")]
        _start_server()
        self.process = _COPIES.Process(
            target=_run, args=(str(folder), arguments, variables, *paths), daemon=False
        )
        self.process.start()
        self.pid = self.process.pid

    @property
    def returncode(self) -> int | None:
        return self.process.exitcode

    def poll(self) -> int | None:
        return self.process.exitcode

    def send_signal(self, number: int) -> None:
        if self.process.is_alive():
            os.kill(self.pid, number)

    def communicate(self, timeout: float = 300) -> tuple[str, str]:
        self.process.join(timeout)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
            raise subprocess.TimeoutExpired(self.arguments, timeout)
        stdout, stderr = ((self.outputs / name).read_text() for name in ("out", "err"))
        shutil.rmtree(self.outputs)
        return stdout, stderr


def start(folder: Path, *arguments: str, verb: str = "", **environment: str) -> Running:
    """`python -m srcnn_lightning ...` in a folder; keywords are its environment."""
    variables = {key: value for key, value in os.environ.items() if key != "HYDRA_FULL_ERROR"}
    given = (verb, *arguments) if verb else arguments
    return Running(folder, given, {**variables, **environment})


def run(
    folder: Path, *arguments: str, verb: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """The same to its end."""
    running = start(folder, *arguments, verb=verb, **environment)
    stdout, stderr = running.communicate()
    return subprocess.CompletedProcess(arguments, running.returncode or 0, stdout, stderr)


def start_fresh(
    folder: Path, *arguments: str, verb: str = "", **environment: str
) -> subprocess.Popen[str]:
    """In a new interpreter: for what starts workers, or depends on how Python itself starts."""
    variables = {key: value for key, value in os.environ.items() if key != "HYDRA_FULL_ERROR"}
    return subprocess.Popen(
        [sys.executable, "-m", "srcnn_lightning", *([verb] if verb else []), *arguments],
        cwd=folder,
        env={**variables, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_fresh(
    folder: Path, *arguments: str, verb: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """The same to its end."""
    process = start_fresh(folder, *arguments, verb=verb, **environment)
    try:
        stdout, stderr = process.communicate(timeout=300)
    finally:
        process.kill()
    return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)


def _run(folder: str, arguments: tuple[str, ...], variables: dict, out: str, err: str) -> None:
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.path.insert(0, folder)
    sys.argv = ["srcnn_lightning", *arguments]
    from srcnn_lightning import errors

    errors.WANTS_TRACEBACK = variables.get("HYDRA_FULL_ERROR") == "1"
    try:
        runpy.run_module("srcnn_lightning", run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # which multiprocessing would leave out
