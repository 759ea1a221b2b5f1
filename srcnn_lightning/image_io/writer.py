"""The writer of image files: the type by the ending, with the picture's profile and metadata."""

import os
import struct
from dataclasses import replace
from typing import BinaryIO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from srcnn_lightning.errors import BadInput
from srcnn_lightning.image_io.deep_pixels import to_8_bits, write_deep_png
from srcnn_lightning.image_io.metadata import PNG_XMP, Metadata
from srcnn_lightning.image_io.reader import Picture
from srcnn_lightning.image_io.tiff_writer import write_tiff

TYPES_BY_ENDING = {
    ".png": "PNG",
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG"),
    ".webp": "WebP",
    ".bmp": "BMP",
    **dict.fromkeys((".tif", ".tiff"), "TIFF"),
}
LONGEST_SIDES = {"JPEG": 65500, "WebP": 16383}
LARGEST_TIFF = 2**32 - 2**25  # bytes of pixels; offsets in the file have 32 bits
QUALITY = 95  # of JPEG and WebP
JPEG_SEGMENT = 65000  # bytes of EXIF or XMP that a JPEG holds
BMP_SIZE_PLACE = 2  # of a BMP's header, where its length in bytes stands


def fitted(picture: Picture, ending: str) -> Picture:
    """The picture as a file of this type can hold it; `changes` names what it cannot.

    Transparent parts lie over white in a type without transparency.

    Args:
        picture: picture of another file.
        ending: ending of the new file, a key of `TYPES_BY_ENDING`.
    """
    kind = TYPES_BY_ENDING[ending]
    changes = list(picture.changes)
    pixels, metadata = picture.pixels, picture.metadata
    if pixels.dtype == np.uint16 and kind not in ("PNG", "TIFF"):
        changes.append(f"Its 16 bits a channel are rounded to 8, as {kind} has no more.")
        pixels = to_8_bits(pixels, 16)
    if picture.alpha is not None and kind in ("JPEG", "BMP"):
        changes.append(f"Its transparent parts lie over white, as {kind} has no transparency.")
        pixels = _over_white(replace(picture, pixels=pixels))
    held = _held(metadata, kind)
    lost = [
        name
        for name, before, after in (
            ("text", metadata.text, held.text),
            ("EXIF", metadata.exif, held.exif),
            ("XMP", metadata.xmp, held.xmp),
        )
        if before != after
    ]
    if lost:
        changes.append(f"Its metadata ({', '.join(lost)}) is not kept, as {kind} has no place.")
    profile = picture.profile
    if profile and kind == "BMP":
        changes.append("Its colour profile is not kept, as BMP has no place.")
        profile = None
    return replace(picture, pixels=pixels, profile=profile, metadata=held, changes=tuple(changes))


def check_size(name: str, ending: str, shape: tuple[int, ...], itemsize: int) -> None:
    """Refuse a picture that is too large for its type of file.

    Args:
        name: name of the file, for the sentence.
        ending: its ending, a key of `TYPES_BY_ENDING`.
        shape: `(H, W, C)` of the picture.
        itemsize: bytes of a value.

    Raises:
        BadInput: it is too large.
    """
    kind = TYPES_BY_ENDING[ending]
    size = f"{name}: {shape[1]}x{shape[0]} pixels are too many for {kind}"
    if max(shape[:2]) > LONGEST_SIDES.get(kind, 2**31 - 1):
        raise BadInput(f"{size}, whose sides have at most {LONGEST_SIDES[kind]}; give a .png.")
    if kind in ("TIFF", "BMP") and int(np.prod(shape, dtype=object)) * itemsize > LARGEST_TIFF:
        raise BadInput(f"{size}, which holds 4 GB; give a .png.")


def write_picture(file: BinaryIO, picture: Picture, ending: str, software: str) -> None:
    """Write a picture to a file.

    Args:
        file: file that is written, and may be read.
        picture: picture as `fitted` returns it.
        ending: ending of the file, a key of `TYPES_BY_ENDING`.
        software: what made the picture, in ASCII: a PNG's text `Software`, EXIF's tag of that name,
            and behind the pixels of a BMP.
    """
    kind = TYPES_BY_ENDING[ending]
    height, width, channels = picture.pixels.shape
    metadata = picture.metadata
    if kind == "TIFF":
        exif = metadata.new_exif(software, width, height)
        write_tiff(file, picture.pixels, picture.profile, metadata, exif)
        return
    options: dict[str, object] = {"icc_profile": picture.profile}
    if metadata.dpi and kind != "WebP":
        options["dpi"] = metadata.dpi
    if kind == "PNG":
        options["pnginfo"] = _png_texts(metadata, software)
        if metadata.exif:
            options["exif"] = metadata.new_exif(None, width, height)
        if picture.pixels.dtype == np.uint16:
            write_deep_png(file, picture.pixels, **options)
            return
    elif kind in ("JPEG", "WebP"):
        options |= {"quality": QUALITY, "xmp": metadata.xmp}
        options["exif"] = metadata.new_exif(software, width, height, with_dpi=kind == "WebP")
        if kind == "WebP":
            options["exact"] = True  # colours of transparent pixels stay
        else:
            options["subsampling"] = 0
            options["comment"] = dict(metadata.text).get("Comment", "").encode()
    shown = picture.pixels[..., 0] if channels == 1 else picture.pixels
    Image.fromarray(shown).save(file, kind.upper(), **options)
    if kind == "BMP":
        _append(file, software.encode())


def _held(metadata: Metadata, kind: str) -> Metadata:
    """The metadata for which a type of file has a place."""
    if kind == "PNG":
        return metadata
    if kind == "BMP":
        return Metadata(dpi=metadata.dpi)
    comment = tuple(one for one in metadata.text if one[0] == "Comment" and kind == "JPEG")
    exif, xmp = metadata.exif, metadata.xmp
    if kind == "JPEG":
        exif = exif if len(exif) < JPEG_SEGMENT else b""
        xmp = xmp if len(xmp) < JPEG_SEGMENT else b""
    return replace(metadata, text=comment, exif=exif, xmp=xmp)


def _png_texts(metadata: Metadata, software: str) -> PngInfo:
    texts = PngInfo()
    texts.add_text("Software", software)
    for key, text in metadata.text:
        if key != "Software":
            texts.add_text(key, text)
    if metadata.xmp:
        texts.add_itxt(PNG_XMP, metadata.xmp.decode("utf-8", "replace"))
    return texts


def _over_white(picture: Picture) -> np.ndarray:
    assert picture.alpha is not None
    mode = "L" if picture.is_grey else "RGB"
    shown = picture.colours[..., 0] if picture.is_grey else picture.colours
    colours = Image.fromarray(np.ascontiguousarray(shown))
    alpha = Image.fromarray(np.ascontiguousarray(picture.alpha))
    over = Image.composite(colours, Image.new(mode, colours.size, "white"), alpha)
    return np.asarray(over).reshape(*picture.pixels.shape[:2], -1)


def _append(file: BinaryIO, text: bytes) -> None:
    """Append a text behind the pixels of a BMP, where programs that show it do not look."""
    file.seek(0, os.SEEK_END)
    file.write(text)
    length = file.tell()
    file.seek(BMP_SIZE_PLACE)
    file.write(struct.pack("<I", length))
