"""How fast could SRCNN train on this machine at best?

The roof does the arithmetic of the convolutions at a measured rate, and nothing else. Two rates are
measured: that of torch's float32 matrix product, whose library is slow on some processors, and that
of a large convolution.
"""

import time
from collections.abc import Callable
from functools import partial
from statistics import median

import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.rounds import Figures
from benchmarks.textbook import network

REPETITIONS = 5
CHANNELS, SIDE = 256, 112  # of the large convolution


def measure(matrix: int, threads: int, device: str, side: int) -> Figures:
    """Images per second of training at the rate of a product of two matrices and a convolution.

    Args:
        matrix: rows and columns of the matrices.
        threads: CPU threads.
        device: `cpu` or `cuda`.
        side: side of the images that train, in pixels.
    """
    torch.set_num_threads(threads)
    one, other = torch.rand(2, matrix, matrix, device=device)
    layout = {"memory_format": torch.channels_last}
    images = torch.rand(1, CHANNELS, SIDE, SIDE, device=device).contiguous(**layout)
    weight = torch.rand(CHANNELS, CHANNELS, 3, 3, device=device).contiguous(**layout)
    product = 2 * matrix**3 / _seconds(lambda: one @ other, device)
    convolve = partial(F.conv2d, images, weight, padding=1)
    convolution = 2 * weight.numel() * SIDE**2 / _seconds(convolve, device)
    flops = training_flops(side)
    return {
        "images_per_second": product / flops,
        "convolution_images_per_second": convolution / flops,
    }


def training_flops(side: int) -> int:
    """Multiplications and additions of a training step with one image of `side` pixels a side."""
    images = torch.zeros(1, 3, side, side)
    with FlopCounterMode(display=False) as counter:
        F.mse_loss(network()(images), images).backward()  # type: ignore[no-untyped-call]
    return int(counter.get_total_flops())


def _seconds(action: Callable[[], object], device: str) -> float:
    """Median over some repetitions, after one that warms up."""
    times = []
    for _ in range(REPETITIONS + 1):
        started = time.perf_counter()
        action()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return median(times[1:])
