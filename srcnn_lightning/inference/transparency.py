"""Transparency of upscaled pictures: no colour bled from hidden pixels, constant parts exact."""

import torch
import torch.nn.functional as F
from torch import Tensor

BAND = 256  # rows of the picture that are worked on at a time
# Pixels of the picture in each direction whose alpha must be equal for the upscaled pixels of the
# one in the middle to keep it exactly: as far as bicubic interpolation looks.
CONSTANT_DISTANCE = 2


def fill_transparent(colours: Tensor, alpha: Tensor, distance: int) -> Tensor:
    """Give fully transparent pixels the colours of visible neighbours, so that none bleed in.

    A file often holds black there. Nobody is meant to see it, but the network computes the visible
    pixels of an edge from it, too.

    Args:
        colours: `(C, H, W)` uint8, uint16 or float32.
        alpha: `(H, W)` of the same type; 0 is fully transparent.
        distance: distance from the visible pixels in pixels, at most `BAND`, as far as which pixels
            are filled. Each takes the mean of its neighbours that are visible or filled.

    Returns:
        `(C, H, W)` in the type and memory order of `colours`; pixels beyond the distance are black.
    """
    filled = torch.empty_like(colours)
    for top in range(0, len(alpha), BAND):
        first = max(0, top - distance)
        seen = slice(first, top + BAND + distance)
        known = (alpha[None, seen].float() > 0).float()
        band = colours[:, seen].float() * known
        for _ in range(distance):
            if known.all():
                break
            shares = F.avg_pool2d(known, 3, 1, 1)
            means = F.avg_pool2d(band, 3, 1, 1) / shares.clamp(min=0.01)  # a ninth at least, or 0
            band = torch.where(known > 0, band, means)
            known = (shares > 0).float()
        band = band[:, top - first :][:, :BAND]
        filled[:, top : top + BAND] = band if filled.is_floating_point() else band.round()
    return filled


def keep_constant_alpha(upscaled: Tensor, alpha: Tensor, top: int, left: int, scale: int) -> Tensor:
    """Make a tile of upscaled alpha fully opaque and fully transparent where the picture is.

    A network does not keep a constant exactly, and leaves specks. An upscaled pixel is made opaque
    where all pixels within `CONSTANT_DISTANCE` of its own in the picture are; likewise transparent.
    Edges stay as the network makes them.

    Args:
        upscaled: `(h, w)` in [0, 1], the tile.
        alpha: `(H, W)` uint8, uint16 or float32 of the whole picture.
        top: first row of the tile in the upscaled picture, a multiple of `scale`.
        left: first column, likewise.
        scale: factor between the sides of output and input.
    """
    distance = CONSTANT_DISTANCE
    rows, columns = (
        slice(start // scale - distance, (start + length) // scale + distance)
        for start, length in ((top, upscaled.shape[0]), (left, upscaled.shape[1]))
    )
    inside = alpha[max(rows.start, 0) : rows.stop, max(columns.start, 0) : columns.stop]
    margins = [
        max(-columns.start, 0),
        max(columns.stop - alpha.shape[1], 0),
        max(-rows.start, 0),
        max(rows.stop - alpha.shape[0], 0),
    ]
    seen = F.pad(inside.float()[None, None], margins, mode="replicate")
    side = 2 * distance + 1
    largest = 1 if alpha.is_floating_point() else torch.iinfo(alpha.dtype).max
    lowest = -F.max_pool2d(-seen, side, 1)
    highest = F.max_pool2d(seen, side, 1)
    is_opaque, is_hidden = (
        mask[0, 0].repeat_interleave(scale, 0).repeat_interleave(scale, 1)
        for mask in (lowest == largest, highest == 0)
    )
    return upscaled.masked_fill(is_opaque, 1.0).masked_fill(is_hidden, 0.0)
