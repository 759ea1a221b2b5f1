"""Where a run ran: device, versions, commit."""

import ctypes
import gc
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from srcnn_lightning.errors import BadInput

PACKAGES = ("torch", "lightning", "hydra-core", "torchmetrics", "numpy", "pillow")


def check_accelerator(accelerator: str) -> None:
    """Refuse a device that is not there.

    Raises:
        BadInput: `gpu` without one, or a name that is none of auto, cpu and gpu.
    """
    if accelerator not in ("auto", "cpu", "gpu"):
        raise BadInput(f"trainer.accelerator={accelerator}: choose auto, cpu or gpu.")
    if accelerator == "gpu" and not has_gpu():
        raise BadInput(
            "trainer.accelerator=gpu: there is no GPU here (CUDA or Apple's); "
            "trainer=auto takes the CPU where there is none."
        )


def has_gpu() -> bool:
    """Whether torch can use a GPU, of CUDA or Apple's."""
    return torch.cuda.is_available() or torch.backends.mps.is_available()


def keep_freed_memory(keep: bool = True) -> None:
    """Tell glibc to keep freed memory instead of returning it to the system.

    A step allocates tens of megabytes of feature maps; returned and asked for again, each page is
    cleared by the kernel every time. Keeping them makes a step twice as fast on a CPU.

    Args:
        keep: False gives glibc's own limits back, which an earlier job may have lifted. What that
            job took may stay with the process.
    """
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # another C library
        return
    m_trim_threshold, m_mmap_max = -1, -4  # malloc.h
    mallopt(m_trim_threshold, 2**31 - 1 if keep else 128 * 1024)
    mallopt(m_mmap_max, 0 if keep else 65536)


def reset_switches(tf32: bool, keep_compiled: bool) -> None:
    """Put back what an earlier job, its network or its Trainer may have turned.

    Args:
        tf32: a GPU's convolutions round their input to 10 bits of mantissa.
        keep_compiled: networks that earlier jobs have compiled, for one of the same architecture.
    """
    torch.set_float32_matmul_precision("highest")
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.autograd.set_detect_anomaly(False)
    torch.use_deterministic_algorithms(False)  # a run that wants it gets it from its Trainer
    torch.backends.mkldnn.enabled = True  # type: ignore[assignment]
    torch.backends.cudnn.deterministic = torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = tf32
    if "torch._dynamo" in sys.modules and not keep_compiled:  # importing it takes seconds
        torch.compiler.reset()
    os.environ.pop("PL_GLOBAL_SEED", None)
    gc.collect()  # an earlier job's network, before its memory is given back
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def describe(device: torch.device, precision: str) -> dict[str, Any]:
    """For the run record."""
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
    """The CPU's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def git_commit() -> str | None:
    """The commit of the checkout this package lies in, `+` appended where it was changed."""
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
