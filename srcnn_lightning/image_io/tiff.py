"""TIFFs by tifffile: Pillow and OpenCV read some kinds of 16 bits wrongly and print warnings."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image

from srcnn_lightning.errors import BadInput
from srcnn_lightning.image_io.deep_pixels import to_8_bits

if TYPE_CHECKING:
    from tifffile import TiffPage

STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # of either byte order, and BigTIFF
UNSIGNED = (1, 4)  # SampleFormat; 4 is "undefined", which libraries take for unsigned
# tifffile logs odd tags of files that it reads well, and Python would print them.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Tiff:
    """The first page of a TIFF.

    Attributes:
        image: of mode L, LA, RGB, RGBA or CMYK, as the file stores it.
        bits: of a channel in the file.
        orientation: EXIF's number, 1 for upright.
        profile: ICC profile, if there is one.
        pages: of the file; `image` is the first.
    """

    image: Image.Image
    bits: int
    orientation: int
    profile: bytes | None
    pages: int


def is_tiff(file: BinaryIO) -> bool:
    """Whether a file begins as a TIFF; the file is rewound."""
    start = file.read(4)
    file.seek(0)
    return start in STARTS


def read_tiff(file: BinaryIO, name: str) -> Tiff:
    """Read the first page.

    Args:
        file: a TIFF.
        name: of the file, for messages.

    Raises:
        BadInput: its pixels are signed, of floating point, of more than 16 bits, or of colours that
            are not read.
        Exception: tifffile's and imagecodecs' of damaged files.
    """
    import tifffile

    with tifffile.TiffFile(file) as tiff:
        page = tiff.pages.first
        bits = page.bitspersample
        if page.sampleformat not in UNSIGNED or bits > 16:
            kind = {2: "signed ", 3: "floating-point "}.get(page.sampleformat, "")
            raise BadInput(
                f"{name}: {kind}pixels of {bits} bits have no fixed range; "
                "save the image with 8 or 16 unsigned bits a channel."
            )
        image = _image(page, bits, name)
        orientation = page.tags.valueof("Orientation", 1)
        return Tiff(image, bits, orientation, page.iccprofile, len(tiff.pages))


def is_grey_tiff(file: BinaryIO) -> bool:
    """Whether the first page holds grey values and no colours."""
    from tifffile import PHOTOMETRIC, TiffFile

    with TiffFile(file) as tiff:
        return tiff.pages.first.photometric in (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MINISWHITE)


def _image(page: "TiffPage", bits: int, name: str) -> Image.Image:
    from tifffile import COMPRESSION, PHOTOMETRIC

    counts: dict[int, int] = {
        PHOTOMETRIC.MINISBLACK: 1,
        PHOTOMETRIC.MINISWHITE: 1,
        PHOTOMETRIC.RGB: 3,
    }
    if bits <= 8:
        counts |= {PHOTOMETRIC.PALETTE: 1, PHOTOMETRIC.SEPARATED: 4}
    if page.compression == COMPRESSION.JPEG:
        counts[PHOTOMETRIC.YCBCR] = 3  # comes as RGB
    if page.photometric not in counts or page.axes not in ("YX", "YXS", "SYX"):
        kind = getattr(page.photometric, "name", page.photometric)
        raise BadInput(
            f"{name}: a TIFF of {bits} bits, {kind} and axes {page.axes} is not read; "
            "save it as grey or RGB."
        )
    pixels = page.asarray(maxworkers=1)
    if page.axes == "SYX":
        pixels = np.moveaxis(pixels, 0, -1)
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    if page.colormap is not None:  # a palette; programs write 256 or 257 times the 8-bit value
        return Image.fromarray((page.colormap.T >> 8).astype(np.uint8)[pixels[..., 0]])
    pixels = to_8_bits(_with_straight_alpha(page, pixels, counts[page.photometric], bits), bits)
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        pixels[..., 0] = 255 - pixels[..., 0]
    if page.photometric == PHOTOMETRIC.SEPARATED:
        return Image.frombytes("CMYK", pixels.shape[1::-1], pixels.tobytes())
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _with_straight_alpha(
    page: "TiffPage", pixels: np.ndarray, colours: int, bits: int
) -> np.ndarray:
    """The colours of `(H, W, C)` pixels, and alpha if that comes next, not multiplied into them."""
    from tifffile import EXTRASAMPLE

    # Other programs too take a further channel without a name for alpha.
    extra = page.extrasamples or (EXTRASAMPLE.UNASSALPHA,) * (pixels.shape[-1] - colours)
    kinds = (EXTRASAMPLE.ASSOCALPHA, EXTRASAMPLE.UNASSALPHA)
    if colours == 4 or not extra or extra[0] not in kinds:
        return pixels[..., :colours].astype(np.uint16 if bits > 8 else np.uint8)
    pixels = pixels[..., : colours + 1]
    if extra[0] == EXTRASAMPLE.ASSOCALPHA:
        largest, alpha = 2**bits - 1, pixels[..., -1:]
        straight = (pixels[..., :-1] * (largest / np.maximum(alpha, 1))).round().clip(0, largest)
        pixels = np.concatenate([straight.astype(pixels.dtype), alpha], axis=-1)
    return pixels
