"""Shrinking and enlarging images, one function for data and networks alike."""

import torch
import torch.nn.functional as F
from torch import Tensor

from srcnn_lightning.errors import BadInput

KERNELS = ("nearest", "bilinear", "bicubic")


def resample(images: Tensor, size: tuple[int, int], kernel: str, antialias: bool) -> Tensor:
    """Resize `(B, C, h, w)` floating-point images to `size` = (height, width).

    Args:
        images: any range; bicubic overshoots it at edges.
        size: of the result, in pixels.
        kernel: `nearest`, `bilinear` or `bicubic`. Torch's bicubic has a = -0.5 (Keys 1981, as
            MATLAB and Pillow) with antialiasing, and a = -0.75 without.
        antialias: widen the kernel when shrinking. `nearest` knows no antialiasing.

    Raises:
        BadInput: the kernel is none of the three.
    """
    if kernel == "nearest":
        # "nearest" of torch keeps a half-pixel bug for compatibility; "nearest-exact" has none.
        return F.interpolate(images, size, mode="nearest-exact")
    if kernel not in KERNELS:
        raise BadInput(f"model.kernel={kernel}: choose one of {', '.join(KERNELS)}.")
    is_last = images.is_contiguous(memory_format=torch.channels_last)
    if is_last and images.device.type == "cpu" and (antialias or kernel == "bicubic"):
        # One channel after the other is the same to the bit, in 0.7 of the time, both copies in it.
        images = images.contiguous()
    resized = F.interpolate(images, size, mode=kernel, align_corners=False, antialias=antialias)
    return resized.contiguous(memory_format=torch.channels_last) if is_last else resized


def resample_uint8(images: Tensor, size: tuple[int, int], kernel: str, antialias: bool) -> Tensor:
    """Resize `(B, C, h, w)` uint8 images and round the result to uint8, as an image file would."""
    resized = resample(images.to(torch.float32), size, kernel, antialias)
    return resized.round_().clamp_(0, 255).to(torch.uint8)
