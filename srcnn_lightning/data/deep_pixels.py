"""Pixels of more than 8 bits, which Pillow reads in part: reduced to 8 bits, rounded."""

import struct
from typing import BinaryIO

import numpy as np
from PIL import Image

PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


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
    return Image.fromarray(to_8_bits(imagecodecs.png_decode(_without_metadata(file.read())), 16))


def _without_metadata(png: bytes) -> bytes:
    """Without the chunks of which libpng prints warnings; Pillow has read them."""
    kept, start = [png[:8]], 8
    while start + 8 <= len(png):
        (length,) = struct.unpack_from(">I", png, start)
        end = start + length + 12  # length, kind and checksum have 4 bytes each
        if png[start + 4 : start + 8] in PIXEL_CHUNKS:
            kept.append(png[start:end])
        start = end
    return b"".join(kept)
