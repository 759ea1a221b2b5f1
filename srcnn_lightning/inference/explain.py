"""PSNR of the same outputs under every convention, to find the one of a printed value."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import torch
from torch import Tensor

from srcnn_lightning import metrics
from srcnn_lightning.errors import BadInput
from srcnn_lightning.inference.conventions import (
    REDUCTIONS,
    ROUNDINGS,
    Convention,
    InputKernel,
    convention_name,
)
from srcnn_lightning.inference.evaluation_images import Case, Upscale, open_folders
from srcnn_lightning.models import Interpolation

# MATLAB and Pillow; the literature's MATLAB programs, in memory; OpenCV's cubic and torch's
# bicubic; torchvision and Pillow where nothing else is asked for; OpenCV's default.
INPUT_KERNELS = (
    InputKernel("bicubic"),
    InputKernel("bicubic", is_rounded=False),
    InputKernel("bicubic", antialias=False),
    InputKernel("bilinear"),
    InputKernel("bilinear", antialias=False),
)
CLOSE = 0.03  # dB by which programs of one convention differ
WIDER_BORDER = 6  # pixels beyond the scale: the border of the NTIRE challenges


@dataclass(frozen=True)
class Combination:
    """PSNR under one convention.

    Attributes:
        convention: the choices.
        name: name of the convention; None for one that has none.
        psnr: in dB.
    """

    convention: Convention
    name: str | None
    psnr: float


@torch.inference_mode()
def explain(
    data: Path,
    model: str,
    upscale: Upscale | None,
    scale: int = 2,
    lr_dir: Path | None = None,
    sr_dir: Path | None = None,
) -> list[Combination]:
    """PSNR of one model, or of a folder of upscaled images, under every convention.

    An `Interpolation` upscales in the way in which the input is made, antialiased or not: programs
    take one function for both.

    Args:
        data: folder of the high-resolution images.
        model: name of the model, for sentences.
        upscale: network in evaluation mode, on the CPU, or function; None takes `sr_dir`.
        scale: factor between the sides of input and target.
        lr_dir: folder of the low-resolution images; None: they are made.
        sr_dir: folder of upscaled images.

    Returns:
        The combinations from the highest PSNR to the lowest. Given images have one input kernel.

    Raises:
        BadInput: as `evaluation.evaluate`.
    """
    folders = open_folders(data, scale, lr_dir, {model: sr_dir} if sr_dir else {})
    is_made = upscale is not None and lr_dir is None
    kernels = INPUT_KERNELS if is_made else INPUT_KERNELS[:1]
    errors: dict[Convention, list[float]] = {one: [] for one in _conventions(scale, kernels)}
    counts: dict[Convention, list[int]] = {one: [] for one in errors}
    for case in folders.cases():
        outputs = {kernel: _output(case, model, upscale, kernel) for kernel in kernels}
        for convention, found_errors in errors.items():
            if min(case.target.shape[-2:]) <= 2 * convention.border:
                raise BadInput(
                    f"{case.path}: it has {case.whole_size} pixels, and a border of "
                    f"{convention.border} leaves none of it; leave the image out."
                )
            target = convention.compared(case.target, case.is_grey)
            output = convention.compared(outputs[convention.input_kernel], case.is_grey)
            found_errors.append(float(metrics.mse_per_image(output, target)))
            counts[convention].append(target.numel())
    found = [
        Combination(one, convention_name(one, scale), one.reduced(errors[one], counts[one]))
        for one in errors
    ]
    return sorted(found, key=lambda one: -one.psnr)


def nearest_first(combinations: list[Combination], target: float) -> list[Combination]:
    """The combinations sorted by their distance to a printed PSNR in dB.

    Of those within `CLOSE`, which no program can tell apart, named conventions come first.
    """

    def order(one: Combination) -> tuple[bool, bool, float]:
        distance = abs(one.psnr - target)
        return distance > CLOSE, distance <= CLOSE and one.name is None, distance

    return sorted(combinations, key=order)


def _conventions(scale: int, kernels: tuple[InputKernel, ...]) -> Iterator[Convention]:
    borders = (0, scale, scale + WIDER_BORDER)
    for kernel, color, border, rounding, reduction in product(
        kernels, metrics.COLORS, borders, ROUNDINGS, REDUCTIONS
    ):
        if (color, rounding) != ("rgb", "uint8_y"):
            yield Convention(color, border, rounding, reduction, kernel)


def _output(case: Case, model: str, upscale: Upscale | None, kernel: InputKernel) -> Tensor:
    if upscale is None:
        return case.read_output(model)
    if isinstance(upscale, Interpolation):
        upscale = Interpolation(upscale.kernel, kernel.antialias, upscale.scale)
    return case.output(model, upscale, case.input(kernel))
