"""NinaSR: Gouvine's network of residual blocks with local attention.

No paper describes it; the facts are those of the author's https://github.com/Coloquinte/torchSR.
The defaults are NinaSR-B0, with 100,172 parameters at x2 (printed: 100 k); B1 has 26 blocks of 32
features, B2 84 of 56. Nothing differs from the original but the names of the layers.

The attention pools windows that begin at multiples of 16 pixels of the image. So a tile that begins
elsewhere gives other values, and no radius is declared.
"""

import math

import torch
from torch import Tensor, nn

from srcnn_lightning.errors import at_least, require
from srcnn_lightning.models.edsr import MEAN
from srcnn_lightning.models.registry import register

STRIDE = 16  # input pixels between the windows of the attention


class LocalAttention(nn.Module):
    """Weights in (0, 1) for each feature and each square of 16 pixels, from the mean around it."""

    def __init__(self, features: int, reduction: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.AvgPool2d(2 * STRIDE - 1, STRIDE, padding=STRIDE - 1, count_include_pad=False),
            nn.Conv2d(features, features // reduction, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(features // reduction, features, 1),
            nn.Sigmoid(),
            nn.UpsamplingNearest2d(scale_factor=STRIDE),
        )

    def forward(self, images: Tensor) -> Tensor:
        """`(B, features, h, w)` -> the same shape."""
        height, width = images.shape[-2:]
        weights = self.layers(images)[..., :height, :width]
        result: Tensor = images * weights
        return result


class AttentionBlock(nn.Module):
    """A wide layer and a narrow one, with attention between them, added to their input."""

    def __init__(
        self, features: int, inner: int, reduction: int, in_scale: float, out_scale: float
    ) -> None:
        super().__init__()
        self.in_scale, self.out_scale = in_scale, out_scale
        self.layers = nn.Sequential(
            nn.Conv2d(features, inner, 3, padding=1),
            nn.ReLU(inplace=True),
            LocalAttention(inner, reduction),
            nn.Conv2d(inner, features, 3, padding=1, bias=False),
        )
        nn.init.kaiming_normal_(self.layers[0].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.layers[0].bias)  # type: ignore[arg-type]
        nn.init.kaiming_normal_(self.layers[-1].weight)  # type: ignore[arg-type]

    def forward(self, images: Tensor) -> Tensor:
        """`(B, features, h, w)` -> the same shape."""
        result: Tensor = images + self.out_scale * self.layers(self.in_scale * images)
        return result


@register("ninasr")
class NinaSR(nn.Module):
    """Blocks with attention on the low-resolution image, and one pixel shuffle."""

    multiple_of = 1
    receptive_radius = None

    def __init__(
        self,
        blocks: int = 10,
        features: int = 16,
        expansion: float = 2.0,
        reduction: int = 4,
        scale: int = 2,
    ) -> None:
        """Build the network; the defaults are NinaSR-B0.

        Args:
            blocks: number of residual blocks.
            features: feature maps between the blocks.
            expansion: factor of the feature maps within a block.
            reduction: divisor of a block's feature maps within its attention.
            scale: factor between the sides of output and input.

        Raises:
            BadInput: a number is too small, or leaves no feature map within a block.
        """
        super().__init__()
        at_least("model.blocks", blocks, 1)
        at_least("model.features", features, 1)
        at_least("model.reduction", reduction, 1)
        is_right = 0 < expansion < math.inf
        require(is_right, "model.expansion", expansion, "it must be above 0, and finite")
        inner = int(features * expansion)
        reason = f"it must leave at least {reduction} features in a block (model.reduction)"
        require(inner >= reduction, "model.expansion", expansion, reason)
        self.mean: Tensor
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.head = nn.Conv2d(3, features, 3, padding=1, bias=False)
        # Each block's input is scaled to the variance of the first one's, if each residual adds
        # the square of `growth` to it. The attention's weights start near a half, hence the 2.
        growth = 4 / blocks
        self.body = nn.Sequential(
            *(
                AttentionBlock(
                    features, inner, reduction, 1 / math.sqrt(1 + number * growth**2), 2 * growth
                )
                for number in range(blocks)
            )
        )
        self.tail = nn.Sequential(
            nn.Conv2d(features, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale)
        )

    def forward(self, images: Tensor) -> Tensor:
        """`(B, 3, h, w)` in [0, 1] -> `(B, 3, scale * h, scale * w)`, not clamped."""
        head = self.head(images - self.mean)
        result: Tensor = self.tail(head + self.body(head)) + self.mean
        return result
