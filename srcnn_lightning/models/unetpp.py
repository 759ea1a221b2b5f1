"""UNet++: Zhou et al., "UNet++: A Nested U-Net Architecture for Medical Image Segmentation".

arXiv 1807.10165. Nodes X(i, j) lie on levels i of half the sides each. With one channel in and out
the paper's network has 9,041,601 parameters (printed: 9.04 M); its figure 1 shows the nodes.

For upscaling it differs in three points. It sees the low-resolution image, and its heads make the
scale's pixels (pixel shuffle). Their result, 0 at first, is added to the interpolated image. There
is no dropout, which loses detail here.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcnn_lightning.errors import at_least, require
from srcnn_lightning.models.interpolation import Interpolation
from srcnn_lightning.models.registry import register


class Node(nn.Sequential):
    """Two convolutions with ReLUs: X(i, j), from all it is given to its level's features."""

    def __init__(self, channels: int, features: int) -> None:
        super().__init__(
            nn.Conv2d(channels, features, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(features, features, 3, padding=1),
            nn.ReLU(inplace=True),
        )
        for layer in self:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]


@register("unetpp")
class UNetPlusPlus(nn.Module):
    """Nested U-Nets of every depth, which share their encoder (section 3)."""

    def __init__(
        self,
        features: tuple[int, ...] = (32, 64, 128, 256, 512),
        deep_supervision: bool = False,
        kernel: str = "bicubic",
        antialias: bool = True,
        scale: int = 2,
    ) -> None:
        """Build the network.

        Args:
            features: feature maps of each level, from the whole image downwards; at least 2 levels.
            deep_supervision: whether each node X(0, j) has a head of its own, for j from 1. The
                output is the mean of the heads, and the training loss the mean of their losses:
                every head has the same weight (section 3.2).
            kernel: kernel of the interpolation.
            antialias: whether the interpolation is antialiased.
            scale: factor between the sides of output and input.

        Raises:
            BadInput: a level has no features, or there are fewer than 2 levels.
        """
        super().__init__()
        what = "give the features of at least 2 levels"
        require(len(features) > 1, "model.features", list(features), what)
        for width in features:
            at_least("model.features", width, 1)
        depth = len(features) - 1
        self.multiple_of = 2**depth
        # On the way down and up again, each level's nodes see 4 of its pixels farther, and a pixel
        # of the level below covers 2 of them; the lowest level's node sees 2 of its pixels.
        self.receptive_radius = 5 * (self.multiple_of - 1) + 2 * self.multiple_of
        self.deep_supervision = deep_supervision
        self.interpolation = Interpolation(kernel, antialias, scale)
        self.encoder = nn.ModuleList(map(Node, (3, *features), features))
        # Of nodes X(i, j) by i, for j from 1: they see X(i, 0) to X(i, j - 1), and X(i + 1, j - 1)
        # at twice its sides.
        self.upsampling, self.decoder = nn.ModuleList(), nn.ModuleList()
        for level, width in enumerate(features[:-1]):
            nodes = range(1, depth - level + 1)
            below = features[level + 1]
            self.upsampling.append(
                nn.ModuleList(nn.ConvTranspose2d(below, width, 2, stride=2) for _ in nodes)
            )
            self.decoder.append(nn.ModuleList(Node((node + 1) * width, width) for node in nodes))
        self.heads = nn.ModuleList(
            nn.Conv2d(features[0], 3 * scale**2, 1) for _ in range(depth if deep_supervision else 1)
        )
        for parameter in self.heads.parameters():
            nn.init.zeros_(parameter)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, images: Tensor) -> Tensor:
        """`(B, 3, h, w)` in [0, 1] -> `(B, 3, scale * h, scale * w)`, not clamped.

        h and w must be multiples of `multiple_of`.
        """
        return torch.stack(self._outputs(images)).mean(0)

    def supervised_outputs(self, images: Tensor) -> Sequence[tuple[float, Tensor]]:
        """The output of each head, with the same weight of its loss; the weights add up to 1."""
        outputs = self._outputs(images)
        return [(1 / len(outputs), output) for output in outputs]

    def _outputs(self, images: Tensor) -> list[Tensor]:
        """One for each head, from the shallowest U-Net to the deepest."""
        rows = [[self.encoder[0](images)]]
        for node in list(self.encoder)[1:]:
            rows.append([node(F.max_pool2d(rows[-1][0], 2))])
        for column in range(len(self.decoder)):
            for level in range(len(self.decoder) - column):
                raised = self.upsampling[level][column](rows[level + 1][column])  # type: ignore[index]
                seen = torch.cat([*rows[level], raised], 1)
                rows[level].append(self.decoder[level][column](seen))  # type: ignore[index]
        interpolated = self.interpolation(images)
        nodes = rows[0][-len(self.heads) :]
        return [
            interpolated + self.shuffle(head(node))
            for head, node in zip(self.heads, nodes, strict=True)
        ]
