"""The sizes of images: crops, and what patches, augmentation and metrics need."""

from collections.abc import Sequence

import numpy as np

from srcnn_lightning.config import SSIM_WINDOW, DataConfig
from srcnn_lightning.data.split import Split
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


def check_sizes(split: Split, sizes: Sequence[Size], data: DataConfig, scale: int) -> None:
    """Refuse images of a size that the settings cannot use.

    Args:
        split: names of the images.
        sizes: sizes of their targets, in the order of `split.names`.
        data: settings of the images.
        scale: factor between the sides of input and target.

    Raises:
        BadInput: a training image is smaller than `data.patch_size`; whole training images differ
            in size within a batch, or are not square with `data.augment`; or SSIM does not fit into
            a test image.
    """
    named = list(zip(split.names, sizes, strict=True))
    train, test = named[: len(split.train)], named[-len(split.test) :] if split.test else []
    if data.patch_size is not None:
        _check_patches(data.patch_size, train, scale)
    else:
        _check_whole_images(data, train)
    smallest = SSIM_WINDOW + 2 * scale
    for name, size in test if data.side is None else ():  # `Config` has checked a given side
        if min(size) < smallest:
            raise BadInput(
                f"data.target_size=null: {name} has {_pixels(size)}, and SSIM needs {smallest} a "
                "side within the shaved border; leave the image out of the test."
            )


def _check_patches(patch_size: int, train: Sequence[tuple[str, Size]], scale: int) -> None:
    for name, size in train:
        if min(size) < patch_size:
            raise BadInput(
                f"data.patch_size={patch_size}: {name} has {_pixels(size)}; "
                f"set data.patch_size={min(size) // scale * scale} or less, or remove the image."
            )


def _check_whole_images(data: DataConfig, train: Sequence[tuple[str, Size]]) -> None:
    for name, size in train:
        if data.batch_size > 1 and size != train[0][1]:
            raise BadInput(
                f"data.batch_size={data.batch_size}: {train[0][0]} has {_pixels(train[0][1])} and "
                f"{name} {_pixels(size)}, which make no batch; set data.patch_size, "
                "data.target_size or data.batch_size=1."
            )
        if data.augment and size[0] != size[1]:
            raise BadInput(
                f"data.augment=true: {name} has {_pixels(size)}, and a quarter turn needs a "
                "square; set data.patch_size, or data.augment=false."
            )


def _pixels(size: Size) -> str:
    return f"{size[1]}x{size[0]} pixels"
