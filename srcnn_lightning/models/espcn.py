"""ESPCN: Shi et al., "Real-Time Single Image and Video Super-Resolution", arXiv 1609.05158."""

from torch import Tensor, nn

from srcnn_lightning.errors import at_least
from srcnn_lightning.models.color import ColorNetwork
from srcnn_lightning.models.registry import register


@register("espcn")
class ESPCN(ColorNetwork):
    """Three convolutions on the low-resolution image, and a pixel shuffle (section 3)."""

    def __init__(
        self,
        features: tuple[int, int] = (64, 32),
        color: str = "rgb",
        kernel: str = "bicubic",
        antialias: bool = True,
        scale: int = 2,
    ) -> None:
        """Build the 5-3-3 network with tanh between its layers; the paper's is on Y.

        Args:
            features: feature maps of the first and of the second layer.
            color: `rgb`, or `y` for the luma alone.
            kernel: kernel of the chroma's interpolation.
            antialias: whether that interpolation is antialiased.
            scale: factor between the sides of output and input.

        Raises:
            BadInput: a number is too small, or there is no such color.
        """
        for width in features:
            at_least("model.features", width, 1)
        super().__init__(color, kernel, antialias, scale, radius=4)
        first, second = features
        self.layers = nn.Sequential(
            nn.Conv2d(self.channels, first, 5, padding=2),
            nn.Tanh(),
            nn.Conv2d(first, second, 3, padding=1),
            nn.Tanh(),
            nn.Conv2d(second, self.channels * scale**2, 3, padding=1),
            nn.PixelShuffle(scale),
        )

    def upscale(self, images: Tensor) -> Tensor:
        """`(B, channels, h, w)` -> `(B, channels, scale * h, scale * w)`."""
        result: Tensor = self.layers(images)
        return result
