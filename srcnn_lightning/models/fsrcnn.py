"""FSRCNN: Dong et al., "Accelerating the Super-Resolution Convolutional Neural Network".

arXiv 1608.00367. The network works on the low-resolution image and ends in a transposed
convolution. FSRCNN(56, 12, 4) on Y has 12,464 weights, beside biases and the slopes of the PReLUs.
"""

from torch import Tensor, nn

from srcnn_lightning.errors import at_least
from srcnn_lightning.models.color import ColorNetwork
from srcnn_lightning.models.registry import register

DECONVOLUTION = 9  # side of the last layer's kernel, in output pixels


@register("fsrcnn")
class FSRCNN(ColorNetwork):
    """Features, shrinking, mapping, expanding, transposed convolution (section 3.2)."""

    def __init__(
        self,
        features: int = 56,
        shrink_features: int = 12,
        mapping_layers: int = 4,
        color: str = "rgb",
        kernel: str = "bicubic",
        antialias: bool = True,
        scale: int = 2,
    ) -> None:
        """Build the network; the paper's is on Y.

        Args:
            features: feature maps of the first and of the last layer but one (d).
            shrink_features: feature maps of the mapping layers (s).
            mapping_layers: number of mapping layers (m).
            color: `rgb`, or `y` for the luma alone.
            kernel: kernel of the chroma's interpolation.
            antialias: whether that interpolation is antialiased.
            scale: factor between the sides of output and input.

        Raises:
            BadInput: a number is too small, or there is no such color.
        """
        for key, value in (("features", features), ("shrink_features", shrink_features)):
            at_least(f"model.{key}", value, 1)
        at_least("model.mapping_layers", mapping_layers, 0)
        middle = DECONVOLUTION // 2
        # An input pixel contributes to the output pixels within `middle` of its first one.
        radius = 2 + mapping_layers + max(middle // scale, 1 + (middle - 1) // scale)
        super().__init__(color, kernel, antialias, scale, radius)
        layers: list[nn.Module] = [nn.Conv2d(self.channels, features, 5, padding=2)]
        layers += [
            nn.PReLU(features),
            nn.Conv2d(features, shrink_features, 1),
            nn.PReLU(shrink_features),
        ]
        for _ in range(mapping_layers):
            layers += [
                nn.Conv2d(shrink_features, shrink_features, 3, padding=1),
                nn.PReLU(shrink_features),
            ]
        layers += [nn.Conv2d(shrink_features, features, 1), nn.PReLU(features)]
        self.layers = nn.Sequential(*layers)
        self.deconvolution = nn.ConvTranspose2d(
            features,
            self.channels,
            DECONVOLUTION,
            stride=scale,
            padding=middle,
            output_padding=scale - 1,
        )
        for layer in self.layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, a=0.25)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        nn.init.normal_(self.deconvolution.weight, std=1e-3)  # section 4.1
        nn.init.zeros_(self.deconvolution.bias)  # type: ignore[arg-type]

    def upscale(self, images: Tensor) -> Tensor:
        """`(B, channels, h, w)` -> `(B, channels, scale * h, scale * w)`."""
        result: Tensor = self.deconvolution(self.layers(images))
        return result
