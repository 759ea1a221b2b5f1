"""EDSR: Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution".

arXiv 1707.02921. The baseline has 16 blocks of 64 features (1,369,859 parameters at x2), the large
network 32 blocks of 256 features with residuals scaled by 0.1 (40,729,603). `residual`, which the
paper has not, lets training start at the interpolated image.
"""

import math

import torch
from torch import Tensor, nn

from srcnn_lightning.errors import at_least, require
from srcnn_lightning.models.interpolation import Interpolation
from srcnn_lightning.models.registry import register

MEAN = (0.4488, 0.4371, 0.4040)  # of DIV2K's RGB values, which the network subtracts


class ResidualBlock(nn.Module):
    """Two convolutions without batch norm, added to their input (section 3.1)."""

    def __init__(self, features: int, residual_scale: float = 1.0, kernel_size: int = 3) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(features, features, kernel_size, padding=kernel_size // 2),
            nn.ReLU(inplace=True),
            nn.Conv2d(features, features, kernel_size, padding=kernel_size // 2),
        )
        self.residual_scale = residual_scale

    def forward(self, images: Tensor) -> Tensor:
        """`(B, features, h, w)` -> the same shape."""
        result: Tensor = images + self.residual_scale * self.layers(images)
        return result


def upsampling(
    features: int, scale: int, activation: type[nn.Module] | None = None
) -> nn.Sequential:
    """`(B, features, h, w)` -> `(B, features, scale * h, scale * w)` by pixel shuffles.

    Args:
        features: feature maps.
        scale: 2, 3 or 4, which is 2 twice.
        activation: class of a layer after each shuffle; None: there is none.
    """
    layers: list[nn.Module] = []
    for factor in (2, 2) if scale == 4 else (scale,):
        layers += [nn.Conv2d(features, features * factor**2, 3, padding=1), nn.PixelShuffle(factor)]
        layers += [activation()] if activation else []
    return nn.Sequential(*layers)


@register("edsr")
class EDSR(nn.Module):
    """Residual blocks at low resolution, then pixel shuffles (section 3.2)."""

    multiple_of = 1

    def __init__(
        self,
        blocks: int = 16,
        features: int = 64,
        residual_scale: float = 1.0,
        residual: bool = False,
        kernel: str = "bicubic",
        antialias: bool = True,
        scale: int = 2,
    ) -> None:
        """Build the network; the defaults are the paper's baseline.

        Args:
            blocks: number of residual blocks.
            features: feature maps of each layer.
            residual_scale: factor of each block's residual; 0.1 keeps 256 features stable.
            residual: whether the layers' result, 0 at first, is added to the interpolated image.
            kernel: kernel of the interpolation.
            antialias: whether the interpolation is antialiased.
            scale: factor between the sides of output and input: 2, 3 or 4.

        Raises:
            BadInput: there is no upscaling for the scale, or a number is too small.
        """
        super().__init__()
        at_least("model.blocks", blocks, 1)
        at_least("model.features", features, 1)
        is_right = 0 < residual_scale < math.inf
        require(is_right, "model.residual_scale", residual_scale, "it must be above 0, and finite")
        require(scale in (2, 3, 4), "degradation.scale", scale, "edsr has 2, 3 and 4")
        self.mean: Tensor
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        # The layers see farther than any interpolation.
        self.receptive_radius = 2 * blocks + 4
        self.interpolation = Interpolation(kernel, antialias, scale) if residual else None
        self.head = nn.Conv2d(3, features, 3, padding=1)
        self.body = nn.Sequential(
            *(ResidualBlock(features, residual_scale) for _ in range(blocks)),
            nn.Conv2d(features, features, 3, padding=1),
        )
        tail = upsampling(features, scale)
        last = nn.Conv2d(features, 3, 3, padding=1)
        if residual:
            for parameter in last.parameters():
                nn.init.zeros_(parameter)
        self.tail = nn.Sequential(*tail, last)

    def forward(self, images: Tensor) -> Tensor:
        """`(B, 3, h, w)` in [0, 1] -> `(B, 3, scale * h, scale * w)`, not clamped."""
        head = self.head(images - self.mean)
        upscaled: Tensor = self.tail(head + self.body(head))
        return upscaled + (self.mean if self.interpolation is None else self.interpolation(images))
