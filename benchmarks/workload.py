"""What is measured on? Sizes, and image files that are given or drawn once."""

import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.rounds import python
from srcnn_lightning import hardware

# Drawn images and the program's caches stay here for the next benchmark.
CACHE = Path(tempfile.gettempdir()) / "srcnn_lightning_bench"
DIV2K_SIZE = (2040, 1400)  # the usual width and height, in pixels


@dataclass(frozen=True)
class Workload:
    """Sizes of everything that is measured.

    Attributes:
        folder: folder of image files with sides of at least `crop`; None draws some.
        rounds: number of rounds.
        device: `cpu` or `cuda`.
        threads: CPU threads of every contender.
        images: number of images, six tenths of which train.
        batch: images of a training step.
        crop: side of the square that is cut out of an image file, in pixels.
        side: side of a training target, in pixels.
        width: width of the image that inference makes, in pixels.
        height: height of the image that inference makes, in pixels.
        matrix: rows and columns of the matrix product that sets the roof.
        other: folder of another commit's files, whose speed is compared; None for none.
        is_quick: whether a few of many cases are enough.
    """

    folder: Path | None = None
    rounds: int = 3
    device: str = "cpu"
    threads: int = hardware.physical_cores()
    images: int = 100
    batch: int = 2
    crop: int = 800
    side: int = 224
    width: int = 1920
    height: int = 1080
    matrix: int = 4096
    other: Path | None = None
    is_quick: bool = False

    @property
    def trained(self) -> int:
        """Images that train in an epoch."""
        return round(0.6 * self.images)

    def overrides(self) -> list[str]:
        """Settings of the command for these images, sizes and threads."""
        return [
            *("data=folder", f"data.root='{self.image_folder()}'", f"data.cache_dir='{CACHE}'"),
            *(f"data.count={self.images}", f"data.batch_size={self.batch}"),
            *(f"data.crop={self.crop}", f"data.target_size={self.side}"),
            f"trainer={'gpu' if self.device == 'cuda' else 'cpu'}",
            f"trainer.threads={self.threads}",
        ]

    def prepare(self) -> list[str]:
        """Let the command decode the images into its cache; returns `overrides`."""
        overrides = self.overrides()
        with tempfile.TemporaryDirectory() as folder:
            python("-m", "srcnn_lightning", *overrides, "prepare_only=true", folder=Path(folder))
        return overrides

    def image_folder(self) -> Path:
        """Folder of at least `images` image files; they are drawn where none is given."""
        if self.folder is not None:
            return self.folder
        width, height = DIV2K_SIZE if self.crop == Workload.crop else (self.crop, self.crop)
        folder = CACHE / f"images-{width}x{height}"
        folder.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(partial(_draw, folder, width, height), range(self.images)))
        return folder


# So small that it only shows whether each benchmark runs.
QUICK = Workload(
    rounds=1,
    threads=1,
    images=30,
    crop=64,
    side=32,
    width=96,
    height=72,
    matrix=128,
    is_quick=True,
)


def _draw(folder: Path, width: int, height: int, index: int) -> None:
    path = folder / f"{index:04d}.png"
    if path.exists():
        return
    from PIL import Image

    from srcnn_lightning.data.dead_leaves import draw

    unfinished = path.with_suffix(f".{os.getpid()}")
    Image.fromarray(draw(width, 0, index)[:height]).save(unfinished, format="PNG")
    unfinished.replace(path)
