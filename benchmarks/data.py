"""Preparation: decode, crop, resize and cache images, against decoding them alone, on all cores."""

import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from benchmarks.alone import Figures, alone, alternate, column
from benchmarks.figures import FigureSet, Row, ratio
from benchmarks.images import folder_of_images
from benchmarks.options import Options
from srcnn_lightning.data.sources import open_source
from srcnn_lightning.data.split import Split, make_split
from srcnn_lightning.data.targets import load_for_run

DEGRADATION = {"antialias": True}


def measure(options: Options) -> list[FigureSet]:
    """Seconds of decoding, of preparing, and of a second start, which reads the cache."""
    data = {
        "kind": "folder",
        "name": "images",
        "root": str(folder_of_images(options)),
        "count": options.images,
        "split": [0.6, 0.2, 0.2],
        "seed": 0,
        "crop": options.crop,
        "target_size": options.side,
    }
    decode(data)  # the first reads the files from the disk
    contenders = {
        "decode": partial(alone, "benchmarks.data:decode", data=data),
        "prepare": partial(alone, "benchmarks.data:prepare", data=data),
    }
    found = alternate(contenders, options.rounds)
    decoding = Row("decoding alone", "s", column(found["decode"], "seconds"))
    preparing = Row("preparing", "s", column(found["prepare"], "seconds"))
    again = Row("reading the cache", "s", column(found["prepare"], "again"), at_most=0.3)
    share = ratio("preparing / decoding", preparing, decoding, at_most=1.3)
    title = f"Preparing {options.images} images"
    return [FigureSet("data", title, [decoding, preparing, again, share])]


def decode(data: dict[str, Any]) -> Figures:
    """Pillow alone, each image into memory."""
    paths = [Path(data["root"]) / name for name in make_split(open_source(data).names, data).names]

    def load(path: Path) -> None:
        with Image.open(path) as image:
            image.load()

    def load_all() -> None:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(load, paths))

    return {"seconds": _seconds(load_all)}


def prepare(data: dict[str, Any]) -> Figures:
    """What a run does: list, split, then decode, crop, resize and cache, or read the cache."""
    torch.set_num_threads(1)

    def load(count: int | None, cache_dir: str) -> None:
        source = open_source(data)
        split = make_split(source.names, data)
        split = Split(split.train[:count], split.val[:count], split.test[:count])
        chosen = {**data, "cache_dir": cache_dir}
        load_for_run(source.ensure(split.names), split, chosen, DEGRADATION)

    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as folder:
        load(1, first)  # what is imported then belongs to the start of a run
        return {
            "seconds": _seconds(lambda: load(None, folder)),
            "again": _seconds(lambda: load(None, folder)),
        }


def _seconds(action: Callable[[], None]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
