"""MDSR: Lim et al., "Enhanced Deep Residual Networks", arXiv 1707.02921, section 3.4.

One network for the scales 2, 3 and 4, which share its blocks. With 16 blocks of 64 features it has
3,227,203 parameters, with the paper's 80 blocks 7,953,987 (printed: 8.0 M). `residual`, which the
paper has not, lets training start at the interpolated image.
"""

import torch
from torch import Tensor, nn

from srcnn_lightning.errors import at_least, require
from srcnn_lightning.models.edsr import MEAN, ResidualBlock, upsampling
from srcnn_lightning.models.interpolation import Interpolation
from srcnn_lightning.models.registry import register


class MDSRAtScale(nn.Module):
    """What MDSR does by one of its scales: its own layers of that scale, and those of all."""

    multiple_of = 1

    def __init__(self, whole: "MDSR", scale: int) -> None:
        super().__init__()
        key = str(scale)
        self.head, self.body, self.tail = whole.head, whole.body, whole.tail
        self.preprocessing, self.upsampling = whole.preprocessing[key], whole.upsampling[key]
        self.interpolation = whole.interpolation[key] if whole.interpolation else None
        self.mean: Tensor
        self.register_buffer("mean", whole.mean, persistent=False)
        self.receptive_radius = whole.radius

    def forward(self, images: Tensor) -> Tensor:
        """`(B, 3, h, w)` in [0, 1] -> `(B, 3, scale * h, scale * w)`, not clamped."""
        head = self.preprocessing(self.head(images - self.mean))
        upscaled: Tensor = self.tail(self.upsampling(head + self.body(head)))
        return upscaled + (self.mean if self.interpolation is None else self.interpolation(images))


@register("mdsr")
class MDSR(nn.Module):
    """Residual blocks that several scales share (figure 5); `at_scale` gives the network of one."""

    def __init__(
        self,
        blocks: int = 16,
        features: int = 64,
        residual: bool = False,
        kernel: str = "bicubic",
        antialias: bool = True,
        scale: tuple[int, ...] = (2, 3, 4),
    ) -> None:
        """Build the network.

        Args:
            blocks: number of residual blocks that the scales share.
            features: feature maps of each layer.
            residual: whether the layers' result, 0 at first, is added to the interpolated image.
            kernel: kernel of the interpolation.
            antialias: whether the interpolation is antialiased.
            scale: several factors between the sides of output and input, of 2, 3 and 4.

        Raises:
            BadInput: there is no upscaling for a scale, or a number is too small.
        """
        super().__init__()
        at_least("model.blocks", blocks, 1)
        at_least("model.features", features, 1)
        is_known = {*scale} <= {2, 3, 4}
        require(is_known, "degradation.scale", list(scale), "mdsr has 2, 3 and 4")
        self.mean: Tensor
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.head = nn.Conv2d(3, features, 3, padding=1)
        self.body = nn.Sequential(
            *(ResidualBlock(features) for _ in range(blocks)),
            nn.Conv2d(features, features, 3, padding=1),
        )
        self.tail = nn.Conv2d(features, 3, 3, padding=1)
        if residual:
            for parameter in self.tail.parameters():
                nn.init.zeros_(parameter)
        self.preprocessing, self.upsampling = nn.ModuleDict(), nn.ModuleDict()
        self.interpolation = nn.ModuleDict()
        for factor in map(str, scale):
            blocks_of_scale = (ResidualBlock(features, kernel_size=5) for _ in range(2))
            self.preprocessing[factor] = nn.Sequential(*blocks_of_scale)
            self.upsampling[factor] = upsampling(features, int(factor))
            if residual:
                self.interpolation[factor] = Interpolation(kernel, antialias, int(factor))
        # 1 of the head, 8 of the scale's blocks, 1 at the body's end, and 2 after it.
        self.radius = 2 * blocks + 12

    def at_scale(self, scale: int) -> MDSRAtScale:
        """The network of one scale; it shares its parameters with this one."""
        return MDSRAtScale(self, scale)
