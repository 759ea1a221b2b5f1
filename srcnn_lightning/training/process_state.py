"""State of the whole process that a job sets: one process runs all jobs of a sweep."""

import gc
import os
import sys

import torch


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
