"""State of the whole process that a job sets: one process runs all jobs of a sweep."""

import ctypes
import gc
import os
import sys

import torch

# malloc.h of glibc
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
MEGABYTE = 2**20
_asked: list[bool] = []  # what jobs of this process have changed


def keep_freed_memory(keep: bool = True) -> None:
    """Tell glibc to keep freed memory instead of returning it to the system.

    A step allocates tens of megabytes of feature maps; returned and asked for again, each page is
    cleared by the kernel every time. With them kept a step
    takes 0.6 of its time on a CPU.

    Args:
        keep: False leaves a process as it is, and where an earlier job has asked for it gives back
            the limits that glibc itself comes to. What that job took may stay with the process.
    """
    if sys.platform != "linux" or (not keep and not _asked):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # another C library
        return
    _asked.append(keep)
    mallopt(M_TRIM_THRESHOLD, 2**31 - 1 if keep else 64 * MEGABYTE)
    mallopt(M_MMAP_MAX, 0 if keep else 65536)
    if not keep:
        mallopt(M_MMAP_THRESHOLD, 32 * MEGABYTE)


def reset(tf32: bool, keep_compiled: bool) -> None:
    """Reset the settings of torch that an earlier job, its network or its Trainer may have changed.

    Args:
        tf32: whether a GPU's convolutions round their inputs to 10 bits of mantissa.
        keep_compiled: whether networks that earlier jobs compiled are kept, for a job of the same
            architecture.
    """
    torch.set_float32_matmul_precision("highest")
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.autograd.set_detect_anomaly(False)
    torch.use_deterministic_algorithms(False)  # the Trainer of a run sets it
    torch.backends.mkldnn.enabled = True  # type: ignore[assignment]
    torch.backends.cudnn.deterministic = torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = tf32
    if "torch._dynamo" in sys.modules and not keep_compiled:  # importing it takes seconds
        torch.compiler.reset()
    os.environ.pop("PL_GLOBAL_SEED", None)
    gc.collect()  # an earlier job's network, before its memory is given back
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
