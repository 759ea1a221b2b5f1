"""Image files for those who read files: given ones, or drawn and saved once."""

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from PIL import Image

from benchmarks.options import CACHE, Options
from srcnn_lightning.data.dead_leaves import draw
from srcnn_lightning.data.sources import EXTENSIONS

WIDTH, HEIGHT = 2040, 1400  # DIV2K's usual size


def folder_of_images(options: Options) -> Path:
    """A folder with at least `options.images` images whose sides are no less than the crop."""
    if options.folder is not None:
        return options.folder.resolve()
    is_usual = options.crop == Options.crop  # otherwise a quick look
    width, height = (WIDTH, HEIGHT) if is_usual else (options.crop, options.crop)
    folder = CACHE / f"images-{width}x{height}"
    folder.mkdir(parents=True, exist_ok=True)
    missing = [
        index for index in range(options.images) if not (folder / f"{index:04d}.png").exists()
    ]
    if missing:
        print(f"drawing {len(missing)} images of {width}x{height}", flush=True)
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(partial(_save, folder, width, height), missing))
    return folder


def holds_images_alone(folder: Path) -> bool:
    """Whether the textbook program, which opens every file, can use a folder."""
    names = [path.name.lower() for path in folder.iterdir() if path.is_file()]
    return bool(names) and all(name.endswith(EXTENSIONS) for name in names)


def _save(folder: Path, width: int, height: int, index: int) -> None:
    """Under its name only when it is whole."""
    path = folder / f"{index:04d}.png"
    unfinished = path.with_suffix(f".{os.getpid()}")
    Image.fromarray(draw(width, 0, index)[:height]).save(unfinished, format="PNG")
    unfinished.replace(path)
