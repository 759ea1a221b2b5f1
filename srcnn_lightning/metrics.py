"""PSNR and SSIM, each convention by its name.

The same pictures give figures 0.01 to 2 dB apart under different conventions, so each function
says which it is: colour space, border, and what is averaged. Images are `(B, 3, H, W)` in [0, 1].
"""

import torch
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

# ITU-R BT.601, the Y of YCbCr for R, G, B in [0, 1], in units of 1/255, as MATLAB's rgb2ycbcr.
LUMA_WEIGHTS = (65.481, 128.553, 24.966)
LUMA_OFFSET = 16.0
# The same without studio swing, as MATLAB's rgb2gray: of equal channels their value.
GREY_WEIGHTS = (0.299, 0.587, 0.114)


def psnr_from_mse(mse: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of a mean squared error, for a peak of 1 (paper, 4.2)."""
    return -10 * torch.log10(mse)


def mse_per_image(images: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error over all channels and pixels of each image: `(B,)`."""
    return (images - targets).square().flatten(1).mean(1)


def psnr(images: Tensor, targets: Tensor) -> Tensor:
    """RGB, no border, one figure in dB for each image: `(B,)`. Its mean is `test_psnr`."""
    return psnr_from_mse(mse_per_image(images, targets))


def psnr_y(images: Tensor, targets: Tensor, border: int, is_grey: Tensor | None = None) -> Tensor:
    """Y alone, `border` pixels shaved off each side: `(B,)` in dB, the literature's convention.

    Of the images that `is_grey`, `(B,)` bool, marks, the grey values of full range.
    """
    return psnr(
        shave(_y_or_grey(images, is_grey), border), shave(_y_or_grey(targets, is_grey), border)
    )


def ssim_y(images: Tensor, targets: Tensor, border: int, is_grey: Tensor | None = None) -> Tensor:
    """Structural similarity of Y, `border` pixels shaved off: `(B,)`, the literature's convention.

    Gaussian window of 11 with sigma 1.5, k = 0.01 and 0.03 (Wang et al. 2004). Of the images that
    `is_grey`, `(B,)` bool, marks, the grey values of full range.
    """
    value = structural_similarity_index_measure(
        shave(_y_or_grey(images, is_grey), border),
        shave(_y_or_grey(targets, is_grey), border),
        gaussian_kernel=True,
        sigma=1.5,
        kernel_size=11,
        reduction="none",
        data_range=1.0,
    )
    assert isinstance(value, Tensor)
    return value.reshape(-1)


def luma(images: Tensor) -> Tensor:
    """Y of BT.601, `(B, 3, H, W)` in [0, 1] -> `(B, 1, H, W)` in [16/255, 235/255]."""
    weights = images.new_tensor(LUMA_WEIGHTS).view(1, 3, 1, 1)
    return ((images * weights).sum(1, keepdim=True) + LUMA_OFFSET) / 255


def grey(images: Tensor) -> Tensor:
    """Grey values without studio swing, `(B, 3, H, W)` in [0, 1] -> `(B, 1, H, W)` in [0, 1]."""
    weights = images.new_tensor(GREY_WEIGHTS).view(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True)


def _y_or_grey(images: Tensor, is_grey: Tensor | None) -> Tensor:
    if is_grey is None:
        return luma(images)
    return torch.where(is_grey.view(-1, 1, 1, 1), grey(images), luma(images))


def shave(images: Tensor, border: int) -> Tensor:
    """Without `border` pixels on each side."""
    return images[..., border : images.shape[-2] - border, border : images.shape[-1] - border]
