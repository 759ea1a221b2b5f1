"""A network of one's own, in a package of one's own."""

import torch
from torch import nn


class SmallNet(nn.Sequential):
    """Two convolutions on the small image, and a pixel shuffle."""

    receptive_radius = 3  # input pixels that an output pixel depends on: 5x5 and then 3x3

    def __init__(self, width: int = 32, scale: int = 2) -> None:
        super().__init__(
            nn.Conv2d(3, width, 5, padding=2),
            nn.ReLU(),
            nn.Conv2d(width, 3 * scale**2, 3, padding=1),
            nn.PixelShuffle(scale),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """`(B, 3, h, w)` in [0, 1] -> `(B, 3, scale * h, scale * w)`."""
        upscaled = nn.functional.interpolate(images, scale_factor=float(self[3].upscale_factor))
        return upscaled + super().forward(images)
