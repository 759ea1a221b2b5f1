"""The environment of a run: device, versions, commit."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from srcnn_lightning.errors import BadInput

PACKAGES = ("torch", "lightning", "hydra-core", "torchmetrics", "numpy", "pillow")


def check_accelerator(accelerator: str) -> None:
    """Refuse a device that is missing.

    Raises:
        BadInput: `gpu` where there is none.
    """
    if accelerator == "gpu" and not has_gpu():
        raise BadInput(
            "trainer.accelerator=gpu: there is no GPU here (CUDA or Apple's); "
            "trainer=auto takes the CPU where there is none."
        )


def has_gpu() -> bool:
    """Whether torch can use a GPU of NVIDIA or Apple."""
    return torch.cuda.is_available() or torch.backends.mps.is_available()


def describe(device: torch.device, precision: str) -> dict[str, Any]:
    """The environment as the run record keeps it.

    Args:
        device: device that the run was trained on.
        precision: `trainer.precision`.
    """
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
    return {
        "device": device.type,
        "device_name": name,
        "precision": precision,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in PACKAGES},
        "platform": platform.platform(),
        "git_commit": git_commit(),
    }


def processor() -> str:
    """The name of the CPU."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def git_commit() -> str | None:
    """The commit of this package's checkout, followed by `+` if tracked files were changed.

    Returns:
        None where the package is not in a git checkout, or git cannot be run.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None
