"""SRGAN's discriminator: Ledig et al., arXiv 1609.04802, section 2.1.2 and figure 4."""

from itertools import pairwise

import torch
from torch import Tensor, nn

POOLED = 6  # pixels a side before the dense layers: what four strides leave of the paper's 96


class Discriminator(nn.Module):
    """Eight convolutions and two dense layers tell targets from a network's outputs.

    The paper's patches have 96 pixels a side. For other sizes the last feature maps are averaged to
    the size that those have.
    """

    def __init__(self, features: int = 64) -> None:
        """Build the network, with PyTorch's initial weights.

        Args:
            features: feature maps of the first layer; the last has eight times as many.
        """
        super().__init__()
        widths = [features * factor for factor in (1, 1, 2, 2, 4, 4, 8, 8)]
        layers: list[nn.Module] = []
        for number, (channels, width) in enumerate(pairwise([3, *widths])):
            layers.append(nn.Conv2d(channels, width, 3, stride=1 + number % 2, padding=1))
            if number:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(POOLED))
        self.classifier = nn.Sequential(
            nn.Linear(widths[-1] * POOLED**2, 16 * features),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(16 * features, 1),
        )

    def forward(self, images: Tensor) -> Tensor:
        """`(B, 3, H, W)` in [0, 1] -> `(B,)`: log odds that an image is a target."""
        odds: Tensor = self.classifier(torch.flatten(self.layers(images), 1))
        return odds[:, 0]
