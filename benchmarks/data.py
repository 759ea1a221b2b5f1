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
from srcnn_lightning.config import DataConfig, DegradationConfig
from srcnn_lightning.data.sources import open_source
from srcnn_lightning.data.split import Split, make_split
from srcnn_lightning.data.targets import load_targets

DEGRADATION = DegradationConfig(name="antialiased", antialias=True, scale=2)


def measure(options: Options) -> list[FigureSet]:
    """Seconds of decoding, of preparing, and of a second start, which reads the cache."""
    data = {
        "name": "images",
        "kind": "folder",
        "root": str(folder_of_images(options)),
        "subset": None,
        "url": None,
        "count": options.images,
        "split": [0.6, 0.2, 0.2],
        "split_file": None,
        "crop": options.crop,
        "target_size": options.side,
        "batch_size": 2,
        "eval_batch_size": 4,
        "seed": 0,
        "on_device": True,
        "cache_dir": "",
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
    settings = DataConfig(**data)
    names = make_split(open_source(settings).names, settings).names
    paths = [Path(data["root"]) / name for name in names]

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
        settings = DataConfig(**{**data, "cache_dir": cache_dir})
        source = open_source(settings)
        split = make_split(source.names, settings)
        split = Split(split.train[:count], split.val[:count], split.test[:count])
        load_targets(source.ensure(split.names), split, settings, DEGRADATION)

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
