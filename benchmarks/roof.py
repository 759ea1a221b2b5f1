"""The roof: how fast the convolutions of a network could run on this machine at best.

A convolution takes its arithmetic at the rate of a large float32 matrix product, or its reading and
writing at the bandwidth of a large copy, whichever is longer. Both are measured there and then.
What lies between the convolutions counts as nothing.

The matrix product is that of torch, whose library does not everywhere reach what the processor can
do. A second, higher roof has the rate of a large convolution that suits the processor best.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from statistics import median

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.alone import Figures
from benchmarks.textbook import network

FLOAT_BYTES = 4
COPIED_FLOATS = 2**26  # 256 MB each way: far beyond any cache
REPETITIONS = 5


@dataclass(frozen=True)
class Work:
    """One pass of one convolution.

    Attributes:
        name: of the pass.
        flops: multiplications and additions.
        bytes: read and written once each.
    """

    name: str
    flops: int
    bytes: int


def training_work(model: nn.Module, batch: int, height: int, width: int) -> list[Work]:
    """Forward and backward of one step; the first layer needs no gradient of its input.

    Args:
        model: whose convolutions keep the image's size, in the order they are applied in.
        batch: images of a step.
        height: of the images, in pixels.
        width: of the images, in pixels.
    """
    passes = ("forward", "weight gradient", "input gradient")
    found = [
        work
        for convolution in convolutions(model)
        for work in _passes(*convolution, passes, batch * height * width)
    ]
    return [work for index, work in enumerate(found) if index != passes.index("input gradient")]


def inference_work(model: nn.Module, height: int, width: int) -> list[Work]:
    """Forward of one image, sides in pixels."""
    return [
        work
        for convolution in convolutions(model)
        for work in _passes(*convolution, ("forward",), height * width)
    ]


def convolutions(model: nn.Module) -> Iterator[tuple[int, int, int]]:
    """Input channels, output channels and side of the kernel, in the order they were defined in."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            yield layer.in_channels, layer.out_channels, layer.kernel_size[0]


def _passes(
    in_channels: int, out_channels: int, kernel_size: int, names: tuple[str, ...], pixels: int
) -> list[Work]:
    """Each reads two of input, output and weights, or their gradients, and writes the third."""
    weights = in_channels * out_channels * kernel_size**2
    values = weights + (in_channels + out_channels) * pixels
    flops = 2 * weights * pixels  # zeros of the border counted in: less than 2 percent of them
    return [Work(name, flops, FLOAT_BYTES * values) for name in names]


def seconds(works: list[Work], flops_per_second: float, bytes_per_second: float) -> float:
    """Of all passes, one after the other."""
    return sum(max(w.flops / flops_per_second, w.bytes / bytes_per_second) for w in works)


def product_rate(rows: int, device: str) -> float:
    """FLOP/s of a product of two square float32 matrices."""
    one, other = torch.rand(2, rows, rows, device=device)
    return 2 * rows**3 / _median_seconds(lambda: one @ other, device)


def convolution_rate(channels: int, device: str) -> float:
    """FLOP/s of a 3x3 convolution between many channels, in channels_last."""
    side, layout = 112, {"memory_format": torch.channels_last}
    images = torch.rand(1, channels, side, side, device=device).contiguous(**layout)
    weight = torch.rand(channels, channels, 3, 3, device=device).contiguous(**layout)
    works = _passes(channels, channels, 3, ("forward",), side * side)
    action = partial(F.conv2d, images, weight, padding=1)
    return works[0].flops / _median_seconds(action, device)


def copy_rate(device: str) -> float:
    """Bytes read and written per second by a copy."""
    source = torch.zeros(COPIED_FLOATS, device=device)
    target = torch.ones_like(source)
    return 2 * FLOAT_BYTES * COPIED_FLOATS / _median_seconds(lambda: target.copy_(source), device)


def _median_seconds(action: Callable[[], object], device: str) -> float:
    times = []
    for _ in range(REPETITIONS + 1):
        started = time.perf_counter()
        action()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return median(times[1:])  # the first warms up


def measure(
    matrix: int, channels: int, threads: int, device: str, batch: int, side: int
) -> Figures:
    """The machine's rates, and images per second of training at both roofs."""
    torch.set_num_threads(threads)
    product, copy = product_rate(matrix, device), copy_rate(device)
    convolution = convolution_rate(channels, device)
    works = training_work(network(), batch, side, side)
    return {
        "images_per_second": batch / seconds(works, product, copy),
        "convolution_images_per_second": batch / seconds(works, convolution, copy),
        "product_gflop_per_second": product / 1e9,
        "convolution_gflop_per_second": convolution / 1e9,
        "gigabytes_per_second": copy / 1e9,
    }
