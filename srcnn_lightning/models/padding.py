"""Images of any size for networks whose input's sides must be multiples of a number."""

import torch.nn.functional as F
from torch import Tensor, nn


def padded_to_multiple(images: Tensor, multiple: int) -> Tensor:
    """`(B, C, h, w)` with its last row and column repeated, up to the next multiples."""
    height, width = images.shape[-2:]
    below, right = -height % multiple, -width % multiple
    return F.pad(images, (0, right, 0, below), mode="replicate") if below or right else images


def upscale(network: nn.Module, images: Tensor) -> Tensor:
    """`(B, 3, h, w)` of any size in [0, 1] -> `(B, 3, scale * h, scale * w)`, not clamped.

    Args:
        network: network; its input is padded to its `multiple_of`, and its output cropped.
        images: images that the network need not take as they are.
    """
    padded = padded_to_multiple(images, getattr(network, "multiple_of", 1))
    output: Tensor = network(padded)
    if padded is images:
        return output
    scale = output.shape[-1] // padded.shape[-1]
    height, width = images.shape[-2:]
    return output[..., : scale * height, : scale * width]
