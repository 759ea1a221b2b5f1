"""A picture of any size through a network, with its transparency and its colour profile."""

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from srcnn_lightning.image_io import Picture
from srcnn_lightning.inference import tiling
from srcnn_lightning.resize import to_uint8

BAND = 256  # rows of the image whose hidden pixels are filled at a time


def enlarge_picture(network: nn.Module, picture: Picture, tile: int, margin: int) -> Image.Image:
    """Enlarge the colours by the network and alpha by bicubic interpolation.

    A network does not keep a constant exactly: its alpha would leave specks in an opaque picture.
    Memory beyond a tile's is 4 bytes a pixel of the result, 5 with transparency.

    Args:
        network: in evaluation mode, on the CPU; it enlarges by a whole number.
        picture: whose RGB values the network sees as they are, whatever their profile.
        tile: longest side of a tile in pixels of the picture; 0 takes it at once.
        margin: pixels around a tile that the network sees as well.

    Returns:
        The image, of mode L or RGB, with alpha LA or RGBA; grey is the luma (BT.601) of what the
        network makes of three equal channels.
    """
    mode = picture.colours.mode
    # A copy: Pillow's own array cannot be written to, of which torch warns.
    colours = torch.from_numpy(np.array(picture.colours.convert("RGB"))).permute(2, 0, 1)
    if picture.alpha:
        colours = fill_hidden(colours, torch.from_numpy(np.array(picture.alpha)), margin)
    enlarged = Image.new(mode, (0, 0))
    for piece in tiling.enlarged_pieces(network, colours[None], tile, margin):
        if not enlarged.width:
            enlarged = Image.new(mode, piece.size[::-1])
        pixels = to_uint8(piece.pixels[0]).permute(1, 2, 0).contiguous().numpy()
        enlarged.paste(Image.fromarray(pixels).convert(mode), (piece.left, piece.top))
    if picture.alpha:
        enlarged.putalpha(picture.alpha.resize(enlarged.size, Image.Resampling.BICUBIC))
    return enlarged


def fill_hidden(colours: Tensor, alpha: Tensor, distance: int) -> Tensor:
    """Give fully transparent pixels the colours of visible ones, which they would else bleed into.

    What a file holds there, often black, is not meant to be seen, but a network that looks at the
    visible pixels of an edge looks at it too.

    Args:
        colours: `(3, H, W)` uint8.
        alpha: `(H, W)` uint8; 0 is hidden.
        distance: from the visible pixels as far as which the hidden ones are filled, in pixels; at
            most `BAND`. Each takes the mean of its neighbours that are visible or filled.

    Returns:
        `(3, H, W)` uint8 in the memory order of `colours`; the hidden pixels farther off are black.
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
