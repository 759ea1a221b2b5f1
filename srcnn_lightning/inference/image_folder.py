"""Images of a folder in the values that are compared."""

import warnings
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from srcnn_lightning.image_io import read_image


class EvaluationImage(NamedTuple):
    """An image in the values that are compared.

    Attributes:
        pixels: `(1, 3, H, W)` in [0, 1], sRGB.
        is_grey: whether the image is grey in its file.
    """

    pixels: Tensor
    is_grey: bool


def read(path: Path) -> EvaluationImage:
    """Read an image file.

    Raises:
        BadInput: the file is no readable image.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata in files it reads well
        image = read_image(path)
    # A copy, because torch warns of Pillow's own array, which is read-only.
    pixels = torch.from_numpy(image.pixels.copy()).permute(2, 0, 1)[None]
    return EvaluationImage(pixels.contiguous() / 255, image.is_grey)


def size_of(image: Tensor) -> str:
    """Width and height of `(1, 3, H, W)`, `512x480`."""
    return f"{image.shape[-1]}x{image.shape[-2]}"
