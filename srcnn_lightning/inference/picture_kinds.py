"""Pictures as Python programs hold them, PIL images, arrays and tensors, and back again."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from srcnn_lightning.errors import BadInput
from srcnn_lightning.image_io import Picture
from srcnn_lightning.image_io.reader import pillow_pixels

PILLOW_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")
DEEP_MODES = ("I;16", "I;16L", "I;16B")
MOST_CHANNELS = 4

Restore = Callable[[np.ndarray], Any]
"""Function from the pixels `(H, W, C)` of a `Picture` to the kind that it came from."""


def as_picture(given: Image.Image | np.ndarray | Tensor) -> tuple[Picture, Restore]:
    """A picture of any kind as a `Picture`, and the way back.

    Args:
        given: a PIL image; an array `(H, W)` or `(H, W, C)`; or a tensor `(H, W)` or `(C, H, W)`.
            C is 1 for grey, 2 for grey with alpha, 3 for RGB, 4 for RGB with alpha. Arrays and
            tensors are uint8, uint16, or floating point in [0, 1].

    Returns:
        The picture, whose pixels are uint8, uint16 or float32; and a function that gives pixels of
        any size as the same kind, type, layout and device. A PIL image of palette becomes RGB, one
        of 1 bit grey; it keeps its `info`.

    Raises:
        BadInput: the picture is of another kind, shape or type, or its values are not in [0, 1].
    """
    if isinstance(given, Image.Image):
        return _of_image(given)
    if isinstance(given, Tensor):
        return _of_tensor(given)
    if isinstance(given, np.ndarray):
        return _of_array(given)
    raise BadInput(
        f"picture: it is a {type(given).__name__}; give a PIL image, a numpy array or a torch "
        "tensor."
    )


def _of_image(image: Image.Image) -> tuple[Picture, Restore]:
    if image.mode == "CMYK":
        raise BadInput("picture: it is CMYK, which no network knows; convert it to RGB.")
    if image.mode not in PILLOW_MODES + DEEP_MODES:
        raise BadInput(f"picture: its mode is {image.mode}; convert it to RGB or L.")
    is_deep = image.mode in DEEP_MODES
    pixels = np.asarray(image)[..., None].astype(np.uint16) if is_deep else pillow_pixels(image)

    def restore(upscaled: np.ndarray) -> Image.Image:
        result = Image.fromarray(upscaled[..., 0] if upscaled.shape[-1] == 1 else upscaled)
        # A transparent colour has become alpha.
        result.info = {key: one for key, one in image.info.items() if key != "transparency"}
        return result

    return Picture(_checked(pixels, "image", pixels.shape)), restore


def _of_array(array: np.ndarray) -> tuple[Picture, Restore]:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[-1] > MOST_CHANNELS):
        raise BadInput(
            f"picture: an array of {_sizes(array.shape)}; give (H, W), or (H, W, C) with 1 to "
            f"{MOST_CHANNELS} channels."
        )
    pixels = array[..., None] if array.ndim == 2 else array

    def restore(upscaled: np.ndarray) -> np.ndarray:
        return (upscaled[..., 0] if array.ndim == 2 else upscaled).astype(array.dtype, copy=False)

    return Picture(_checked(pixels, "array", array.shape)), restore


def _of_tensor(tensor: Tensor) -> tuple[Picture, Restore]:
    if tensor.ndim not in (2, 3) or (tensor.ndim == 3 and tensor.shape[0] > MOST_CHANNELS):
        raise BadInput(
            f"picture: a tensor of {_sizes(tensor.shape)}; give (H, W), (C, H, W) or "
            f"(B, C, H, W) with 1 to {MOST_CHANNELS} channels."
        )
    values = tensor.detach().cpu()
    planes = values.float() if values.is_floating_point() else values  # numpy has no bfloat16
    pixels = (planes[None] if planes.ndim == 2 else planes).permute(1, 2, 0).numpy()

    def restore(upscaled: np.ndarray) -> Tensor:
        planes = torch.from_numpy(upscaled).permute(2, 0, 1).contiguous()
        return (planes[0] if tensor.ndim == 2 else planes).to(tensor.device, tensor.dtype)

    return Picture(_checked(pixels, "tensor", tensor.shape)), restore


def _checked(pixels: np.ndarray, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    """`(H, W, C)` in a type that a `Picture` has; BadInput for what none has."""
    if 0 in shape:
        raise BadInput(f"picture: an {kind} of {_sizes(shape)} has no pixels; give some.")
    if pixels.dtype in (np.uint8, np.uint16):
        return pixels
    if not np.issubdtype(pixels.dtype, np.floating):
        raise BadInput(
            f"picture: its type is {pixels.dtype}; give uint8, uint16, or floating point in [0, 1]."
        )
    if not (pixels.min() >= 0 and pixels.max() <= 1):  # NaN is in no range
        raise BadInput(
            f"picture: its values are from {pixels.min():g} to {pixels.max():g}; floating point "
            "must be in [0, 1]."
        )
    return pixels.astype(np.float32)


def _sizes(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "no dimensions"
