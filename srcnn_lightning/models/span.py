"""SPAN: Wan et al., "Swift Parameter-free Attention Network for Efficient Super-Resolution".

arXiv 2311.12770, winner of the efficient challenge of NTIRE 2024. SPAN has 52 features (481,324
parameters at x2; printed: 481 k), SPAN-S 48 (410,700).

It differs from the authors' code in two points. The 3x3 convolutions are trained in the form in
which they are used: the authors train most of them as three convolutions and a shortcut, with over
four times the parameters, and merge these afterwards. The output is scaled back to [0, 1] and the
mean is added to it, where theirs has to learn both.
"""

import torch
from torch import Tensor, nn

from srcnn_lightning.errors import at_least
from srcnn_lightning.models.edsr import MEAN
from srcnn_lightning.models.registry import register

# Of the values that the layers see, as the authors' do: the attention needs large ones.
RANGE = 255.0


class AttentionBlock(nn.Module):
    """Three convolutions, whose result is added to the block's input and weighs the sum."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(features, features, 3, padding=1), nn.SiLU())
        self.others = nn.Sequential(
            nn.Conv2d(features, features, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(features, features, 3, padding=1),
        )

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """`(B, features, h, w)` -> the output and the first layer's features, of the same shape."""
        early: Tensor = self.first(images)
        found: Tensor = self.others(early)
        return (images + found) * (torch.sigmoid(found) - 0.5), early


@register("span")
class SPAN(nn.Module):
    """Blocks whose attention has no parameters, and one pixel shuffle (section 3)."""

    multiple_of = 1

    def __init__(self, blocks: int = 6, features: int = 52, scale: int = 2) -> None:
        """Build the network.

        Args:
            blocks: number of blocks.
            features: feature maps of each layer.
            scale: factor between the sides of output and input.

        Raises:
            BadInput: a number is too small.
        """
        super().__init__()
        at_least("model.blocks", blocks, 1)
        at_least("model.features", features, 1)
        self.mean: Tensor
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.receptive_radius = 3 * blocks + 3
        self.head = nn.Conv2d(3, features, 3, padding=1)
        self.blocks = nn.ModuleList(AttentionBlock(features) for _ in range(blocks))
        self.body_end = nn.Conv2d(features, features, 3, padding=1)
        self.fusion = nn.Conv2d(4 * features, features, 1)
        self.tail = nn.Sequential(
            nn.Conv2d(features, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale)
        )

    def forward(self, images: Tensor) -> Tensor:
        """`(B, 3, h, w)` in [0, 1] -> `(B, 3, scale * h, scale * w)`, not clamped."""
        head = self.head((images - self.mean) * RANGE)
        outputs, early = [head], head
        for block in self.blocks:
            output, early = block(outputs[-1])
            outputs.append(output)
        fused = self.fusion(torch.cat([head, self.body_end(outputs[-1]), outputs[1], early], 1))
        result: Tensor = self.tail(fused) / RANGE + self.mean
        return result
