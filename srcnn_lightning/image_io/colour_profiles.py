"""ICC profiles: from the colours of a file to sRGB, by Little CMS."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

# A profile whose conversion moves no colour by more than this is sRGB: published ones differ by it,
# and the rounding of the conversion adds as much.
SAME = 1  # of 255


def is_usable(profile: bytes, mode: str) -> bool:
    """Whether a profile is whole and describes pixels of `mode`, L, RGB or CMYK."""
    try:
        _transform(profile, mode)
    except (OSError, ImageCms.PyCMSError):
        return False
    return True


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """The image with sRGB's values, grey as grey; unchanged if its profile is sRGB's.

    Relative colorimetric with black point compensation: colours that sRGB holds stay what they are,
    where the perceptual intent may move them all to make room for those that it does not hold.

    Args:
        image: of mode L, RGB or CMYK.
        profile: a usable one.
    """
    if image.mode == "L":
        ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
        # Grey has three channels that are equal but for rounding; of them green weighs the most.
        table = np.asarray(_applied(_transform(profile, "L"), ramp))[0, :, 1]
        is_srgb = np.abs(table - np.arange(256)).max() <= SAME
        return image if is_srgb else image.point(table.tolist())
    if image.mode == "RGB" and _is_srgb(profile):
        return image
    return _applied(_transform(profile, image.mode), image)


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
    if mode == "L":
        flags |= ImageCms.Flags.NOOPTIMIZE  # a table of few entries would shift dark greys
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags,
    )


@lru_cache(maxsize=16)
def _is_srgb(profile: bytes) -> bool:
    levels = np.linspace(0, 255, 18).round().astype(np.uint8)
    lattice = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(18, -1, 3)
    greys = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    for colours in (lattice, greys):
        converted = _applied(_transform(profile, "RGB"), Image.fromarray(colours))
        if np.abs(np.asarray(converted) - colours.astype(int)).max() > SAME:
            return False
    return True


def _applied(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # it is None for a conversion in place
    return converted
