"""Whether an epoch costs as much as it has images, and an image as much as it has pixels.

The slope is that of a straight line through the logarithms of cost and size: 1 is linear.
"""

from collections.abc import Mapping

import numpy as np

from benchmarks.alone import Figures, alone, alternate, column
from benchmarks.figures import FigureSet, Row
from benchmarks.options import Options

TOLERANCE = 0.1


def measure(options: Options) -> list[FigureSet]:
    """Seconds an epoch of real runs, against the number of images and the side of the targets."""
    counted = {count: (count, options.counted_side) for count in options.counts}
    sided = {side: (options.sided_count, side) for side in options.sides}
    found = alternate(
        {
            "counts": lambda: _epochs(options, counted),
            "sides": lambda: _epochs(options, sided),
        },
        min(options.rounds, options.scaled_rounds),
    )
    return [
        _set("counts", "An epoch by number of images, 60 % of which train", counted, 1, found),
        _set("sides", f"An epoch by side of {options.sided_count} targets", sided, 2, found),
    ]


def _set(
    name: str,
    title: str,
    runs: Mapping[int, tuple[int, int]],
    power: int,
    found: Mapping[str, list[Figures]],
) -> FigureSet:
    rows = [
        Row(f"{count} images of {side}x{side}", "s", column(found[name], str(size)))
        for size, (count, side) in runs.items()
    ]
    slopes = tuple(
        slope([size**power for size in runs], [figures[str(size)] for size in runs])
        for figures in found[name]
    )
    rows.append(Row("slope", "of 1", slopes, 1 - TOLERANCE, 1 + TOLERANCE))
    return FigureSet(f"scaling_{name}", title, rows)


def slope(sizes: list[int], seconds: list[float]) -> float:
    """The power of the size that the seconds grow with."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def _epochs(options: Options, runs: dict[int, tuple[int, int]]) -> Figures:
    device = f"trainer={'gpu' if options.device == 'cuda' else 'cpu'}"
    overrides = {
        str(size): [
            device,
            f"trainer.threads={options.threads}",
            f"data.count={count}",
            f"data.crop={side}",  # images are drawn as large as they are used
            f"data.target_size={side}",
            "logger=none",  # its pictures belong to five epochs of a training, here to each
        ]
        for size, (count, side) in runs.items()
    }
    return alone("benchmarks.ours:epochs", runs=overrides, count=options.scaled_epochs)
