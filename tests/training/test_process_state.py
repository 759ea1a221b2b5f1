import platform
import subprocess
import sys

import pytest
import torch

from srcnn_lightning.training.process_state import reset

# Megabytes that are taken and given back again and again; each 4 KiB page the system has to clear
# is a fault. Huge pages, which come and go as the system likes, would make them uncountable.
FAULTS = """
import ctypes, resource, torch
from srcnn_lightning.training.process_state import keep_freed_memory
assert ctypes.CDLL(None).prctl(41, 1, 0, 0, 0) == 0  # PR_SET_THP_DISABLE
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(16 * 2**20)  # 64 MB: glibc itself keeps what is below 32 MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
for keep in {keep}:
    keep_freed_memory(keep)
    faults()
    print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator alone is told")
@pytest.mark.parametrize("keep", [(True,), (False,), (False, True)])
def test_freed_memory_is_kept_or_not_as_the_last_job_asks(keep: tuple[bool, ...]) -> None:
    counted = subprocess.run(
        [sys.executable, "-c", FAULTS.format(keep=keep)], capture_output=True, text=True, check=True
    ).stdout.split()
    for faults, kept in zip(counted, keep, strict=True):
        if kept:
            assert int(faults) < 1600  # a hundredth
        else:
            assert int(faults) >= 163_000  # 640 MB


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator alone is told")
def test_process_in_which_nobody_asked_for_memory_is_left_as_it_is() -> None:
    """A call of mallopt, whatever it asks for, ends glibc's own adaptation to blocks of 16 MB."""
    code = FAULTS.format(keep=(False,)).replace("16 * 2**20", "4 * 2**20")
    untouched = code.replace("keep_freed_memory(keep)", "pass")
    faults = [
        int(subprocess.run([sys.executable, "-c", text], capture_output=True, check=True).stdout)
        for text in (code, untouched)
    ]
    assert faults[0] < faults[1] + 1000


@pytest.mark.parametrize("tf32", [True, False])
def test_rounding_of_a_gpus_convolutions_is_that_of_the_job(tf32: bool) -> None:
    before = torch.backends.cudnn.allow_tf32
    reset(tf32, keep_compiled=False)
    allowed = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = before
    assert allowed == (tf32, False)
