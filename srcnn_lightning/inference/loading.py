"""A trained network, made ready for use on the CPU."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from srcnn_lightning.acceleration.accelerate import accelerate
from srcnn_lightning.acceleration.memory import keep_freed_memory
from srcnn_lightning.inference import tiling
from srcnn_lightning.models.checkpoint import load_network
from srcnn_lightning.models.scales import at_scale, choose_scale


@dataclass(frozen=True)
class LoadedNetwork:
    """A network in evaluation mode, accelerated, on the CPU.

    Attributes:
        network: network.
        scale: factor between the sides of output and input.
        overlap: pixels around a tile that the network is given as well; None where tiles would
            change its result.
    """

    network: nn.Module
    scale: int
    overlap: int | None

    def upscale(self, images: Tensor) -> Tensor:
        """`(1, 3, h, w)` in [0, 1] -> `(1, 3, scale * h, scale * w)`, not clamped."""
        tile = 0 if self.overlap is None else tiling.TILE
        return tiling.upscale_tiled(self.network, images, tile, self.overlap or 0)


def load(
    checkpoint: Path, allow_package: Sequence[str] = (), scale: int | None = None
) -> LoadedNetwork:
    """Load the network of a checkpoint.

    Args:
        checkpoint: path of the checkpoint.
        allow_package: names of packages whose networks may be built beside this program's.
        scale: one of the scales of a network of several; None: the only one.

    Raises:
        BadInput: as `models.checkpoint.load_network`; or the network has not this scale.
    """
    whole, settings = load_network(checkpoint, allow_package)
    scale = choose_scale(str(checkpoint), scale, settings["scale"])
    network = at_scale(whole, scale).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    overlap = tiling.tile_overlap(network)
    accelerate(network)
    keep_freed_memory()  # now, so that the memory of the overlap's trials has been returned
    return LoadedNetwork(network, scale, overlap)
