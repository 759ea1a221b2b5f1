"""Set5 and Set14: recognized by their images, with what the literature prints for them at x2."""

from collections.abc import Mapping
from typing import NamedTuple

PUBLISHED_SCALE = 2
MOST_CROPPED = 11  # pixels that a copy may lack below and at the right: 12 divides by 2, 3 and 4

# The beginning of each image's name, its height and its width.
IMAGES = {
    "Set5": {
        "baby": (512, 512),
        "bird": (288, 288),
        "butterfly": (256, 256),
        "head": (280, 280),
        "woman": (344, 228),
    },
    "Set14": {
        "baboon": (480, 500),
        "barbara": (576, 720),
        "bridge": (512, 512),
        "coastguard": (288, 352),
        "comic": (361, 250),
        "face": (276, 276),
        "flower": (362, 500),
        "foreman": (288, 352),
        "len": (512, 512),  # lenna or lena
        "man": (512, 512),
        "monarch": (512, 768),
        "pepper": (512, 512),
        "ppt3": (656, 529),
        "zebra": (391, 586),
    },
}


class Published(NamedTuple):
    """A printed score.

    Attributes:
        method: network, or bicubic interpolation.
        psnr: in dB, Y of BT.601, a border of `scale` pixels left out, mean over the images.
        ssim: of the same.
    """

    method: str
    psnr: float
    ssim: float


PUBLISHED = {
    "Set5": (
        Published("Bicubic", 33.66, 0.9299),
        Published("SRCNN", 36.66, 0.9542),
        Published("FSRCNN", 37.00, 0.9558),
        Published("VDSR", 37.53, 0.9587),
        Published("DRCN", 37.63, 0.9588),
        Published("EDSR", 38.19, 0.9609),
    ),
    "Set14": (
        Published("Bicubic", 30.24, 0.8688),
        Published("SRCNN", 32.45, 0.9067),
        Published("FSRCNN", 32.63, 0.9088),
        Published("VDSR", 33.03, 0.9124),
        Published("DRCN", 33.04, 0.9118),
        Published("EDSR", 33.95, 0.9201),
    ),
}


def recognized(images: Mapping[str, tuple[int, int]]) -> str | None:
    """The data set that has these images: `Set5`, `Set14`, or None.

    Args:
        images: height and width of each image by its name; names may have endings of their own,
            and images may be cropped below and at the right.
    """
    for name, known in IMAGES.items():
        if len(known) == len(images) and all(
            sum(_is_copy(*image, start, size) for image in images.items()) == 1
            for start, size in known.items()
        ):
            return name
    return None


def _is_copy(name: str, size: tuple[int, int], start: str, known: tuple[int, int]) -> bool:
    lacking = [whole - side for whole, side in zip(known, size, strict=True)]
    return name.lower().startswith(start) and min(lacking) >= 0 and max(lacking) <= MOST_CROPPED
