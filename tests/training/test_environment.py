import platform
import subprocess
import sys

import pytest

# Megabytes that are taken and given back again and again; each 4 KiB page the system has to clear
# is a fault.
FAULTS = """
import resource, torch
from srcnn_lightning.training.environment import keep_freed_memory
keep_freed_memory({keep})
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(4 * 2**20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
keep_freed_memory({then})
faults()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator alone is told")
def test_freed_memory_is_kept_or_not_as_the_last_job_asks() -> None:
    kept, given_back = (
        subprocess.run(
            [sys.executable, "-c", FAULTS.format(keep=keep, then=not keep)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for keep in (True, False)
    )
    for first, second in (kept, reversed(given_back)):
        assert int(first) < 100
        assert int(second) >= 80  # 160 MB in huge pages of 2 MB
