"""Losses that a network is trained with, by name."""

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from srcnn_lightning import arguments
from srcnn_lightning.errors import choose, require


class Charbonnier(nn.Module):
    """Mean of sqrt(difference^2 + epsilon^2): the absolute error, smooth at zero.

    Source: Lai et al., "Deep Laplacian Pyramid Networks", arXiv 1704.03915, section 3.3.
    """

    def __init__(self, epsilon: float = 1e-3) -> None:
        """Build the loss.

        Args:
            epsilon: difference of pixels in [0, 1] below which the loss is nearly square.
        """
        super().__init__()
        is_right = 0 < epsilon < math.inf
        require(is_right, "loss.epsilon", epsilon, "it must be above 0, and finite")
        self.epsilon = epsilon

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Two tensors of one shape -> a scalar."""
        return ((output - target).square() + self.epsilon**2).sqrt().mean()


class MeanSquaredError(nn.MSELoss):
    """Mean squared error (paper, section 4.2)."""

    def __init__(self) -> None:
        super().__init__()


class MeanAbsoluteError(nn.L1Loss):
    """Mean absolute error (EDSR, arXiv 1707.02921, section 3.3)."""

    def __init__(self) -> None:
        super().__init__()


LOSSES: dict[str, type[nn.Module]] = {
    "mse": MeanSquaredError,
    "l1": MeanAbsoluteError,
    "charbonnier": Charbonnier,
}


def build_loss(settings: Mapping[str, Any]) -> nn.Module:
    """The loss of the group `loss`: its `name` and arguments.

    Raises:
        BadInput: there is no such loss, or an argument that it does not take.
    """
    name = str(settings.get("name", "null"))
    choose("loss.name", name, tuple(LOSSES))
    given = {key: value for key, value in settings.items() if key != "name"}
    loss = LOSSES[name]
    arguments.check("loss", loss, given, name=name)
    return loss(**given)
