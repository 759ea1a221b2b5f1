"""The processors of this machine, found without importing torch.

The identity of a run includes its device and threads, and skipping a finished run must not cost the
seconds that importing torch takes.
"""

import ctypes
import os
import platform
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

LEADER_VARIABLE = "SRCNN_LIGHTNING_LEADER"  # id of the process that started this one
CONTROL_GROUPS, CGROUP = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
TOPOLOGY = Path("/sys/devices/system/cpu")


def device_type(accelerator: str) -> str:
    """The device that `trainer.accelerator` means on this machine: `cpu`, `cuda` or `mps`.

    Args:
        accelerator: `auto`, `cpu` or `gpu`. Without a GPU `gpu` means `cuda`, which is refused when
            the run begins.
    """
    if accelerator == "cpu":
        return "cpu"
    if sys.platform == "darwin":
        return "mps" if platform.machine() == "arm64" else "cpu"
    return "cuda" if accelerator == "gpu" or gpu_count() else "cpu"


@cache
def gpu_count() -> int:
    """The number of CUDA devices that torch can use; CUDA_VISIBLE_DEVICES limits them."""
    if not _torch_has_cuda():
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
    """The ids of the CUDA devices in torch's order.

    A device has the same id in every process, whatever CUDA_VISIBLE_DEVICES says.
    """
    names = []
    for index in range(gpu_count()):
        driver = ctypes.CDLL("libcuda.so.1" if sys.platform == "linux" else "nvcuda.dll")
        device, uuid = ctypes.c_int(0), (ctypes.c_ubyte * 16)()
        has_uuid = (
            driver.cuDeviceGet(ctypes.byref(device), index) == 0
            and driver.cuDeviceGetUuid(ctypes.byref(uuid), device) == 0
        )
        names.append(bytes(uuid).hex() if has_uuid else str(index))
    return names


@cache
def physical_cores() -> int:
    """The number of physical cores that this process may use.

    Two threads of one core compute no faster than one. A container's quota of CPU time counts in
    whole cores: the system stops threads that exceed it, in the middle of a step.
    """
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    cores = len({_core(cpu) for cpu in os.sched_getaffinity(0)})
    return min([cores, *_quotas()])


@cache
def process_rank() -> int:
    """The number of this process among those that train one run; 0 is the leading process.

    Launchers of other programs set LOCAL_RANK too, so it counts only where our own leading process
    has started this one.
    """
    if os.environ.get(LEADER_VARIABLE) != str(os.getppid()):
        return 0
    return int(os.environ.get("LOCAL_RANK", "0"))


def ignore_foreign_ranks() -> None:
    """Remove the variables of other launchers.

    Lightning would take this process for one of many, and write nothing.
    """
    if process_rank() == 0:
        for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK"):
            os.environ.pop(name, None)


def thread_count(wanted: int | None, processes: int = 1) -> int:
    """The number of CPU threads of one process.

    Args:
        wanted: `trainer.threads`; None for this process's share of OMP_NUM_THREADS or, where that
            is not a number, of the physical cores.
        processes: number of processes that share the threads.
    """
    if wanted is not None:
        return wanted
    variable = os.environ.get("OMP_NUM_THREADS", "")
    threads = int(variable) if variable.isdecimal() else 0
    return max(1, (threads or physical_cores()) // processes)


def _torch_has_cuda() -> bool:
    """Whether torch was built for CUDA, as the text of its version file says."""
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


def _quotas() -> list[int]:
    """CPU quotas of this process's control groups, in whole cores, at least 1 each."""
    quotas = []
    for folder in _control_groups():
        try:
            if (folder / "cpu.max").is_file():  # version 2
                quota, period = (folder / "cpu.max").read_text().split()
            else:
                quota, period = (
                    (folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period")
                )
            if int(quota) > 0:  # -1 is none in version 1
                quotas.append(max(1, int(quota) // int(period)))
        except (OSError, ValueError):  # "max" is none in version 2
            continue
    return quotas


def _control_groups() -> list[Path]:
    """Folders of the control groups that this process is in, and of those above them."""
    folders = []
    try:
        lines = CONTROL_GROUPS.read_text().splitlines()
    except OSError:
        return []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        root = CGROUP if not controllers else CGROUP / "cpu"
        if not controllers or "cpu" in controllers.split(","):
            group = root / path.lstrip("/")
            folders += [group, *(one for one in group.parents if one.is_relative_to(root))]
    return folders


def _core(cpu: int) -> str:
    """The core of a logical CPU, named by its threads, `0,4`; the CPU's number if unknown."""
    try:
        return (TOPOLOGY / f"cpu{cpu}/topology/thread_siblings_list").read_text().strip()
    except OSError:
        return str(cpu)
