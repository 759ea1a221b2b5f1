"""Preparation speed: decode, crop, resize and cache 100 images, against decoding them alone.

Both use all cores, in alternating rounds; printed are the median seconds, their ratio, and how long
reading the cache takes, as a second start does. The images are drawn here unless `--folder` has
real ones.

    python benchmarks/data.py [--rounds 5] [--images 100] [--folder DIR]
"""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import torch
from PIL import Image

from srcnn_lightning.data.cache import load_for_run
from srcnn_lightning.data.dead_leaves import draw
from srcnn_lightning.data.sources import open_source
from srcnn_lightning.data.split import make_split

WIDTH, HEIGHT = 2040, 1400  # DIV2K's usual size
DEGRADATION = {"antialias": True}


def main() -> None:
    """Alternate both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="of real images, instead of drawn ones")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or _draw(Path(temporary) / "images", options.images)
        data: dict[str, Any] = {
            "kind": "folder",
            "name": "images",
            "root": str(folder),
            "count": options.images,
            "split": [0.6, 0.2, 0.2],
            "seed": 0,
            "crop": 800,
            "target_size": 224,
        }
        print(
            f"{options.images} images of {folder if options.folder else f'{WIDTH}x{HEIGHT}, PNG'}, "
            f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}, {date.today()}"
        )
        paths = [folder / name for name in _names(data)]
        _seconds(lambda: _decode(paths))  # the first reads the files from the disk
        rounds = []
        for number in range(1, options.rounds + 1):
            cache = {**data, "cache_dir": f"{temporary}/cache_{number}"}
            seconds = [
                _seconds(lambda: _decode(paths)),
                _seconds(lambda cache=cache: _prepare(cache)),
                _seconds(lambda cache=cache: _prepare(cache)),
            ]
            rounds.append((*seconds, seconds[1] / seconds[0]))
            print(
                f"round {number}: decoding {seconds[0]:.2f} s, preparing {seconds[1]:.2f} s, "
                f"reading the cache {seconds[2]:.3f} s",
                flush=True,
            )
    ratio = median(found[3] for found in rounds)
    second = median(found[2] for found in rounds)
    print(f"median: preparing / decoding {ratio:.2f} (at most 1.3 is the aim), ", end="")
    print(f"reading the cache {second:.3f} s (below 0.3 s is the aim)")


def _draw(folder: Path, count: int) -> Path:
    folder.mkdir()

    def save(index: int) -> None:
        image = Image.fromarray(draw(WIDTH, 0, index)[:HEIGHT])
        image.save(folder / f"{index:04d}.png")

    with ThreadPoolExecutor() as pool:
        list(pool.map(save, range(count)))
    return folder


def _names(data: dict[str, Any]) -> list[str]:
    return make_split(open_source(data).names, data).names


def _decode(paths: list[Path]) -> None:
    """Pillow alone, each image into memory."""

    def decode(path: Path) -> None:
        with Image.open(path) as image:
            image.load()

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(decode, paths))


def _prepare(data: dict[str, Any]) -> None:
    """What a run does: list, split, then decode, crop, resize and cache, or read the cache."""
    source = open_source(data)
    names = make_split(source.names, data).names
    load_for_run(source.having(names), names, data, DEGRADATION)


def _seconds(action: Callable[[], None]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
