"""Upscaling by tiles: memory holds the feature maps of one tile, however large the image is."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from srcnn_lightning.errors import BadInput
from srcnn_lightning.models.padding import upscale
from srcnn_lightning.resize import RGB

# Input pixels. 64 feature maps of such a tile take 150 MB at twice the size, and the overlap adds a
# tenth of the work.
TILE = 384
# Input pixels around a tile that its output depends on. The radius of SRCNN 9-1-5 is 6 output
# pixels, which are 3 input pixels, and bicubic interpolation adds 2.
OVERLAP = 8
MAX_SEAM = 1e-3  # of [0, 1]: a quarter of a level of an 8-bit file
PROBE_RADIUS = 64  # input pixels in each direction that `probed_radius` sees


@dataclass(frozen=True)
class UpscaledTile:
    """One tile of an upscaled image.

    Attributes:
        top: first row of the tile in the upscaled image.
        left: first column of the tile in the upscaled image.
        pixels: `(1, 3, h, w)` float32, not clamped, on the CPU.
        size: height and width of the whole upscaled image.
        number: number of the tile, from 1 on.
        count: number of all tiles.
    """

    top: int
    left: int
    pixels: Tensor
    size: tuple[int, int]
    number: int = 1
    count: int = 1


@torch.inference_mode()
def upscaled_tiles(
    network: nn.Module, image: Tensor, tile: int = TILE, overlap: int = OVERLAP
) -> Iterator[UpscaledTile]:
    """Upscale tile by tile; memory holds one tile in floating point.

    Tiles begin at multiples of the network's `multiple_of`. Each is computed where the network's
    parameters are.

    Args:
        network: network in evaluation mode, of a whole-numbered scale.
        image: `(1, 3, h, w)`, uint8, uint16 or floating point in [0, 1].
        tile: longest side of a tile in input pixels; 0 takes the whole image.
        overlap: input pixels around a tile that the network is given as well. The result equals
            that of the whole image if the network's radius is no larger.

    Raises:
        BadInput: the network does not upscale by a whole number.
    """
    height, width = image.shape[-2:]
    multiple = getattr(network, "multiple_of", 1)
    device = next((one.device for one in network.parameters()), image.device)
    pairs = [
        (rows, columns)
        for rows in _spans(height, tile, overlap, multiple)
        for columns in _spans(width, tile, overlap, multiple)
    ]
    for number, (rows, columns) in enumerate(pairs, 1):
        seen = image[..., rows.first : rows.last, columns.first : columns.last].to(device)
        if not seen.is_floating_point():
            seen = seen.float().div_(torch.iinfo(seen.dtype).max)
        output = upscale(network, seen)
        scale = _scale(seen, output)
        inner = output[..., rows.inner(scale), columns.inner(scale)].to("cpu", torch.float32)
        size = (scale * height, scale * width)
        yield UpscaledTile(
            scale * rows.start, scale * columns.start, inner, size, number, len(pairs)
        )


def upscale_tiled(
    network: nn.Module, image: Tensor, tile: int = TILE, overlap: int = OVERLAP
) -> Tensor:
    """`(1, 3, h, w)` -> `(1, 3, scale * h, scale * w)` floating point, not clamped, on the CPU.

    The arguments are those of `upscaled_tiles`.
    """
    whole = torch.empty(0)
    image = image.contiguous(memory_format=torch.channels_last)
    for piece in upscaled_tiles(network, image, tile, overlap):
        if not len(whole):
            whole = torch.empty(1, piece.pixels.shape[1], *piece.size)
        height, width = piece.pixels.shape[-2:]
        rows, columns = slice(piece.top, piece.top + height), slice(piece.left, piece.left + width)
        whole[..., rows, columns] = piece.pixels
    return whole


def probed_radius(network: nn.Module, dtype: torch.dtype = torch.float32) -> int | None:
    """The radius in input pixels that an output pixel depends on; None from `PROBE_RADIUS` on.

    It is an estimate from the gradient of a few output pixels in the middle of a noisy, a white and
    a black image. The network's radius may be larger for other images.

    Args:
        network: network in evaluation mode, on the CPU.
        dtype: type of its parameters.

    Raises:
        BadInput: the network does not upscale by a whole number.
    """
    side = 2 * PROBE_RADIUS + 2
    generator = torch.Generator().manual_seed(0)
    noise = torch.rand(1, 3, side, side, generator=generator).to(dtype)
    images = torch.cat([noise, torch.ones_like(noise), torch.zeros_like(noise)]).requires_grad_()
    output: Tensor = network(images)
    scale = _scale(images, output)
    middle = slice(
        PROBE_RADIUS * scale, (PROBE_RADIUS + 2) * scale
    )  # of the two input pixels in the middle
    # Squared beside a constant: a gradient of zero would hide a pixel.
    (gradient,) = torch.autograd.grad((output[..., middle, middle] + 1).square().sum(), images)
    seen = gradient.abs().sum((0, 1)).nonzero()
    if not len(seen):
        return 0
    farthest = max(PROBE_RADIUS - int(seen.min()), int(seen.max()) - (PROBE_RADIUS + 1))
    return None if farthest >= PROBE_RADIUS else max(0, farthest)


@torch.inference_mode()
def tile_overlap(network: nn.Module) -> int | None:
    """The overlap with which tiles give the result of the whole image; None where no overlap does.

    It is the radius that the network declares (`models.register`). One that declares none is
    probed: no overlap does where its radius exceeds `PROBE_RADIUS`, where it depends on a pixel's
    position, or where it refuses or crops tiles of some sizes. An image of noise is upscaled both
    ways to see.

    Args:
        network: network in evaluation mode, on the CPU.
    """
    if hasattr(network, "receptive_radius"):
        declared: int | None = network.receptive_radius  # type: ignore[assignment]
        return declared
    try:
        with torch.inference_mode(False), torch.enable_grad():
            radius = probed_radius(network)
        if radius is None:
            return None
        overlap = max(radius, OVERLAP)
        # Three tiles a side, whose own sides are odd: a network that pools by 2 shows.
        side = 2 * overlap + 3 * 37 - 1
        noise = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(1))
        tiled = upscale_tiled(network, noise, tile=math.ceil(side / 3), overlap=overlap)
        difference = tiled - upscale_tiled(network, noise, 0)
    except (BadInput, RuntimeError):  # torch raises the latter for shapes that do not fit together
        return None
    return overlap if difference.abs().max() < MAX_SEAM else None


def _scale(images: Tensor, output: Tensor) -> int:
    """The whole number by which a network has upscaled `(B, 3, h, w)`; BadInput without one."""
    count, _, height, width = images.shape
    shape = tuple(getattr(output, "shape", ()))
    scale = shape[-1] // width if shape else 0
    if scale < 1 or shape != (count, RGB, scale * height, scale * width):
        raise BadInput(
            f"the network makes {_sizes(shape)} of {_sizes(images.shape)} values; it must keep "
            f"{RGB} channels and upscale both sides by one whole number"
        )
    return scale


def _sizes(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "no image"


class _Span(NamedTuple):
    """One tile along a side: pixels `start` to `end`, with the overlap `first` to `last`."""

    start: int
    end: int
    first: int
    last: int

    def inner(self, scale: int) -> slice:
        """The tile without its overlap, in the network's output."""
        return slice(scale * (self.start - self.first), scale * (self.end - self.first))


def _spans(length: int, longest: int, overlap: int, multiple: int) -> Iterator[_Span]:
    """Tiles along a side, of one size with their overlap; the last one may reach beyond the side.

    Tiles of one size reuse the memory of the one before, and tiles of other sizes would need more.
    A tile at an end of the side has an overlap on one side alone, and so more pixels of its own.
    """
    # All is counted in cells of `multiple` pixels.
    cells, margin = math.ceil(length / multiple), math.ceil(overlap / multiple)
    count = math.ceil(cells / max(1, longest // multiple)) if longest else 1
    step = math.ceil((cells - 2 * margin) / count)
    if count == 1 or step < 1:  # each tile would be given the whole side
        yield _Span(0, multiple * cells, 0, multiple * cells)
        return
    seen, start = step + 2 * margin, 0
    for first in range(0, cells - 2 * margin, step):
        begin = min(first, cells - seen)
        is_last = begin + seen == cells
        end = cells if is_last else begin + seen - margin
        yield _Span(*(multiple * cell for cell in (start, end, begin, begin + seen)))
        start = end
