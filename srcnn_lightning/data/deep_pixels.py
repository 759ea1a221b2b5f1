"""Pixels of more than 8 bits, which Pillow reads in part: reduced to 8 bits, rounded."""

import logging
from typing import BinaryIO

import numpy as np
from PIL import Image

# imagecodecs logs libpng's warnings of odd metadata, and Python prints what nobody else handles.
logging.getLogger("imagecodecs").setLevel(logging.CRITICAL)


def to_8_bits(pixels: np.ndarray, bits: int) -> np.ndarray:
    """Unsigned integers of `bits` bits, 16 at most -> uint8: of 16 bits a 257th, rounded."""
    if bits == 8:
        return pixels
    largest = 2**bits - 1
    levels = np.arange(largest + 1, dtype=np.uint32)
    table = ((levels * 510 + largest) // (2 * largest)).astype(np.uint8)
    return np.asarray(table[pixels])


def read_deep_png(file: BinaryIO) -> Image.Image:
    """The pixels of a 16-bit PNG, a transparent colour as alpha: L, LA, RGB or RGBA."""
    import imagecodecs

    file.seek(0)
    return Image.fromarray(to_8_bits(imagecodecs.png_decode(file.read()), 16))
