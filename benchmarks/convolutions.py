"""Which convolutions gain by the forms of `acceleration`? One training step of each shape."""

import time
from functools import partial
from statistics import median

import torch
from torch import nn

from benchmarks.rounds import Figures, FigureSet, Row, alternate, in_new_process
from benchmarks.workload import Workload
from srcnn_lightning.acceleration.block_convolution import BlockConv2d
from srcnn_lightning.acceleration.convolution import CPUConv2d
from srcnn_lightning.acceleration.memory import keep_freed_memory

# Input channels, output channels, side of the kernel, side of the image: layers of SRCNN, and of
# the residual networks of the literature.
SHAPES = (
    (3, 64, 9, 224),
    (64, 32, 1, 224),
    (32, 3, 5, 224),
    (1, 64, 9, 224),
    (32, 1, 5, 224),
    (64, 32, 5, 224),
    (3, 64, 3, 224),
    (64, 3, 3, 224),
    (64, 64, 3, 112),
    (64, 64, 3, 48),
    (32, 32, 3, 112),
    (16, 16, 3, 112),
    (12, 12, 3, 112),
    (56, 12, 1, 112),
    (12, 56, 1, 112),
    (64, 256, 3, 112),
    (64, 12, 3, 112),
)
FORMS = {"plain": None, "CPUConv2d": CPUConv2d, "BlockConv2d": BlockConv2d}
MOST_CHANNELS = 16  # output channels up to which blocks are tried
STEPS = 30


def measure(workload: Workload) -> list[FigureSet]:
    """Time of a step of each form, as a ratio to the plain layer's."""
    rows = []
    for shape in SHAPES[2:3] if workload.is_quick else SHAPES:  # the third has all forms
        forms = [form for form in FORMS if form != "BlockConv2d" or shape[1] <= MOST_CHANNELS]
        contenders = {
            form: partial(
                in_new_process,
                "benchmarks.convolutions:step",
                form=form,
                shape=shape,
                threads=workload.threads,
                steps=3 if workload.is_quick else STEPS,
            )
            for form in forms
        }
        found = alternate(contenders, workload.rounds)
        plain = [figures["ms"] for figures in found["plain"]]
        name = "{} to {}, {}x{}, {} px".format(*shape[:3], shape[2], shape[3])
        for form in forms[1:]:
            values = [one["ms"] / other for one, other in zip(found[form], plain, strict=True)]
            rows.append(Row(f"{name}: {form}", "x", tuple(values)))
    return [FigureSet("convolutions", "Time of a step of one layer, plain = 1", rows)]


def step(form: str, shape: list[int], threads: int, steps: int) -> Figures:
    """Milliseconds of forward and backward of one layer, batch 2, in channels_last."""
    torch.set_num_threads(threads)
    keep_freed_memory()
    torch.manual_seed(0)
    inputs, outputs, kernel, side = shape
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    layer = layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if FORMS[form] is not None:
        layer.__class__ = FORMS[form]
    images = torch.rand(2, inputs, side, side).to(memory_format=torch.channels_last)
    images.requires_grad_(inputs > 3)  # the first layer's input needs no gradient
    gradient = torch.rand(2, outputs, side, side).to(memory_format=torch.channels_last)
    times = []
    for _ in range(steps + 3):
        started = time.perf_counter()
        layer(images).backward(gradient)
        times.append(time.perf_counter() - started)
    return {"ms": 1000 * median(times[3:])}
