"""Images that fill more memory than a training may hold are read from their files."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

IMAGES, SIDE = 60, 1200
PROGRAM = f"""
import json, os, sys, threading, time
import numpy as np
from data_settings import ANTIALIASED, data_settings
from srcnn_lightning.data.module import SuperResolutionData
from srcnn_lightning.data.sources import Source
from srcnn_lightning.image_io import TrainingImage

os.cpu_count = lambda: 2  # each core has images at work

def read(name):
    row = np.arange({SIDE} * 3, dtype=np.uint32) * (int(name) + 1)
    pixels = np.tile((row >> 4).astype(np.uint8), ({SIDE}, 1))
    return TrainingImage(pixels.reshape({SIDE}, {SIDE}, 3), False)

def megabytes(key):
    lines = open("/proc/self/status").read().splitlines()
    (value,) = (line.split()[1] for line in lines if line.startswith(key))
    return int(value) / 1e3

def watch():
    while True:
        highest[0] = max(highest[0], megabytes("RssAnon"))
        time.sleep(0.002)

source = Source("large", {{f"{{i:03d}}": [i] for i in range({IMAGES})}}, read)
data = data_settings(kind="folder", crop=None, target_size=None, patch_size=64, batch_size=16,
                     steps_per_epoch=4, count={IMAGES}, cache_dir=sys.argv[1])
module = SuperResolutionData(source=source, data=data, degradation=ANTIALIASED)
open("/proc/self/clear_refs", "w").write("5")  # the peak begins here
resident, own = megabytes("VmRSS"), megabytes("RssAnon")
highest = [own]
threading.Thread(target=watch, daemon=True).start()
module.setup("fit")
assert sum(len(hr) for _, hr in module.train_dataloader()) == 64
time.sleep(0.01)
print(json.dumps([megabytes("VmHWM") - resident, highest[0] - own]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.slow
def test_preparing_and_cutting_large_images_needs_a_part_of_their_memory(tmp_path: Path) -> None:
    """Pages of a mapped file are no memory of the process's own: the system takes them back."""
    total = IMAGES * SIDE * SIDE * 3 / 1e6
    grown = []
    for _ in ("made", "read again"):
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path)],
            env={
                **os.environ,
                "PYTHONPATH": str(Path(__file__).parents[1]),
                # Freed arrays go back to the system, so that what is counted is in use.
                "MALLOC_MMAP_THRESHOLD_": "1000000",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        grown.append(json.loads(result.stdout))
    shutil.rmtree(tmp_path)  # pytest would keep 320 MB of each of three runs
    (made, own_made), (_, own) = grown
    # A dozen of the 60 images: those at work on two cores, and one in floating point.
    assert own_made < total / 3
    assert made < total / 2
    assert own < total / 20
