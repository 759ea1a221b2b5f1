"""What a benchmark is asked for."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from srcnn_lightning import hardware

# Drawn images and their caches stay here: the second benchmark finds them.
CACHE = Path(tempfile.gettempdir()) / "srcnn_lightning_bench"


@dataclass(frozen=True)
class Options:
    """One benchmark.

    Attributes:
        folder: real images with sides of at least `crop`; None draws some.
        rounds: how often each contender runs; figures are medians over them.
        device: `cpu` or `cuda`.
        threads: of the CPU, for every contender.
        images: in the folder; six tenths of them train.
        batch: images of a training step.
        crop: of an image file, pixels a side.
        side: of a training target, in pixels.
        epochs: that a contender trains in a round.
        height, width: of the image that inference makes, in pixels.
        matrix: rows and columns of the matrix product that measures the roof.
        channels: of the convolution that measures the higher roof.
        jobs: of the sweep that is skipped.
        counts: numbers of images whose epochs are compared.
        sides: of the targets whose epochs are compared, in pixels.
        counted_side: of the targets, in pixels, where `counts` differ.
        sided_count: of the images where `sides` differ.
        scaled_epochs: of each run of `counts` and `sides`.
        scaled_rounds: at most so many rounds of them.
        kept_epochs: of the run whose checkpoints and pictures are timed.
        settings: whose speed is compared with that of all as they are: without those that are
            on, with those that are off.
        settings_epochs: of each run whose settings are compared, after one that warms up.
        settings_rounds: at most so many rounds of them.
        compared_images: whose test PSNR is compared with a plain loop's.
        compared_side: of their targets, in pixels.
        compared_epochs: of each of those trainings.
        compared_seeds: trainings of each kind.
        grid: overrides of the learning-rate grid that is timed.
        grid_rounds: at most so many rounds of the grid.
    """

    folder: Path | None = None
    rounds: int = 3
    device: str = "cpu"
    threads: int = hardware.physical_cores()
    images: int = 100
    batch: int = 2
    crop: int = 800
    side: int = 224
    epochs: int = 1
    height: int = 1080
    width: int = 1920
    matrix: int = 4096
    channels: int = 256
    jobs: int = 10
    counts: tuple[int, ...] = (25, 50, 100, 200, 400)
    sides: tuple[int, ...] = (112, 224, 448)
    counted_side: int = 224
    sided_count: int = 100
    scaled_epochs: int = 1
    scaled_rounds: int = 2
    kept_epochs: int = 100
    settings: tuple[str, ...] = (
        "model.cpu_forms=false",
        "trainer.channels_last=false",
        "trainer.keep_memory=false",
        "data.on_device=false",
        "data.eval_batch_size=1",
        "data.eval_batch_size=20",
        "trainer.steps_per_call=30",
        "trainer.compile=true",
        "+optimizer.fused=true",
    )
    settings_epochs: int = 1
    settings_rounds: int = 3
    compared_images: int = 50
    compared_side: int = 112
    compared_epochs: int = 30
    compared_seeds: int = 3
    grid: tuple[str, ...] = ("data.crop=400", "data.target_size=112", "trainer.max_epochs=4")
    grid_rounds: int = 2

    @property
    def trained(self) -> int:
        """Images that train."""
        return round(0.6 * self.images)


def quick(device: str) -> Options:
    """So small that it only shows whether everything runs."""
    return Options(
        rounds=1,
        scaled_epochs=1,
        kept_epochs=2,
        settings=("model.cpu_forms=false", "trainer.steps_per_call=30"),
        compared_images=10,
        compared_side=32,
        compared_epochs=2,
        compared_seeds=1,
        threads=1,
        device=device,
        images=10,
        crop=64,
        side=32,
        height=72,
        width=96,
        matrix=128,
        channels=16,
        jobs=2,
        counts=(5, 10),
        sides=(32, 64),
        counted_side=32,
        sided_count=5,
        grid=("data.count=10", "data.crop=64", "data.target_size=32", "trainer.max_epochs=1"),
    )


def long(device: str) -> Options:
    """More rounds of longer trainings, and the paper's grid at its full length."""
    return Options(
        rounds=5,
        device=device,
        epochs=4,
        compared_images=100,
        compared_epochs=100,
        grid=("trainer.max_epochs=100",),
    )
