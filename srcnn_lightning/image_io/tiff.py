"""TIFFs by tifffile: Pillow and OpenCV read some kinds of 16 bits wrongly and print warnings."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from srcnn_lightning.errors import BadInput
from srcnn_lightning.image_io.deep_pixels import to_file_bits
from srcnn_lightning.image_io.metadata import Metadata, tiff_metadata

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
        pixels: `(H, W, C)` as the file stores it, uint8, or uint16 for more than 8 bits: grey, RGB,
            either with alpha, or CMYK.
        is_cmyk: whether they are CMYK.
        orientation: EXIF's number, 1 for upright.
        profile: ICC profile, if there is one.
        pages: of the file without previews; `pixels` are the first.
        metadata: those of the page; None where they are damaged.
    """

    pixels: np.ndarray
    is_cmyk: bool
    orientation: int
    profile: bytes | None
    pages: int
    metadata: Metadata | None


def is_tiff(file: BinaryIO) -> bool:
    """Whether a file begins as a TIFF; the file is rewound."""
    start = file.read(4)
    file.seek(0)
    return start in STARTS


def read_tiff(file: BinaryIO, name: str, check_size: Callable[[int, int], None]) -> Tiff:
    """Read the first page.

    Args:
        file: a TIFF.
        name: of the file, for messages.
        check_size: function that is given width and height before pixels are read.

    Raises:
        BadInput: its pixels are signed, of floating point, of more than 16 bits, or of colours that
            are not read.
        Exception: tifffile's and imagecodecs' of damaged files.
    """
    import tifffile
    from tifffile import PHOTOMETRIC

    with tifffile.TiffFile(file) as tiff:
        page = tiff.pages.first
        bits = page.bitspersample
        if page.sampleformat not in UNSIGNED or bits > 16:
            kind = {2: "signed ", 3: "floating-point "}.get(page.sampleformat, "")
            raise BadInput(
                f"{name}: {kind}pixels of {bits} bits have no fixed range; "
                "save the image with 8 or 16 unsigned bits a channel."
            )
        check_size(page.imagewidth, page.imagelength)
        pixels = _pixels(page, bits, name)
        orientation = page.tags.valueof("Orientation", 1)
        pages = sum(not getattr(one, "is_reduced", False) for one in tiff.pages)
        is_cmyk = page.photometric == PHOTOMETRIC.SEPARATED
        profile = page.iccprofile
    return Tiff(pixels, is_cmyk, orientation, profile, pages, tiff_metadata(file))


def _pixels(page: "TiffPage", bits: int, name: str) -> np.ndarray:
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
    if page.photometric == PHOTOMETRIC.PALETTE:
        return np.asarray(_palette(page, name)[pixels[..., 0]])
    colours = counts[page.photometric]
    pixels = to_file_bits(_with_straight_alpha(page, pixels, colours, bits, name), bits)
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        pixels[..., 0] = np.iinfo(pixels.dtype).max - pixels[..., 0]
    return pixels


def _palette(page: "TiffPage", name: str) -> np.ndarray:
    """The colours of a palette, `(N, 3)` uint8."""
    if page.colormap is None:
        raise BadInput(f"{name}: a palette TIFF without its ColorMap; save it as grey or RGB.")
    palette = page.colormap.T
    # The standard's range is 16 bits, and programs write 256 or 257 times the 8-bit value. Some
    # programs write the 8-bit value itself.
    return np.asarray(palette >> 8 if palette.max() > 255 else palette).astype(np.uint8)


def _with_straight_alpha(
    page: "TiffPage", pixels: np.ndarray, colours: int, bits: int, name: str
) -> np.ndarray:
    """The colours of `(H, W, C)` pixels, and alpha if that comes next, not multiplied into them."""
    from tifffile import EXTRASAMPLE

    # Other programs too take a further channel without a name for alpha.
    extra = page.extrasamples or (EXTRASAMPLE.UNASSALPHA,) * (pixels.shape[-1] - colours)
    kinds = (EXTRASAMPLE.ASSOCALPHA, EXTRASAMPLE.UNASSALPHA)
    if colours == 1 and extra and (len(extra) > 1 or extra[0] not in kinds):
        raise BadInput(
            f"{name}: a grey TIFF of {pixels.shape[-1]} channels that are not grey and alpha is "
            "not read; save it as grey or RGB."
        )
    if colours == 4 or not extra or extra[0] not in kinds:
        return pixels[..., :colours].astype(np.uint16 if bits > 8 else np.uint8)
    pixels = pixels[..., : colours + 1]
    if extra[0] == EXTRASAMPLE.ASSOCALPHA:
        largest, alpha = 2**bits - 1, pixels[..., -1:]
        straight = (pixels[..., :-1] * (largest / np.maximum(alpha, 1))).round().clip(0, largest)
        pixels = np.concatenate([straight.astype(pixels.dtype), alpha], axis=-1)
    return pixels
