"""The reader of image files: upright, with 8 bits a channel, with known colours."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFile, ImageOps, PngImagePlugin

from srcnn_lightning.errors import BadInput, one_line
from srcnn_lightning.image_io import colour_profiles
from srcnn_lightning.image_io.deep_pixels import read_deep_png
from srcnn_lightning.image_io.tiff import is_grey_tiff, is_tiff, read_tiff

# Pillow refuses 200 megapixels, and 1 MB of a PNG's text or profile, as a possible attack. These
# files are the user's own.
Image.MAX_IMAGE_PIXELS = None
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = sys.maxsize
FORMATS = ("PNG", "JPEG", "WEBP", "BMP")  # Pillow's part; tifffile reads TIFFs
GREY_MODES = ("1", "L", "LA")
ORIENTATION = 0x0112  # EXIF's tag


@dataclass(frozen=True)
class Picture:
    """The picture of an image file, upright, in the file's own colours.

    Attributes:
        colours: image of mode L or RGB, 8 bits a channel.
        alpha: image of mode L and the same size; None for a file without transparency.
        profile: ICC profile of `colours`; None where they are sRGB.
        changes: a sentence for each property of the file that is not kept.
    """

    colours: Image.Image
    alpha: Image.Image | None
    profile: bytes | None
    changes: tuple[str, ...]


def read_image(path: Path) -> np.ndarray:
    """`(H, W, 3)` uint8 in sRGB, as networks are trained on.

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
    return np.asarray(colours)


def read_picture(path: Path) -> Picture:
    """Read an image file in its own colours.

    EXIF orientation is applied. More than 8 bits are rounded to 8: 16 bits are divided by 257. CMYK
    becomes sRGB. A profile that is broken, or made for other pixels, is left out, as browsers do.
    The first of several frames or pages is taken.

    Raises:
        BadInput: the file is truncated, is no image, or is a TIFF whose pixels are not supported.
    """
    try:
        return _read(path)
    except BadInput:
        raise
    except Exception as error:  # decoders raise all kinds of errors on damaged files
        reason = one_line(error) or type(error).__name__
        raise BadInput(f"{path}: not a readable image ({reason}); mend or remove it.") from error


def _read(path: Path) -> Picture:
    with path.open("rb") as file:
        if is_tiff(file):
            tiff = read_tiff(file, str(path))
            upright = _upright(tiff.image, tiff.orientation)
            return _picture(upright, tiff.profile, tiff.bits, tiff.pages)
        with Image.open(file, formats=FORMATS) as image:
            is_deep = _is_deep(image)  # before getexif, which decodes a PNG: no tile is left
            orientation = image.getexif().get(ORIENTATION, 1)
            profile = image.info.get("icc_profile")
            # The further pictures of an MPO, a camera's JPEG, are previews and depths.
            frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
            pixels = read_deep_png(file) if is_deep else image.copy()
    return _picture(_upright(pixels, orientation), profile, 16 if is_deep else 8, frames)


def _is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether a PNG holds 16 bits a channel, which Pillow's mode shows for grey alone."""
    return image.format == "PNG" and any(";16" in str(tile[3]) for tile in image.tile)


def _picture(image: Image.Image, profile: bytes | None, bits: int, frames: int) -> Picture:
    """The picture of an upright image with 8 bits a channel."""
    changes = [f"Its {bits} bits a channel are rounded to 8."] if bits > 8 else []
    if frames > 1:
        changes.append(f"The first of its {frames} frames or pages is taken.")
    mode = "L" if image.mode in GREY_MODES else "CMYK" if image.mode == "CMYK" else "RGB"
    if profile and not colour_profiles.is_usable(profile, mode):
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


def is_grey(path: Path) -> bool:
    """Whether the file holds grey values of 1 to 16 bits and no colours; it may hold alpha.

    The file's type decides, not its pixels: equal channels are RGB, and a palette of greys is a
    palette. BMP has no grey but the palette of all greys in their order, which Pillow calls grey.
    """
    with path.open("rb") as file:
        if is_tiff(file):
            return is_grey_tiff(file)
        with Image.open(file, formats=FORMATS) as image:
            # A PNG of 16-bit grey and alpha has no mode of its own in Pillow.
            modes = [image.mode, *(str(tile[3]) for tile in image.tile)]
    return any(mode in ("1", "L", "LA") or mode.startswith(("I;16", "LA;16")) for mode in modes)
