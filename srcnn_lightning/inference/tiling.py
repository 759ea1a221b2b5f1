"""Enlarging a large image piece by piece: its feature maps, the most of its memory, do not grow."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

# Input pixels: 64 feature maps of such a tile take 150 MB at twice the size, and it is large enough
# for its overlap to add but a tenth of the work.
TILE = 384
# Input pixels beyond a tile that its result depends on: SRCNN 9-1-5 looks 6 output pixels far,
# which is 3 input pixels, and bicubic interpolation 2 more.
OVERLAP = 8
SEAM = 1e-3  # of [0, 1]: a quarter of what an 8-bit file can hold
PROBED = 64  # input pixels in each direction that `reach` looks at


@torch.inference_mode()
def upscale_tiled(
    network: nn.Module, image: Tensor, tile: int = TILE, overlap: int = OVERLAP
) -> Tensor:
    """`(1, 3, h, w)` in [0, 1] -> `(1, 3, scale * h, scale * w)`, not clamped, on the CPU.

    Args:
        network: in evaluation mode; it enlarges by a whole number.
        image: on the network's device.
        tile: longest side of a tile in input pixels; 0 takes the image at once.
        overlap: input pixels around a tile that the network sees as well. The result is that of
            the whole image if the network looks no farther.
    """
    height, width = image.shape[-2:]
    image = image.contiguous(memory_format=torch.channels_last)
    enlarged = torch.empty(0)
    for top, bottom in _parts(height, tile):
        for left, right in _parts(width, tile):
            above, before = min(overlap, top), min(overlap, left)
            seen = image[..., top - above : bottom + overlap, left - before : right + overlap]
            piece: Tensor = network(seen)
            scale = piece.shape[-1] // seen.shape[-1]
            if not len(enlarged):
                enlarged = torch.empty(1, piece.shape[1], scale * height, scale * width)
            rows = slice(scale * above, scale * (above + bottom - top))
            columns = slice(scale * before, scale * (before + right - left))
            target = enlarged[..., scale * top : scale * bottom, scale * left : scale * right]
            target.copy_(piece[..., rows, columns])
    return enlarged


def receptive_radius(network: nn.Module) -> int | None:
    """Input pixels beyond an output pixel's own that it depends on; None from `PROBED` on.

    An estimate, by the gradient of a few output pixels in the middle of a noisy, a white and a
    black image: a network may look farther on others.

    Args:
        network: in evaluation mode, on the CPU.
    """
    side = 2 * PROBED + 2
    noise = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    images = torch.cat([noise, torch.ones_like(noise), torch.zeros_like(noise)]).requires_grad_()
    output: Tensor = network(images)
    scale = output.shape[-1] // side
    middle = slice(PROBED * scale, (PROBED + 2) * scale)  # of the two input pixels in the middle
    # Squared beside a constant: a gradient of zero would hide a pixel.
    (gradient,) = torch.autograd.grad((output[..., middle, middle] + 1).square().sum(), images)
    seen = gradient.abs().sum((0, 1)).nonzero()
    if not len(seen):
        return 0
    farthest = max(PROBED - int(seen.min()), int(seen.max()) - (PROBED + 1))
    return None if farthest >= PROBED else max(0, farthest)


@torch.inference_mode()
def tile_overlap(network: nn.Module) -> int | None:
    """With which tiles give what the whole image gives; None for a network that wants it whole.

    A network wants it whole if it looks farther than `PROBED`, depends on a pixel's position, or
    does not take pieces of any size. Found by trying it on an image of noise.

    Args:
        network: in evaluation mode, on the CPU.
    """
    noise = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(1))
    try:
        with torch.inference_mode(False), torch.enable_grad():
            found = receptive_radius(network)
        if found is None:
            return None
        overlap = max(found, OVERLAP)
        difference = upscale_tiled(network, noise, tile=50, overlap=overlap) - upscale_tiled(
            network, noise, 0
        )
    except RuntimeError:  # torch's word for tensors that do not fit together
        return None
    return overlap if difference.abs().max() < SEAM else None


def _parts(length: int, longest: int) -> Iterator[tuple[int, int]]:
    """Start and end of pieces of much the same length."""
    count = math.ceil(length / longest) if longest else 1
    for number in range(count):
        yield number * length // count, (number + 1) * length // count
