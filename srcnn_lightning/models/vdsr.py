"""VDSR: Kim et al., "Accurate Image Super-Resolution Using Very Deep Convolutional Networks".

arXiv 1511.04587. 20 layers of 3x3 refine the interpolated image; on Y, without biases, they have
664,704 parameters.
"""

from torch import Tensor, nn

from srcnn_lightning.errors import at_least
from srcnn_lightning.models.color import ColorNetwork
from srcnn_lightning.models.interpolation import interpolation_radius
from srcnn_lightning.models.registry import register


@register("vdsr")
class VDSR(ColorNetwork):
    """The interpolated image plus a residual of many layers (section 3.1)."""

    def __init__(
        self,
        depth: int = 20,
        features: int = 64,
        color: str = "rgb",
        kernel: str = "bicubic",
        antialias: bool = True,
        scale: int = 2,
    ) -> None:
        """Build the network; the paper's is on Y.

        Args:
            depth: number of convolutions, at least 2.
            features: feature maps between them.
            color: `rgb`, or `y` for the luma alone.
            kernel: kernel of the interpolation.
            antialias: whether the interpolation is antialiased.
            scale: factor between the sides of output and input.

        Raises:
            BadInput: a number is too small, or there is no such color.
        """
        at_least("model.depth", depth, 2)
        at_least("model.features", features, 1)
        super().__init__(
            color, kernel, antialias, scale, interpolation_radius(kernel, scale, depth)
        )
        layers: list[nn.Module] = []
        channels = self.channels
        for _ in range(depth - 1):
            layers += [
                nn.Conv2d(channels, features, 3, padding=1, bias=False),
                nn.ReLU(inplace=True),
            ]
            channels = features
        layers.append(nn.Conv2d(channels, self.channels, 3, padding=1, bias=False))
        self.layers = nn.Sequential(*layers)
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")

    def upscale(self, images: Tensor) -> Tensor:
        """`(B, channels, h, w)` -> `(B, channels, scale * h, scale * w)`."""
        interpolated: Tensor = self.interpolation(images)
        result: Tensor = interpolated + self.layers(interpolated)
        return result
