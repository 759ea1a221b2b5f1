"""The choices behind a PSNR, each by its name: what is compared, rounded, left out and averaged."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from srcnn_lightning import metrics
from srcnn_lightning.errors import choose
from srcnn_lightning.resize import resize, to_uint8

LEVELS = 255  # of an 8-bit file, beside 0


@dataclass(frozen=True)
class InputKernel:
    """How an image becomes the low-resolution input.

    Attributes:
        kernel: `nearest`, `bilinear` or `bicubic`.
        antialias: whether the kernel is widened, as MATLAB and Pillow do.
        is_rounded: whether the input is rounded to 8 bits, as a file is.
    """

    kernel: str = "bicubic"
    antialias: bool = True
    is_rounded: bool = True

    def shrink(self, target: Tensor, scale: int) -> Tensor:
        """`(1, 3, s*h, s*w)` in [0, 1] -> `(1, 3, h, w)` in [0, 1]."""
        size = (target.shape[-2] // scale, target.shape[-1] // scale)
        # Of levels, not of [0, 1], so that halves round as in `resize.resize_uint8`.
        lr = resize(target * LEVELS, size, self.kernel, self.antialias)
        return (lr.round() if self.is_rounded else lr).clamp(0, LEVELS) / LEVELS


@dataclass(frozen=True)
class Convention:
    """Every choice that PSNR depends on beside the images.

    Attributes:
        color: what is compared, one of `metrics.COLORS`.
        border: pixels left out at each side.
        rounding: `none`; `uint8`: the output to 8 bits, as a file is; `uint8_y`: Y of output and
            target to whole levels, as MATLAB's rgb2ycbcr does.
        reduction: `mean` of the images' PSNRs; PSNR of the `pooled` squared error of all pixels; or
            PSNR of the `mean_error`, the mean of the images' mean squared errors.
        input_kernel: how inputs are made, where they are not given.
    """

    color: str
    border: int
    rounding: str
    reduction: str
    input_kernel: InputKernel

    def compared(self, images: Tensor, is_grey: bool) -> Tensor:
        """What is compared of `(1, 3, H, W)`, which is clamped to [0, 1].

        Args:
            images: output or target.
            is_grey: whether the target is grey in its file, whose Y is its grey values.

        Returns:
            `(1, C, H - 2 * border, W - 2 * border)` in [0, 1].
        """
        if self.rounding == "uint8":
            images = to_uint8(images) / LEVELS
        converted = metrics.in_color(images.clamp(0, 1), self.color, torch.tensor([is_grey]))
        if self.rounding == "uint8_y":
            converted = (LEVELS * converted).round() / LEVELS
        return metrics.shave(converted, self.border)

    def reduced(self, errors: Sequence[float], counts: Sequence[int]) -> float:
        """PSNR of a set of images in dB.

        Args:
            errors: mean squared error of each image, for a peak of 1.
            counts: number of values that each error is the mean of.
        """
        mse = torch.tensor(errors, dtype=torch.float64)
        if self.reduction == "mean":
            return float(metrics.psnr_from_mse(mse).mean())
        weights = torch.tensor(counts, dtype=torch.float64)
        if self.reduction == "mean_error":
            weights = torch.ones_like(weights)
        return float(metrics.psnr_from_mse((mse * weights).sum() / weights.sum()))


ROUNDINGS = ("none", "uint8", "uint8_y")
REDUCTIONS = ("mean", "pooled", "mean_error")
NAMES = {
    "literature": "the literature's convention, as its Python programs compute it (EDSR and later)",
    "matlab": "the literature's convention, as its MATLAB programs compute it (SRCNN to DRCN)",
    "paper": "the convention of this project's Table 1",
}


def named_convention(name: str, scale: int) -> Convention:
    """A convention of `NAMES`.

    Args:
        name: name of the convention.
        scale: factor between the sides of input and target.

    Raises:
        BadInput: there is no such convention.
    """
    choose("--convention", name, tuple(NAMES))
    if name == "paper":
        return Convention("rgb", 0, "none", "mean", InputKernel())
    if name == "literature":
        return Convention("y", scale, "uint8", "mean", InputKernel())
    # The input stays in memory, and no file rounds it.
    return Convention("y", scale, "uint8_y", "mean", InputKernel(is_rounded=False))


def convention_name(convention: Convention, scale: int) -> str | None:
    """The name of a convention; None for one that has none."""
    return next((name for name in NAMES if named_convention(name, scale) == convention), None)
