"""The reader of image files: upright, with 8 bits a channel, with known colours."""

import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from PIL import Image, ImageFile, ImageOps, PngImagePlugin, UnidentifiedImageError

from srcnn_lightning.errors import BadInput, one_line
from srcnn_lightning.image_io import colour_profiles
from srcnn_lightning.image_io.deep_pixels import read_deep_png
from srcnn_lightning.image_io.tiff import is_tiff, read_tiff

# Pillow refuses 200 megapixels, and 1 MB of a PNG's text or profile, as a possible attack. These
# files are the user's own.
Image.MAX_IMAGE_PIXELS = None
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = sys.maxsize
TYPES = "PNG, JPEG, WebP, BMP or TIFF"
FORMATS = ("PNG", "JPEG", "WEBP", "BMP")  # Pillow's part; tifffile reads TIFFs
GREY_MODES = ("1", "L", "LA")
ORIENTATION = 0x0112  # EXIF's tag
PNG_XMP = "XML:com.adobe.xmp"  # the text of a PNG that holds XMP
SRGB_CICP = bytes([1, 13, 0, 1])  # primaries, transfer function, matrix and range of sRGB


@dataclass(frozen=True)
class Picture:
    """The picture of an image file, upright, in the file's own colours.

    Attributes:
        colours: image of mode L or RGB, 8 bits a channel. L is of files that hold grey values of 1
            to 16 bits. The file's type decides, not its pixels: equal channels are RGB, and so is
            a palette of greys. BMP has no grey but the palette of all greys in their order.
        alpha: image of mode L and the same size; None for a file without transparency.
        profile: ICC profile of `colours`; None where they are sRGB.
        changes: a sentence for each property of the file that is not kept.
    """

    colours: Image.Image
    alpha: Image.Image | None
    profile: bytes | None
    changes: tuple[str, ...]


class TrainingImage(NamedTuple):
    """An image as networks are trained and tested on.

    Attributes:
        pixels: `(H, W, 3)` uint8 in sRGB.
        is_grey: whether the image is grey in its file.
    """

    pixels: np.ndarray
    is_grey: bool


def read_image(path: Path) -> TrainingImage:
    """Read an image file in sRGB.

    Colours are converted by the file's profile (`colour_profiles`). Grey gets three equal channels.
    Transparent parts show white.

    Raises:
        BadInput: as `read_picture`.
    """
    picture = read_picture(path)
    colours = picture.colours
    if picture.profile:
        colours = colour_profiles.to_srgb(colours, picture.profile)
    colours = colours.convert("RGB")
    if picture.alpha:
        white = Image.new("RGB", colours.size, "white")
        colours = Image.composite(colours, white, picture.alpha)
    return TrainingImage(np.asarray(colours), is_grey=picture.colours.mode == "L")


def read_picture(path: Path) -> Picture:
    """Read an image file in its own colours.

    EXIF orientation is applied. More than 8 bits are rounded to 8: 16 bits are divided by 257. CMYK
    becomes sRGB. A profile that is broken, or made for other pixels, is left out, as browsers do.
    Colours that a PNG declares by a cICP chunk are not read.
    The first of several frames or pages is taken.

    Raises:
        BadInput: the file cannot be read, is truncated, is no image, or is a TIFF whose pixels are
            not supported.
    """
    try:
        return _read(path)
    except BadInput:
        raise
    except UnidentifiedImageError as error:
        raise BadInput(
            f"{path}: not a readable image (damaged, or a type that is not read); "
            f"save it as {TYPES}."
        ) from error
    except Exception as error:  # decoders raise all kinds of errors on damaged files
        if isinstance(error, OSError) and error.errno is not None:  # the system's, no decoder's
            raise BadInput(
                f"{path}: it cannot be read ({error.strerror}); make it readable or remove it."
            ) from error
        reason = one_line(error) or type(error).__name__
        raise BadInput(f"{path}: not a readable image ({reason}); mend or remove it.") from error


def _read(path: Path) -> Picture:
    with path.open("rb") as file:
        if is_tiff(file):
            tiff = read_tiff(file, str(path))
            changes = _changes(tiff.bits, tiff.pages, tiff.metadata)
            return _picture(_upright(tiff.image, tiff.orientation), tiff.profile, changes)
        with Image.open(file, formats=FORMATS) as image:
            is_deep = _is_deep(image)  # before getexif, which decodes a PNG: no tile is left
            exif = image.getexif()
            profile = image.info.get("icc_profile")
            if profile is None and "icc_profile" in image.info:
                profile = b""  # Pillow's None for one that it cannot decompress or put together
            # The further pictures of an MPO, a camera's JPEG, are previews and depths.
            frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
            pixels = read_deep_png(file) if is_deep else image.copy()
            changes = _changes(16 if is_deep else 8, frames, _metadata(image.info, exif))
            if image.format == "PNG" and _cicp(file) not in (None, SRGB_CICP):
                changes.append("Its cICP colour declaration is not read.")
    return _picture(_upright(pixels, exif.get(ORIENTATION, 1)), profile, changes)


def _metadata(info: dict[Any, Any], exif: Image.Exif) -> list[str]:
    """The kinds of metadata in Pillow's `info` of a file."""
    texts = [key for key, value in info.items() if isinstance(value, str) and key != PNG_XMP]
    kinds = {
        "EXIF": bool(set(exif) - {ORIENTATION}),
        "XMP": "xmp" in info or PNG_XMP in info,
        "text": bool(texts) or "comment" in info,
    }
    return [kind for kind, is_there in kinds.items() if is_there]


def _cicp(file: BinaryIO) -> bytes | None:
    """The colours that a PNG declares by numbers, a chunk that Pillow does not read."""
    file.seek(8)
    while True:
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"cICP":
            return file.read(length)
        if kind == b"IDAT":
            return None
        file.seek(length + 4, 1)  # the chunk's checksum has 4 bytes


def _is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether a PNG holds 16 bits a channel, which Pillow's mode shows for grey alone."""
    return image.format == "PNG" and any(";16" in str(tile[3]) for tile in image.tile)


def _changes(bits: int, frames: int, metadata: list[str]) -> list[str]:
    changes = [f"Its {bits} bits a channel are rounded to 8."] if bits > 8 else []
    if frames > 1:
        changes.append(f"The first of its {frames} frames or pages is taken.")
    if metadata:
        changes.append(f"Its metadata ({', '.join(metadata)}) is not kept.")
    return changes


def _picture(image: Image.Image, profile: bytes | None, changes: list[str]) -> Picture:
    """The picture of an upright image with 8 bits a channel; changes of its colours are added."""
    mode = "L" if image.mode in GREY_MODES else "CMYK" if image.mode == "CMYK" else "RGB"
    if profile is not None and not colour_profiles.is_usable(profile, mode):
        changes.append("Its colour profile is broken, or of other pixels, and left out.")
        profile = None
    alpha = None
    if mode == "CMYK":
        changes.append("Its CMYK is converted to sRGB.")
        if profile:
            image, profile = colour_profiles.to_srgb(image, profile), None
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
    colours = image.getchannel(0) if mode == "L" and alpha else image
    wanted = "L" if mode == "L" else "RGB"
    if colours.mode != wanted:
        colours = colours.convert(wanted)
    return Picture(colours, alpha, profile, tuple(changes))


def _upright(image: Image.Image, orientation: Any) -> Image.Image:
    if orientation == 1:
        return image  # Pillow would copy it
    exif = image.getexif()
    exif[ORIENTATION] = orientation
    return ImageOps.exif_transpose(image)
