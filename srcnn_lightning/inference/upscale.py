"""A picture of any size through a network, with its transparency."""

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from srcnn_lightning.image_io import Picture
from srcnn_lightning.inference import tiling
from srcnn_lightning.resize import to_uint8

BAND = 256  # rows of the picture whose transparent pixels are filled at a time


def upscale_picture(network: nn.Module, picture: Picture, tile: int, overlap: int) -> Image.Image:
    """Upscale the colours by the network and alpha by bicubic interpolation.

    A network does not keep a constant exactly: its alpha would leave specks in an opaque picture.
    Memory beyond a tile's is 4 bytes for each pixel of the result, 5 with transparency.

    Args:
        network: network in evaluation mode, on the CPU, of a whole-numbered scale.
        picture: picture whose RGB values the network is given as they are, whatever their profile.
        tile: longest side of a tile in pixels of the picture; 0 takes the whole picture.
        overlap: pixels around a tile that the network is given as well.

    Returns:
        An image of mode L or RGB, with alpha LA or RGBA. Grey is the luma (BT.601) of the network's
        output for three equal channels.
    """
    mode = picture.colours.mode
    # A copy, because torch warns of Pillow's own array, which is read-only.
    colours = torch.from_numpy(np.array(picture.colours.convert("RGB"))).permute(2, 0, 1)
    if picture.alpha:
        colours = fill_transparent(colours, torch.from_numpy(np.array(picture.alpha)), overlap)
    upscaled = Image.new(mode, (0, 0))
    for piece in tiling.upscaled_tiles(network, colours[None], tile, overlap):
        if not upscaled.width:
            upscaled = Image.new(mode, piece.size[::-1])
        pixels = to_uint8(piece.pixels[0]).permute(1, 2, 0).contiguous().numpy()
        upscaled.paste(Image.fromarray(pixels).convert(mode), (piece.left, piece.top))
    if picture.alpha:
        upscaled.putalpha(picture.alpha.resize(upscaled.size, Image.Resampling.BICUBIC))
    return upscaled


def fill_transparent(colours: Tensor, alpha: Tensor, distance: int) -> Tensor:
    """Give fully transparent pixels the colours of visible neighbours, so that none bleed in.

    A file often holds black there. Nobody is meant to see it, but the network computes the visible
    pixels of an edge from it, too.

    Args:
        colours: `(3, H, W)` uint8.
        alpha: `(H, W)` uint8; 0 is fully transparent.
        distance: distance from the visible pixels in pixels, at most `BAND`, as far as which pixels
            are filled. Each takes the mean of its neighbours that are visible or filled.

    Returns:
        `(3, H, W)` uint8 in the memory order of `colours`; pixels beyond the distance are black.
    """
    filled = torch.empty_like(colours)
    for top in range(0, len(alpha), BAND):
        first = max(0, top - distance)
        seen = slice(first, top + BAND + distance)
        known = (alpha[None, seen] > 0).float()
        band = colours[:, seen] * known
        for _ in range(distance):
            if known.all():
                break
            shares = F.avg_pool2d(known, 3, 1, 1)
            means = F.avg_pool2d(band, 3, 1, 1) / shares.clamp(min=0.01)  # a ninth at least, or 0
            band = torch.where(known > 0, band, means)
            known = (shares > 0).float()
        filled[:, top : top + BAND] = band[:, top - first :][:, :BAND].round()
    return filled
