"""Whether a difference between two settings is one: paired by image and seed, with an interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from srcnn_lightning.report.comparable_runs import Run

RESAMPLES = 10_000
CONFIDENCE = 0.95
BLOCK = 1_000  # resamples at once: of 1,000 images, 8 MB


@dataclass(frozen=True)
class PairedDifference:
    """The mean difference in test PSNR, in dB, and its bootstrap interval.

    Attributes:
        mean: mean over images and seeds.
        low: lower end of the 95 percent interval.
        high: upper end of the 95 percent interval.
        seeds: number of seeds that both settings were trained with.
        images: number of test images.
    """

    mean: float
    low: float
    high: float
    seeds: int
    images: int

    @property
    def holds_zero(self) -> bool:
        """Whether the interval does not tell the two settings apart."""
        return self.low <= 0 <= self.high


def paired_difference(runs: Sequence[Run], base: Sequence[Run]) -> PairedDifference | None:
    """Test PSNR of finished runs minus that of a base, image by image and seed by seed.

    A baseline is not trained: its one run is compared with every seed.

    Args:
        runs: runs of one setting, one for each seed.
        base: runs of the setting to compare with, over the same test images.

    Returns:
        None where the two share no seed, or fewer than two pairs, too few for an interval.
    """
    tables, base_tables = _by_seed(runs), _by_seed(base)
    if runs and not runs[0].is_trained:
        tables = dict.fromkeys(base_tables, next(iter(tables.values())))
    seeds = [seed for seed in tables if seed in base_tables]
    compared = [*(tables[seed] for seed in seeds), *(base_tables[seed] for seed in seeds)]
    if not compared:
        return None
    images = [
        name for name in compared[0] if all(table.get(name) is not None for table in compared)
    ]
    if len(images) * len(seeds) < 2:
        return None
    psnr, base_psnr = (
        np.array([[table[name] for name in images] for table in half], dtype=np.float64)
        for half in (compared[: len(seeds)], compared[len(seeds) :])
    )
    differences = psnr - base_psnr
    low, high = interval(differences)
    return PairedDifference(float(differences.mean()), low, high, len(seeds), len(images))


def interval(differences: NDArray[np.float64]) -> tuple[float, float]:
    """The percentile bootstrap interval of the mean of `(seeds, images)` differences, 95 percent.

    Seeds and images are drawn anew, with replacement, independently of each other, for both are
    samples: of the starts a training might have had, and of the images it might have met (the
    crossed bootstrap of Owen 2007, "The pigeonhole bootstrap"). One seed says nothing of others:
    the interval is then that of the images alone.
    """
    seeds, images = differences.shape
    generator = np.random.default_rng(0)  # the same runs, the same interval
    means = []
    for _ in range(RESAMPLES // BLOCK):
        drawn_seeds = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=BLOCK)
        drawn_images = generator.multinomial(images, np.full(images, 1 / images), size=BLOCK)
        means.append(((drawn_seeds @ differences) * drawn_images).sum(1) / (seeds * images))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return float(low), float(high)


def _by_seed(runs: Sequence[Run]) -> dict[int, dict[str, float | None]]:
    return {run.seed: {image["name"]: image["psnr"] for image in run.per_image} for run in runs}
