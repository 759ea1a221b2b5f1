"""The reader of image files: upright, in the file's own colours and bits, or in 8 bits of sRGB."""

import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from PIL import Image, ImageFile, PngImagePlugin, UnidentifiedImageError

from srcnn_lightning.errors import BadInput, one_line
from srcnn_lightning.image_io import colour_profiles
from srcnn_lightning.image_io.deep_pixels import read_deep_png, to_8_bits
from srcnn_lightning.image_io.metadata import ORIENTATION, Metadata, pillow_metadata
from srcnn_lightning.image_io.tiff import is_tiff, read_tiff

# Pillow refuses 200 megapixels, and 1 MB of a PNG's text or profile, as a possible attack. The
# images of a training are the user's own; `read_picture` has a limit for others.
MOST_PIXELS = 2 * (Image.MAX_IMAGE_PIXELS or 0)  # that Pillow itself reads
Image.MAX_IMAGE_PIXELS = None
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = sys.maxsize
TYPES = "PNG, JPEG, WebP, BMP or TIFF"
FORMATS = ("PNG", "JPEG", "WEBP", "BMP")  # Pillow's part; tifffile reads TIFFs
GREY_MODES = ("1", "L", "LA")
SRGB_CICP = bytes([1, 13, 0, 1])  # primaries, transfer function, matrix and range of sRGB
NO_METADATA = Metadata()
DAMAGED_METADATA = "Its metadata are damaged and left out."


@dataclass(frozen=True)
class Picture:
    """The picture of an image file, upright, in the file's own colours.

    Attributes:
        pixels: `(H, W, C)` uint8, or uint16 for files of more than 8 bits a channel. C is 1 for
            grey, 2 for grey with alpha, 3 for RGB, 4 for RGB with alpha. The file's type decides,
            not its pixels: equal channels are RGB, and so is a palette of greys. BMP has no grey
            but the palette of all greys in their order.
        profile: ICC profile of the colours; None where they are sRGB.
        metadata: what the file says beside pixels.
        frames: number of frames or pages of the file, of which this is the first.
        is_cmyk: whether the file holds CMYK, of which the pixels are sRGB.
        changes: a sentence for each property of the file that is lost.
    """

    pixels: np.ndarray
    profile: bytes | None = None
    metadata: Metadata = NO_METADATA
    frames: int = 1
    is_cmyk: bool = False
    changes: tuple[str, ...] = ()

    @property
    def is_grey(self) -> bool:
        """Whether the colours are one channel."""
        return bool(self.pixels.shape[-1] <= 2)

    @property
    def colours(self) -> np.ndarray:
        """`(H, W, 1)` or `(H, W, 3)`."""
        return self.pixels[..., : 1 if self.is_grey else 3]

    @property
    def alpha(self) -> np.ndarray | None:
        """`(H, W)`; None for a picture without transparency."""
        return None if self.pixels.shape[-1] % 2 else self.pixels[..., -1]


class TrainingImage(NamedTuple):
    """An image as networks are trained and tested on.

    Attributes:
        pixels: `(H, W, 3)` uint8 in sRGB.
        is_grey: whether the image is grey in its file.
    """

    pixels: np.ndarray
    is_grey: bool


def read_image(path: Path) -> TrainingImage:
    """Read an image file in 8 bits of sRGB.

    More than 8 bits are rounded to 8: 16 bits are divided by 257. Colours are converted by the
    file's profile (`colour_profiles`). Grey gets three equal channels. Transparent parts show
    white.

    Raises:
        BadInput: as `read_picture`.
    """
    picture = read_picture(path)
    bits = 8 * picture.pixels.itemsize
    pixels = to_8_bits(picture.colours, bits)
    colours = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if picture.is_grey else pixels))
    if picture.profile:
        colours = colour_profiles.to_srgb(colours, picture.profile)
    colours = colours.convert("RGB")
    if picture.alpha is not None:
        white = Image.new("RGB", colours.size, "white")
        alpha = Image.fromarray(np.ascontiguousarray(to_8_bits(picture.alpha, bits)))
        colours = Image.composite(colours, white, alpha)
    return TrainingImage(np.asarray(colours), picture.is_grey)


