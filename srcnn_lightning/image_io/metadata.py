"""What an image file says of its picture beside pixels: EXIF, XMP, texts, dots per inch."""

import re
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from PIL import ExifTags, Image

ORIENTATION = 0x0112  # EXIF's tag, 1 for upright
SOFTWARE = 0x0131
XMP = 700
RESOLUTION_X, RESOLUTION_Y, RESOLUTION_UNIT = 282, 283, 296
INCH, CENTIMETRE = 2, 3
WIDTH, HEIGHT = 0xA002, 0xA003  # of the picture, in EXIF's own directory
PNG_XMP = "XML:com.adobe.xmp"  # the text of a PNG that holds XMP
# Tags of a TIFF that describe how one file stores its pixels, or where they lie on a map: they are
# not true of another file's. Profile, XMP and resolution have places of their own.
_OF_PIXELS = {
    *(254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284),
    *(RESOLUTION_X, RESOLUTION_Y, RESOLUTION_UNIT, 301, 317, 318, 319, 320, 321, 322, 323, 324),
    *(325, 330, 332, 336, 338, 339, 340, 341, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521),
    *(529, 530, 531, 532, XMP, 33550, 33922, 34264, 34675, 50838, 50839),
}
# The orientation as XMP repeats it.
_XMP_ORIENTATION = re.compile(rb'(tiff:Orientation(?:="|>))\d')


@dataclass(frozen=True)
class Metadata:
    """Metadata of a picture that is stored upright.

    Attributes:
        exif: block of EXIF as Pillow writes it, orientation 1; empty without one.
        xmp: XMP; empty without one.
        text: texts of a PNG by their keys; a JPEG's comment has the key `Comment`.
        dpi: dots per inch along a row and along a column; None where the file has none.
    """

    exif: bytes = b""
    xmp: bytes = b""
    text: tuple[tuple[str, str], ...] = ()
    dpi: tuple[float, float] | None = None

    def new_exif(
        self, software: str | None, width: int, height: int, with_dpi: bool = False
    ) -> Image.Exif:
        """EXIF of a file that a program makes of the picture.

        Args:
            software: name of the program; None leaves what is there.
            width: of the new picture in pixels.
            height: of the new picture in pixels.
            with_dpi: whether EXIF holds the resolution, for files that have no other place.
        """
        exif = Image.Exif()
        exif.load(self.exif)
        directory = exif.get_ifd(ExifTags.IFD.Exif)
        for tag, side in ((WIDTH, width), (HEIGHT, height)):
            if tag in directory:
                directory[tag] = side
        if software:
            exif[SOFTWARE] = software
        if with_dpi and self.dpi:
            exif[RESOLUTION_X], exif[RESOLUTION_Y] = self.dpi
            exif[RESOLUTION_UNIT] = INCH
        return exif


def pillow_metadata(info: Mapping[Any, Any], exif: Image.Exif) -> Metadata | None:
    """The metadata that Pillow has found in a file; None where EXIF is damaged.

    Args:
        info: Pillow's `info` of the loaded image.
        exif: its EXIF.
    """
    text = [
        (key, str(value))
        for key, value in info.items()
        if isinstance(value, str) and key != PNG_XMP and not key.startswith("Raw profile type")
    ]
    if isinstance(info.get("comment"), bytes):
        text.append(("Comment", info["comment"].decode("utf-8", "replace")))
    xmp = info.get("xmp") or info.get(PNG_XMP) or b""
    xmp = xmp.encode() if isinstance(xmp, str) else xmp
    return _metadata(exif, xmp, tuple(text), info.get("dpi"))


def tiff_metadata(file: BinaryIO) -> Metadata | None:
    """The metadata of the first page of a TIFF; None where they are damaged."""
    exif = Image.Exif()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd tags
        try:
            file.seek(0)
            head = file.read(16)
            order = "<" if head.startswith(b"II") else ">"
            exif.endian, exif.bigtiff = order, 43 in head[2:4]
            place = struct.unpack_from(f"{order}8xQ" if exif.bigtiff else f"{order}4xI", head)[0]
            exif.load_from_fp(file, place)
            return _metadata(exif, exif.get(XMP, b""), (), None)
        except Exception:  # Pillow raises all kinds of errors on damaged metadata
            return None


def _metadata(
    exif: Image.Exif, xmp: Any, text: tuple[tuple[str, str], ...], dpi: Any
) -> Metadata | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd tags
        try:
            dpi = _dpi(dpi or _exif_dpi(exif))
            for tag in _OF_PIXELS.intersection(exif):
                del exif[tag]
            if ORIENTATION in exif:
                exif[ORIENTATION] = 1
            block = exif.tobytes() if len(exif) else b""
        except Exception:  # Pillow raises all kinds of errors on damaged metadata
            return None
    return Metadata(block, _XMP_ORIENTATION.sub(rb"\g<1>1", bytes(xmp)), text, dpi)


def _exif_dpi(exif: Image.Exif) -> Any:
    unit = exif.get(RESOLUTION_UNIT, INCH)
    if RESOLUTION_X not in exif or RESOLUTION_Y not in exif or unit not in (INCH, CENTIMETRE):
        return None
    dots = 2.54 if unit == CENTIMETRE else 1.0
    return float(exif[RESOLUTION_X]) * dots, float(exif[RESOLUTION_Y]) * dots


def _dpi(given: Any) -> tuple[float, float] | None:
    """Two numbers that a file can hold; None for anything else."""
    if given is None:
        return None
    x, y = (float(value) for value in given)
    return (x, y) if 0 < x < 1e5 and 0 < y < 1e5 else None
