"""The last layer of SRCNN 9-1-5, forward and backward: plain, and as a convolution over blocks."""

import time
from functools import partial
from statistics import median

import torch

from benchmarks.alone import Figures, alone, alternate, column
from benchmarks.figures import FigureSet, Row, ratio
from benchmarks.options import Options
from srcnn_lightning.acceleration.block_convolution import BlockConv2d
from srcnn_lightning.acceleration.convolution import CPUConv2d
from srcnn_lightning.acceleration.memory import keep_freed_memory

STEPS = 20


def measure(options: Options) -> list[FigureSet]:
    """Milliseconds of a step of both forms."""
    settings = {"batch": options.batch, "side": options.side, "threads": options.threads}
    found = alternate(
        {
            form: partial(
                alone, "benchmarks.block_convolution:step", blocks=form == "blocks", **settings
            )
            for form in ("plain", "blocks")
        },
        options.rounds,
    )
    plain, blocks = (
        Row(form, "ms", column(figures, "milliseconds")) for form, figures in found.items()
    )
    title = f"The last layer alone, batch {options.batch} of {options.side}x{options.side}"
    rows = [plain, blocks, ratio("blocks / plain", blocks, plain, at_most=1)]
    return [FigureSet("block_convolution", title, rows)]


def step(blocks: bool, batch: int, side: int, threads: int) -> Figures:
    """The median of some steps, after one that warms up."""
    torch.set_num_threads(threads)
    keep_freed_memory()
    kind = BlockConv2d if blocks else CPUConv2d  # which have the same backward
    layer = kind(32, 3, 5).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images, slope = (
        torch.rand(batch, channels, side, side).contiguous(memory_format=torch.channels_last)
        for channels in (32, 3)
    )
    images.requires_grad_()
    times = []
    for _ in range(STEPS + 1):
        started = time.perf_counter()
        layer(images).backward(slope)
        times.append(time.perf_counter() - started)
    return {"milliseconds": 1000 * median(times[1:])}
