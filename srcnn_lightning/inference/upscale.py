"""A picture of any size through a network: colours, grey, transparency, 8 and 16 bits."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from srcnn_lightning.errors import BadInput, one_line
from srcnn_lightning.image_io import Picture
from srcnn_lightning.inference import tiling
from srcnn_lightning.inference.loading import LoadedNetwork
from srcnn_lightning.inference.memory import check_whole_picture
from srcnn_lightning.inference.transparency import (
    BAND,
    CONSTANT_DISTANCE,
    fill_transparent,
    keep_constant_alpha,
)
from srcnn_lightning.resize import RGB

LUMA = torch.tensor([0.299, 0.587, 0.114])  # BT.601


def upscale_picture(
    loaded: LoadedNetwork,
    picture: Picture,
    tile: int | None = None,
    report: Callable[[int, int], None] = lambda done, count: None,
) -> Picture:
    """Upscale a picture by a network: the colours, and alpha as three equal channels.

    Grey is the luma (BT.601) of the network's output for three equal channels. Fully opaque and
    fully transparent parts stay so exactly (`transparency.keep_constant_alpha`), and hidden colours
    do not bleed into visible ones. Values are given to the network as they are, whatever their
    profile. Memory beyond a tile's is that of the result, and for transparent pictures the colours
    once more.

    Args:
        loaded: network, of which tiles are taken where they do not change the result.
        picture: picture of any size, 8 or 16 bits, or float32 in [0, 1].
        tile: longest side of a tile in pixels of the picture; None: 384; 0: the whole picture.
        report: function that is given the number of tiles done and of all.

    Returns:
        The upscaled picture, of the same channels, bits, profile and metadata.

    Raises:
        BadInput: the network does not upscale by a whole number, or needs the whole picture, which
            would take too much memory. The sentence names no file and ends without a full stop.
        RuntimeError: the network does not take pictures of this size.
    """
    side, overlap = loaded.tiles(tile)
    if side == 0:
        check_whole_picture(loaded, picture)
    colours, alpha = (_planes(part) for part in (picture.colours, picture.alpha))
    assert colours is not None
    is_opaque = picture.alpha is None or bool(np.all(picture.alpha == _largest(picture)))
    if alpha is not None and not is_opaque:
        # Every upscaled pixel that is visible has a visible one within `CONSTANT_DISTANCE`.
        distance = CONSTANT_DISTANCE + (tiling.OVERLAP if loaded.overlap is None else overlap)
        colours = fill_transparent(colours, alpha[0], min(distance, BAND))
    passes = [colours] if alpha is None or is_opaque else [colours, alpha]
    result: np.ndarray | None = None
    for number, planes in enumerate(passes):
        for piece in _tiles(loaded, planes, side, overlap):
            if result is None:
                _check_scale(piece, planes, loaded.scale)
                shape = (*piece.size, picture.pixels.shape[-1])
                result = np.full(shape, _largest(picture), picture.pixels.dtype)
            values = piece.pixels[0]
            if planes is alpha:
                luma = _luma(values)[0]
                values = keep_constant_alpha(luma, alpha[0], piece.top, piece.left, loaded.scale)[
                    None
                ]
                channels = slice(-1, None)
            else:
                values = _luma(values) if picture.is_grey else values
                channels = slice(0, len(values))
            rows = slice(piece.top, piece.top + values.shape[1])
            columns = slice(piece.left, piece.left + values.shape[2])
            result[rows, columns, channels] = _rounded(values, picture.pixels.dtype)
            report(number * piece.count + piece.number, len(passes) * piece.count)
    assert result is not None
    return replace(picture, pixels=result)


def upscale_by(
    name: str,
    loaded: LoadedNetwork,
    picture: Picture,
    tile: int | None = None,
    report: Callable[[int, int], None] = lambda done, count: None,
) -> Picture:
    """`upscale_picture` with whole sentences, which begin with the network's name.

    Raises:
        BadInput: as `upscale_picture`; or the network does not take pictures of this size.
    """
    try:
        return upscale_picture(loaded, picture, tile, report)
    except BadInput as error:
        raise BadInput(f"{name}: {error}.") from error
    except RuntimeError as error:
        height, width = picture.pixels.shape[:2]
        raise BadInput(
            f"{name}: the network takes no image of {width}x{height} pixels "
            f"({one_line(error)}); give one whose sides the network takes."
        ) from error


def _tiles(
    loaded: LoadedNetwork, planes: Tensor, side: int, overlap: int
) -> Iterator[tiling.UpscaledTile]:
    images = planes.expand(RGB, -1, -1)[None]
    with loaded.autocast():
        yield from tiling.upscaled_tiles(loaded.network, images, side, overlap)


def _check_scale(piece: tiling.UpscaledTile, planes: Tensor, scale: int) -> None:
    found = piece.size[0] // planes.shape[-2]
    if found != scale:
        raise BadInput(f"the network upscales by {found}, and its file says {scale}")


def _planes(channels: np.ndarray | None) -> Tensor | None:
    """`(H, W)` or `(H, W, C)` -> `(C, H, W)`, without a copy of the values where torch can."""
    if channels is None:
        return None
    writable = channels if channels.flags.writeable else channels.copy()  # torch would warn
    planes = torch.from_numpy(np.atleast_3d(writable))
    return planes.permute(2, 0, 1)


def _luma(values: Tensor) -> Tensor:
    """`(3, h, w)` -> `(1, h, w)`."""
    return (values * LUMA[:, None, None]).sum(0, keepdim=True)


def _largest(picture: Picture) -> int:
    is_float = np.issubdtype(picture.pixels.dtype, np.floating)
    return 1 if is_float else int(np.iinfo(picture.pixels.dtype).max)


def _rounded(values: Tensor, dtype: Any) -> np.ndarray:
    """`(C, h, w)`, clamped to [0, 1] -> `(h, w, C)` of a file's bits, or of floating point."""
    if not values.isfinite().all():
        raise BadInput("the network's output is not finite")
    levels = values.clamp(0, 1)
    if not np.issubdtype(dtype, np.floating):
        levels = levels.mul(int(np.iinfo(dtype).max)).round()
    return levels.permute(1, 2, 0).numpy().astype(dtype)
