import platform
import subprocess
import sys

import pytest

# Megabytes that are taken and given back again and again; each 4 KiB page that the system has to
# clear is a fault. Huge pages, which come and go as the system likes, cannot be counted.
FAULTS = """
import ctypes, resource, torch
from srcnn_lightning.acceleration.memory import keep_freed_memory
assert ctypes.CDLL(None).prctl(41, 1, 0, 0, 0) == 0  # PR_SET_THP_DISABLE
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(16 * 2**20)  # 64 MB: glibc itself keeps what is below 32 MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
keep_freed_memory()
# A small piece that takes a freed page moves the next 64 MB to new pages, now and then.
print(min(faults() for _ in range(5)))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator alone is told")
def test_freed_memory_is_kept_once_it_is_asked_for() -> None:
    before, after = subprocess.run(
        [sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True
    ).stdout.split()
    assert int(before) >= 163_000  # 640 MB
    assert int(after) < 1600  # a hundredth
