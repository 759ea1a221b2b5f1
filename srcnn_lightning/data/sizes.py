"""The sizes of images: crops, and what patches, augmentation and metrics need."""

from collections.abc import Sequence

import numpy as np

from srcnn_lightning.config import DataConfig, smallest_side, ssim_needs
from srcnn_lightning.errors import BadInput

Size = tuple[int, int]  # height and width in pixels


def centre(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """A view of the centre of `(H, W, 3)`; an odd remainder has one less above or left of it."""
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[top : top + height, left : left + width]


def cropped_to_multiple(image: np.ndarray, scale: int) -> np.ndarray:
    """A view of the centre whose sides are the largest multiples of the scale."""
    height, width = image.shape[:2]
    return centre(image, height - height % scale, width - width % scale)


def check_training_sizes(pairs: Sequence[tuple[str, Size]], data: DataConfig, scale: int) -> None:
    """Refuse images of a size that no training with these settings can use.

    Args:
        pairs: name of each training image, and the size of its target.
        data: settings of the images.
        scale: factor between the sides of input and target.

    Raises:
        BadInput: an image is smaller than `data.patch_size`; or whole images differ in size within
            a batch, or are not square with `data.augment`.
    """
    if data.patch_size is not None:
        _check_patches(data.patch_size, pairs, scale)
    else:
        _check_whole_images(data, pairs)


def check_test_sizes(pairs: Sequence[tuple[str, Size]], data: DataConfig, scale: int) -> None:
    """Refuse test images that are too small for SSIM; the arguments are the same.

    `Config` has refused a side that the settings give.

    Raises:
        BadInput: an image is too small.
    """
    for name, size in pairs if data.side is None else ():
        if min(size) < smallest_side(scale):
            raise BadInput(
                f"data.target_size=null: {name} has {_pixels(size)}, and {ssim_needs(scale)}; "
                "leave the image out of the test."
            )


def _check_patches(patch_size: int, pairs: Sequence[tuple[str, Size]], scale: int) -> None:
    name, size = min(pairs, key=lambda pair: min(pair[1]))
    if min(size) < patch_size:
        raise BadInput(
            f"data.patch_size={patch_size}: {name}, the smallest training image, has "
            f"{_pixels(size)}; set data.patch_size={min(size) // scale * scale} or less, or leave "
            "small images out."
        )


def _check_whole_images(data: DataConfig, pairs: Sequence[tuple[str, Size]]) -> None:
    first, first_size = pairs[0]
    for name, size in pairs:
        if data.batch_size > 1 and size != first_size:
            raise BadInput(
                f"data.batch_size={data.batch_size}: {first} has {_pixels(first_size)} and {name} "
                f"{_pixels(size)}, which make no batch; set data.patch_size, data.target_size or "
                "data.batch_size=1."
            )
        if data.augment and size[0] != size[1]:
            raise BadInput(
                f"data.augment=true: {name} has {_pixels(size)}, and a quarter turn needs a "
                "square; set data.patch_size, or data.augment=false."
            )


def _pixels(size: Size) -> str:
    return f"{size[1]}x{size[0]} pixels"
