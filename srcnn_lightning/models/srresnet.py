"""SRResNet: Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a GAN".

arXiv 1609.04802. It is the generator of SRGAN, and has 1,549,462 parameters at x4 with one slope a
PReLU. `residual`, which the paper has not, lets training start at the interpolated image.
"""

from torch import Tensor, nn

from srcnn_lightning.errors import at_least, require
from srcnn_lightning.models.edsr import upsampling
from srcnn_lightning.models.interpolation import Interpolation
from srcnn_lightning.models.registry import register


class BatchNormBlock(nn.Module):
    """Two convolutions with batch norm, added to their input."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(features, features, 3, padding=1),
            nn.BatchNorm2d(features),
            nn.PReLU(),
            nn.Conv2d(features, features, 3, padding=1),
            nn.BatchNorm2d(features),
        )

    def forward(self, images: Tensor) -> Tensor:
        """`(B, features, h, w)` -> the same shape."""
        result: Tensor = images + self.layers(images)
        return result


@register("srresnet")
class SRResNet(nn.Module):
    """Residual blocks with batch norm at low resolution, then pixel shuffles (figure 4)."""

    multiple_of = 1

    def __init__(
        self,
        blocks: int = 16,
        features: int = 64,
        residual: bool = False,
        kernel: str = "bicubic",
        antialias: bool = True,
        scale: int = 2,
    ) -> None:
        """Build the network; the paper's is of scale 4.

        Args:
            blocks: number of residual blocks.
            features: feature maps of each layer.
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
        require(scale in (2, 3, 4), "degradation.scale", scale, "srresnet has 2, 3 and 4")
        self.interpolation = Interpolation(kernel, antialias, scale) if residual else None
        self.head = nn.Sequential(nn.Conv2d(3, features, 9, padding=4), nn.PReLU())
        self.body = nn.Sequential(
            *(BatchNormBlock(features) for _ in range(blocks)),
            nn.Conv2d(features, features, 3, padding=1),
            nn.BatchNorm2d(features),
        )
        tail = upsampling(features, scale, nn.PReLU)
        last = nn.Conv2d(features, 3, 9, padding=4)
        if residual:
            for parameter in last.parameters():
                nn.init.zeros_(parameter)
        self.tail = nn.Sequential(*tail, last)
        # 4 of the head, 2 a block, 1 at the body's end, and 3 of the tail at each of the scales.
        self.receptive_radius = 2 * blocks + 8

    def forward(self, images: Tensor) -> Tensor:
        """`(B, 3, h, w)` in [0, 1] -> `(B, 3, scale * h, scale * w)`, not clamped."""
        head = self.head(images)
        upscaled: Tensor = self.tail(head + self.body(head))
        return upscaled if self.interpolation is None else upscaled + self.interpolation(images)
