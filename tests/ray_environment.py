"""An environment with Ray, which cannot share one with joblib's launcher."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The same arithmetic as here; Ray's own requirements choose the rest.
SAME = ("torch", "lightning", "torchmetrics", "numpy", "hydra-core", "omegaconf")
LAUNCHER = ("hydra/launcher=ray", "+hydra.launcher.ray.init.num_cpus=2")  # two workers


class CannotInstall(Exception):  # noqa: N818 - a reason to skip
    """pip cannot install Ray here; the message is pip's last line."""


@contextmanager
def installed() -> Iterator["RayEnvironment"]:
    """An environment with the extra `ray`, in a folder that goes with the context.

    Raises:
        CannotInstall: pip cannot, without a network for instance.
    """
    with tempfile.TemporaryDirectory(prefix="ray-") as name:  # a short path, for Ray's sockets
        folder = Path(name)
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        lock = (ROOT / "requirements.lock").read_text().splitlines()
        same = [line for line in lock if line.partition("==")[0] in SAME]
        (folder / "same.txt").write_text("\n".join(same))
        python = str(folder / "venv/bin/python")
        options = ("--quiet", "--constraint", str(folder / "same.txt"))
        done = subprocess.run(
            [python, "-m", "pip", "install", *options, f"{ROOT}[ray]"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CannotInstall(f"pip cannot install Ray: {done.stderr.splitlines()[-1:]}")
        yield RayEnvironment(folder)


class RayEnvironment:
    """An environment with Ray, and how to run the program in it."""

    def __init__(self, folder: Path) -> None:
        self.python = folder / "venv/bin/python"
        self.variables = {
            "HOME": str(folder),  # Ray leaves a token there
            "RAY_TMPDIR": str(folder),
            "RAY_AUTH_MODE": "disabled",
        }

    def start(self, folder: Path, *arguments: str) -> subprocess.Popen[str]:
        """Start a command of the program in a folder."""
        return subprocess.Popen(
            [self.python, "-m", "srcnn_lightning", *arguments],
            cwd=folder,
            env={**os.environ, **self.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
