"""Self-ensemble: the mean over a picture's flips and rotations (Lim et al. 2017, EDSR+)."""

from itertools import product

from torch import Tensor, nn

ROWS, COLUMNS = -2, -1


class SelfEnsemble(nn.Module):
    """A network as the mean of its outputs for the 8 flips and rotations of the input."""

    def __init__(self, network: nn.Module) -> None:
        """Wrap a network, with its radius and the multiple that it takes."""
        super().__init__()
        self.network = network
        for name in ("receptive_radius", "multiple_of"):
            if hasattr(network, name):
                setattr(self, name, getattr(network, name))

    def forward(self, images: Tensor) -> Tensor:
        """`(B, 3, h, w)` -> `(B, 3, scale * h, scale * w)`, the mean in one orientation."""
        total: Tensor | None = None
        for is_transposed, flipped in product(
            (False, True), ((), (ROWS,), (COLUMNS,), (ROWS, COLUMNS))
        ):
            seen = images.transpose(ROWS, COLUMNS) if is_transposed else images
            output = self.network(seen.flip(flipped)).flip(flipped)
            output = output.transpose(ROWS, COLUMNS) if is_transposed else output
            total = output if total is None else total + output
        assert total is not None
        return total / 8
