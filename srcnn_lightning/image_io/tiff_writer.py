"""TIFFs of 8 and 16 bits: pixels by tifffile, and a directory with EXIF by Pillow."""

import os
import struct
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from srcnn_lightning.image_io.metadata import SOFTWARE, XMP, Metadata

STRIP_OFFSETS, LONG = 273, 4
FIRST_OFFSET_PLACE = 4  # of the header, where the place of the first directory stands


def write_tiff(
    file: BinaryIO, pixels: np.ndarray, profile: bytes | None, metadata: Metadata, exif: Image.Exif
) -> None:
    """Write a deflated TIFF.

    Args:
        file: empty file, which is also read.
        pixels: `(H, W, C)` uint8 or uint16: grey or RGB, or either with alpha.
        profile: ICC profile of the colours.
        metadata: metadata, of which XMP and the resolution are written.
        exif: EXIF; its first directory becomes that of the file.
    """
    import tifffile

    channels = pixels.shape[-1]
    tifffile.imwrite(
        file,
        pixels[..., 0] if channels == 1 else pixels,
        photometric="minisblack" if channels <= 2 else "rgb",
        planarconfig=None if channels == 1 else "contig",
        extrasamples=["unassalpha"] if channels % 2 == 0 else None,
        iccprofile=profile,
        resolution=metadata.dpi,
        resolutionunit="INCH" if metadata.dpi else None,
        compression="zlib",
        predictor=True,
        byteorder="<",
        metadata=None,
        software=False,
        maxworkers=1,
    )
    _replace_directory(file, metadata, exif)


def _replace_directory(file: BinaryIO, metadata: Metadata, exif: Image.Exif) -> None:
    """Write the directory again, with EXIF, behind the pixels: tifffile has no place for it."""
    file.seek(0)
    written = ImageFileDirectory_v2(file.read(8))
    file.seek(written.next)
    written.load(file)
    directory = ImageFileDirectory_v2()
    for tag in written:
        directory[tag] = written[tag]
        directory.tagtype[tag] = written.tagtype[tag]
    for tag in exif:
        is_directory = tag in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
        if tag not in written or tag == SOFTWARE:
            directory[tag] = exif.get_ifd(tag) if is_directory else exif[tag]
    if metadata.xmp:
        directory[XMP] = metadata.xmp
    offset = file.seek(0, os.SEEK_END)
    if offset % 2:
        offset += file.write(b"\0")
    places = written[STRIP_OFFSETS]
    directory.tagtype[STRIP_OFFSETS] = LONG
    directory[STRIP_OFFSETS] = (0,) * len(places)
    content = bytearray(directory.tobytes(offset))
    _set_longs(content, offset, STRIP_OFFSETS, places)
    file.write(content)
    file.seek(FIRST_OFFSET_PLACE)
    file.write(struct.pack("<I", offset))


def _set_longs(directory: bytearray, offset: int, wanted: int, values: tuple[int, ...]) -> None:
    """Set the values of a tag; Pillow would add the directory's own end to places of strips."""
    for place in range(2, 2 + 12 * struct.unpack_from("<H", directory)[0], 12):
        tag, _, count, value = struct.unpack_from("<HHII", directory, place)
        if tag == wanted:
            start = place + 8 if count == 1 else value - offset
            struct.pack_into(f"<{count}I", directory, start, *values)
