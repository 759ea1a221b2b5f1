"""Enlarging a large image piece by piece: its feature maps, the most of its memory, do not grow."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

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


@dataclass(frozen=True)
class Piece:
    """Part of an enlarged image.

    Attributes:
        top: its first row in the enlarged image.
        left: its first column.
        pixels: `(1, 3, h, w)` floating point, not clamped.
        size: height and width of the whole enlarged image.
    """

    top: int
    left: int
    pixels: Tensor
    size: tuple[int, int]


@torch.inference_mode()
def enlarged_pieces(
    network: nn.Module, image: Tensor, tile: int = TILE, overlap: int = OVERLAP
) -> Iterator[Piece]:
    """Enlarge tile by tile, so that memory holds one tile in floating point.

    Args:
        network: in evaluation mode; it enlarges by a whole number.
        image: `(1, 3, h, w)`, uint8 or floating point in [0, 1], on the network's device.
        tile: longest side of a tile in input pixels; 0 takes the image at once.
        overlap: input pixels around a tile that the network sees as well. The result is that of
            the whole image if the network looks no farther.
    """
    height, width = image.shape[-2:]
    for rows in _parts(height, tile, overlap):
        for columns in _parts(width, tile, overlap):
            seen = image[..., rows.first : rows.last, columns.first : columns.last]
            if seen.dtype == torch.uint8:
                seen = seen.float().div_(255)
            enlarged: Tensor = network(seen)
            scale = enlarged.shape[-1] // seen.shape[-1]
            inner = enlarged[..., rows.inner(scale), columns.inner(scale)]
            size = (scale * height, scale * width)
            yield Piece(scale * rows.start, scale * columns.start, inner, size)


def upscale_tiled(
    network: nn.Module, image: Tensor, tile: int = TILE, overlap: int = OVERLAP
) -> Tensor:
    """`(1, 3, h, w)` -> `(1, 3, scale * h, scale * w)` floating point, not clamped, on the CPU.

    Arguments as of `enlarged_pieces`.
    """
    whole = torch.empty(0)
    image = image.contiguous(memory_format=torch.channels_last)
    for piece in enlarged_pieces(network, image, tile, overlap):
        if not len(whole):
            whole = torch.empty(1, piece.pixels.shape[1], *piece.size)
        height, width = piece.pixels.shape[-2:]
        rows, columns = slice(piece.top, piece.top + height), slice(piece.left, piece.left + width)
        whole[..., rows, columns] = piece.pixels
    return whole


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


class _Part(NamedTuple):
    """From `start` to `end` of a side, seen with what lies around it from `first` to `last`."""

    start: int
    end: int
    first: int
    last: int

    def inner(self, scale: int) -> slice:
        """The part in what the network makes of all that it sees."""
        return slice(scale * (self.start - self.first), scale * (self.end - self.first))


def _parts(length: int, longest: int, overlap: int) -> Iterator[_Part]:
    """Parts of much the same length, of which the network sees equally much.

    At an end of the side more than the overlap is seen instead of less: equal tiles take the memory
    that the last one left, where others would have to find some more.
    """
    count = math.ceil(length / longest) if longest else 1
    seen = min(length, math.ceil(length / count) + 2 * overlap)
    for number in range(count):
        start, end = number * length // count, (number + 1) * length // count
        first = min(max(start - overlap, 0), length - seen)
        yield _Part(start, end, first, first + seen)
