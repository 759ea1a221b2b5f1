"""DRCN: Kim et al., "Deeply-Recursive Convolutional Network for Image Super-Resolution".

arXiv 1511.04491. One convolution is applied 16 times, with the same weights, to 256 features of the
interpolated image. On Y the layers have 1,774,080 weights (printed: 1,774 k), beside biases and the
16 weights of the ensemble.

It differs from the paper in two points. The residual has no ReLU at its end, which would let the
network brighten alone. The weight of the intermediate losses is constant, where the paper lowers it
to 0 in the course of the training, by a schedule that it does not give.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from srcnn_lightning.errors import at_least, require
from srcnn_lightning.models.color import ColorNetwork
from srcnn_lightning.models.interpolation import interpolation_radius
from srcnn_lightning.models.registry import register


@register("drcn")
class DRCN(ColorNetwork):
    """The weighted sum of the recursions' predictions: the interpolated image plus a residual."""

    def __init__(
        self,
        recursions: int = 16,
        features: int = 256,
        supervision: float = 0.5,
        color: str = "rgb",
        kernel: str = "bicubic",
        antialias: bool = True,
        scale: int = 2,
    ) -> None:
        """Build the network; the paper's is on Y.

        Args:
            recursions: number of times that the recursive convolution is applied.
            features: feature maps of each layer.
            supervision: weight in the training loss, from 0 to 1, of the mean loss of the
                predictions (alpha); the output has the rest.
            color: `rgb`, or `y` for the luma alone.
            kernel: kernel of the interpolation.
            antialias: whether the interpolation is antialiased.
            scale: factor between the sides of output and input.

        Raises:
            BadInput: a number is out of its range, or there is no such color.
        """
        at_least("model.recursions", recursions, 1)
        at_least("model.features", features, 1)
        require(0 <= supervision <= 1, "model.supervision", supervision, "it must be from 0 to 1")
        radius = interpolation_radius(kernel, scale, recursions + 4)
        super().__init__(color, kernel, antialias, scale, radius)
        self.supervision = supervision
        self.embedding = nn.Sequential(
            nn.Conv2d(self.channels, features, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(features, features, 3, padding=1),
            nn.ReLU(inplace=True),
        )
        self.recursion = nn.Sequential(
            nn.Conv2d(features, features, 3, padding=1), nn.ReLU(inplace=True)
        )
        self.reconstruction = nn.Sequential(
            nn.Conv2d(features, features, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(features, self.channels, 3, padding=1),
        )
        self.ensemble = nn.Parameter(torch.full((recursions,), 1 / recursions))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        # As in the paper, the recursive layer starts by passing its features on.
        nn.init.dirac_(self.recursion[0].weight)  # type: ignore[arg-type]

    def upscale(self, images: Tensor) -> Tensor:
        """`(B, channels, h, w)` -> `(B, channels, scale * h, scale * w)`."""
        return self._weighted(self._predictions(images))

    def supervised_outputs(self, images: Tensor) -> Sequence[tuple[float, Tensor]]:
        """The predictions of the recursions and the output, with the weights of their losses.

        Args:
            images: `(B, 3, h, w)` in [0, 1].

        Returns:
            Pairs of a weight and `(B, 3, scale * h, scale * w)`, the output last. The weights add
            up to 1.
        """
        seen, chroma = self.split(images)
        predictions = self._predictions(seen)
        share = self.supervision / len(predictions)
        return [
            *((share, self.join(one, chroma)) for one in predictions),
            (1 - self.supervision, self.join(self._weighted(predictions), chroma)),
        ]

    def _predictions(self, images: Tensor) -> list[Tensor]:
        """One for each recursion, `(B, channels, scale * h, scale * w)`."""
        interpolated = self.interpolation(images)
        features = self.embedding(interpolated)
        predictions = []
        for _ in range(len(self.ensemble)):
            features = self.recursion(features)
            predictions.append(interpolated + self.reconstruction(features))
        return predictions

    def _weighted(self, predictions: Sequence[Tensor]) -> Tensor:
        return torch.stack([*map(torch.mul, self.ensemble, predictions)]).sum(0)
