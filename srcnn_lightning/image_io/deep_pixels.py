"""Pixels of more than 8 bits, which Pillow would cut off to 8 without a word."""

import io
import logging
import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import putchunk

BAND = 64  # rows that are compressed at a time
GREY, RGB, GREY_ALPHA, RGB_ALPHA = 0, 2, 4, 6  # PNG's colour types
UP = 2  # PNG's filter that takes each row's difference to the one above
# imagecodecs logs libpng's warnings of odd metadata, and Python would print them.
logging.getLogger("imagecodecs").setLevel(logging.CRITICAL)


def to_8_bits(pixels: np.ndarray, bits: int) -> np.ndarray:
    """Unsigned integers of at most 16 `bits` -> uint8, rounded; 16 bits are divided by 257."""
    return _rescaled(pixels, bits, 8)


def to_file_bits(pixels: np.ndarray, bits: int) -> np.ndarray:
    """Unsigned integers of at most 16 `bits` -> uint8 for up to 8 bits, uint16 for more."""
    return _rescaled(pixels, bits, 8 if bits <= 8 else 16)


def _rescaled(pixels: np.ndarray, bits: int, wanted: int) -> np.ndarray:
    if bits == wanted:
        return pixels
    largest, new_largest = 2**bits - 1, 2**wanted - 1
    levels = np.arange(largest + 1, dtype=np.uint64)
    table = (levels * 2 * new_largest + largest) // (2 * largest)
    return np.asarray(table.astype(f"uint{wanted}")[pixels])


def read_deep_png(file: BinaryIO) -> np.ndarray:
    """The pixels of a 16-bit PNG, a transparent colour as alpha: `(H, W, C)` uint16."""
    import imagecodecs

    file.seek(0)
    pixels: np.ndarray = imagecodecs.png_decode(file.read())
    return pixels.reshape(*pixels.shape[:2], -1)


def write_deep_png(file: BinaryIO, pixels: np.ndarray, **options: Any) -> None:
    """Write a 16-bit PNG, band by band; no library writes one of RGB with its metadata.

    Args:
        file: file that is written.
        pixels: `(H, W, C)` uint16.
        options: metadata, as Pillow's `save` takes them for a PNG.
    """
    small = io.BytesIO()
    Image.new("L", (1, 1)).save(small, "PNG", **options)
    height, width, channels = pixels.shape
    kind = {1: GREY, 2: GREY_ALPHA, 3: RGB, 4: RGB_ALPHA}[channels]
    file.write(small.getvalue()[:8])
    putchunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
    for name, content in _chunks(small.getvalue()):
        if name == b"IDAT":
            for band in _compressed(pixels):
                putchunk(file, name, band)
        elif name != b"IHDR":
            putchunk(file, name, content)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    start = 8
    while start < len(png):
        length, name = struct.unpack_from(">I4s", png, start)
        yield name, png[start + 8 : start + 8 + length]
        start += 12 + length


def _compressed(pixels: np.ndarray) -> Iterator[bytes]:
    compressor = zlib.compressobj()
    above = np.zeros(pixels[0].size * 2, np.uint8)
    for top in range(0, len(pixels), BAND):
        band = pixels[top : top + BAND].astype(">u2")
        rows = np.concatenate([above[None], band.view(np.uint8).reshape(len(band), -1)])
        filtered = np.full((len(band), rows.shape[1] + 1), UP, np.uint8)
        filtered[:, 1:] = rows[1:] - rows[:-1]
        above = rows[-1]
        yield compressor.compress(filtered.tobytes())
    yield compressor.flush()
