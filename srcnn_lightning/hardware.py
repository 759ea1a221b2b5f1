"""What this machine has to compute with, found without importing torch.

A finished run is recognized by its device and threads among other things, and recognizing one
shall not cost the seconds that importing torch takes.
"""

import ctypes
import os
import platform
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

LEADER_VARIABLE = "SRCNN_LIGHTNING_LEADER"  # names the process that started this one
TOPOLOGY = Path("/sys/devices/system/cpu")


def device_type(accelerator: str) -> str:
    """`cpu`, `cuda` or `mps`: what `trainer.accelerator` comes to on this machine.

    Args:
        accelerator: `auto`, `cpu` or `gpu`; a GPU that is asked for and not there is `cuda`, and
            refused when the run begins.
    """
    if accelerator == "cpu":
        return "cpu"
    if sys.platform == "darwin":
        return "mps" if platform.machine() == "arm64" else "cpu"
    return "cuda" if accelerator == "gpu" or gpu_count() else "cpu"


@cache
def gpu_count() -> int:
    """CUDA devices that torch can use here; CUDA_VISIBLE_DEVICES limits them."""
    if not _torch_knows_cuda():
        return 0
    try:
        driver = ctypes.CDLL("libcuda.so.1" if sys.platform == "linux" else "nvcuda.dll")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


@cache
def gpu_names() -> list[str]:
    """Of the CUDA devices in torch's order: the same for a device whatever a process may see."""
    names = []
    for index in range(gpu_count()):
        driver = ctypes.CDLL("libcuda.so.1" if sys.platform == "linux" else "nvcuda.dll")
        device, uuid = ctypes.c_int(0), (ctypes.c_ubyte * 16)()
        is_known = (
            driver.cuDeviceGet(ctypes.byref(device), index) == 0
            and driver.cuDeviceGetUuid(ctypes.byref(uuid), device) == 0
        )
        names.append(bytes(uuid).hex() if is_known else str(index))
    return names


@cache
def physical_cores() -> int:
    """Physical cores that this process may use: two threads of one core gain nothing here."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    cpus = os.sched_getaffinity(0)
    siblings = {_siblings(cpu) for cpu in cpus}
    return max(1, len(siblings))


@cache
def process_rank() -> int:
    """This process's number among those of one run; 0 leads.

    Launchers of other programs set LOCAL_RANK too; what our own leading process has set counts.
    """
    if os.environ.get(LEADER_VARIABLE) != str(os.getppid()):
        return 0
    return int(os.environ.get("LOCAL_RANK", "0"))


def ignore_foreign_ranks() -> None:
    """Lightning would write nothing in a process that it takes for one of many."""
    if process_rank() == 0:
        for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK"):
            os.environ.pop(name, None)


def thread_count(wanted: int | None, processes: int = 1) -> int:
    """CPU threads of one process: `trainer.threads`, else its share of all there are.

    Those are OMP_NUM_THREADS where it is set, else the physical cores.

    Args:
        wanted: `trainer.threads`.
        processes: that share them.
    """
    if wanted is not None:
        return wanted
    given = os.environ.get("OMP_NUM_THREADS", "")
    number = int(given) if given.isdecimal() else 0
    return max(1, (number or physical_cores()) // processes)


def _torch_knows_cuda() -> bool:
    """Whether torch was built for CUDA, from the text of its version file."""
    spec = find_spec("torch")
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        try:
            text = (Path(folder) / "version.py").read_text(encoding="utf-8")
        except OSError:
            continue
        return any(
            line.startswith("cuda") and not line.rstrip().endswith("None")
            for line in text.splitlines()
        )
    return False


def _siblings(cpu: int) -> str:
    """The threads of a CPU's core, `0,4`; the CPU itself where the system does not say."""
    try:
        return (TOPOLOGY / f"cpu{cpu}/topology/thread_siblings_list").read_text().strip()
    except OSError:
        return str(cpu)
