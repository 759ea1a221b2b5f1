"""Interpolation: the baselines of the paper's Table 1, and SRCNN's first layer."""

import math

from torch import Tensor, nn

from srcnn_lightning.config import KERNELS
from srcnn_lightning.errors import choose
from srcnn_lightning.models.registry import register
from srcnn_lightning.resize import resize

KERNEL_RADIUS = {"nearest": 0, "bilinear": 1, "bicubic": 2}  # input pixels around a position


def interpolation_radius(kernel: str, scale: int, margin: int = 0) -> int:
    """Input pixels as far as which an upscaled pixel, and those around it, depend on the input.

    Args:
        kernel: `nearest`, `bilinear` or `bicubic`.
        scale: factor between the sides of output and input.
        margin: upscaled pixels in each direction that are wanted beside it.
    """
    if kernel == "nearest":
        return math.ceil(margin / scale)
    # The first upscaled pixel of an input pixel, and the input pixel left of the position that the
    # farthest of those around it has.
    left = math.floor((0.5 - margin) / scale - 0.5)
    return KERNEL_RADIUS[kernel] - 1 - left


@register("interpolation")
class Interpolation(nn.Module):
    """Upscale by a fixed kernel (paper, section 5.1)."""

    multiple_of = 1

    def __init__(self, kernel: str = "bicubic", antialias: bool = True, scale: int = 2) -> None:
        """Build a network without parameters.

        Args:
            kernel: `nearest`, `bilinear` or `bicubic`.
            antialias: whether torch's antialiased kernels are used; the bicubic one differs when
                it upscales, too (a = -0.5, without antialiasing -0.75).
            scale: factor between the sides of output and input.

        Raises:
            BadInput: the kernel is none of the three.
        """
        super().__init__()
        choose("degradation.kernel", kernel, KERNELS)
        self.receptive_radius = interpolation_radius(kernel, scale)
        self.kernel = kernel
        self.antialias = antialias
        self.scale = scale

    def forward(self, images: Tensor) -> Tensor:
        """`(B, C, h, w)` -> `(B, C, scale * h, scale * w)`; bicubic may leave [0, 1]."""
        height, width = images.shape[-2:]
        size = (height * self.scale, width * self.scale)
        return resize(images, size, self.kernel, self.antialias)

    def extra_repr(self) -> str:
        """Settings that print(network) shows."""
        return f"kernel={self.kernel}, antialias={self.antialias}, scale={self.scale}"