def read_picture(path: Path, most_pixels: int | None = None) -> Picture:
    """Read an image file in its own colours and bits.

    EXIF orientation is applied. CMYK becomes sRGB. A profile that is broken, or made for other
    pixels, is left out, as browsers do. Colours that a PNG declares by a cICP chunk are not read.
    The first of several frames or pages is taken.

    Args:
        path: path of the file.
        most_pixels: pixels from which on a file is refused before they are read; None: there is no
            limit.

    Raises:
        BadInput: the file cannot be read, is truncated, is no image, is too large, or is a TIFF
            whose pixels are not supported.
    """

    def check_size(width: int, height: int) -> None:
        if most_pixels is not None and width * height > most_pixels:
            raise BadInput(
                f"{path}: it declares {width}x{height} pixels, and the limit against files made to "
                f"fill the memory is {most_pixels}; cut it into parts."
            )

    try:
        return _read(path, check_size)
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


def _read(path: Path, check_size: Callable[[int, int], None]) -> Picture:
    with path.open("rb") as file:
        if is_tiff(file):
            tiff = read_tiff(file, str(path), check_size)
            changes = [] if tiff.metadata else [DAMAGED_METADATA]
            return _picture(
                tiff.pixels,
                tiff.profile,
                tiff.orientation,
                tiff.metadata or NO_METADATA,
                tiff.pages,
                tiff.is_cmyk,
                changes,
            )
        with Image.open(file, formats=FORMATS) as image:
            check_size(*image.size)
            is_deep = _is_deep(image)  # before getexif, which decodes a PNG: no tile is left
            is_cmyk = image.mode == "CMYK"
            exif = image.getexif()
            orientation = exif.get(ORIENTATION, 1)
            profile = image.info.get("icc_profile")
            if profile is None and "icc_profile" in image.info:
                profile = b""  # Pillow's None for one that it cannot decompress or put together
            # The further pictures of an MPO, a camera's JPEG, are previews and depths.
            frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
            image.load()  # before its metadata: a PNG's texts may stand behind the pixels
            metadata = pillow_metadata(image.info, exif)
            pixels = read_deep_png(file) if is_deep else pillow_pixels(image)
            changes = [] if metadata else [DAMAGED_METADATA]
            if image.format == "PNG" and _cicp(file) not in (None, SRGB_CICP):
                changes.append("Its cICP colour declaration is not read.")
    return _picture(pixels, profile, orientation, metadata or NO_METADATA, frames, is_cmyk, changes)


def pillow_pixels(image: Image.Image) -> np.ndarray:
    """`(H, W, C)` uint8 of a loaded image: grey, RGB, either with alpha, or CMYK."""
    is_grey = image.mode in GREY_MODES
    if image.mode == "CMYK":
        return np.asarray(image)
    if image.has_transparency_data:
        pixels = np.asarray(image.convert("RGBA"))
        return pixels[..., [0, 3]] if is_grey else pixels
    wanted = "L" if is_grey else "RGB"
    pixels = np.asarray(image if image.mode == wanted else image.convert(wanted))
    return pixels.reshape(*pixels.shape[:2], -1)


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


def _picture(
    pixels: np.ndarray,
    profile: bytes | None,
    orientation: Any,
    metadata: Metadata,
    frames: int,
    is_cmyk: bool,
    changes: list[str],
) -> Picture:
    """The picture of a file's pixels; changes of its colours are added."""
    mode = "CMYK" if is_cmyk else "L" if pixels.shape[-1] <= 2 else "RGB"
    if profile is not None and not colour_profiles.is_usable(profile, mode):
        changes.append("Its colour profile is broken, or of other pixels, and left out.")
        profile = None
    if is_cmyk:
        image = Image.frombytes("CMYK", pixels.shape[1::-1], pixels.tobytes())
        image = colour_profiles.to_srgb(image, profile) if profile else image.convert("RGB")
        pixels, profile = np.asarray(image), None
    pixels = _upright(pixels, orientation)
    return Picture(pixels, profile, metadata, frames, is_cmyk, tuple(changes))


def _upright(pixels: np.ndarray, orientation: Any) -> np.ndarray:
    """The picture as EXIF's orientation, 1 to 8, has it shown; other values are left out."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
