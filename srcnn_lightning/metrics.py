"""PSNR and SSIM, each convention by its name.

Conventions differ by 0.01 to 2 dB on the same images, so each function states its own: colour
space, border, and the average. Images are `(B, 3, H, W)` in [0, 1].
"""

import torch
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

# Y of YCbCr (ITU-R BT.601, MATLAB's rgb2ycbcr) for R, G, B in [0, 1], in units of 1/255.
LUMA_WEIGHTS = (65.481, 128.553, 24.966)
LUMA_OFFSET = 16.0
# The same without studio swing (MATLAB's rgb2gray): equal channels keep their value.
GREY_WEIGHTS = (0.299, 0.587, 0.114)
HALF_NYQUIST = 0.25  # cycles a pixel
COLORS = ("rgb", "y", "y_full")  # what `in_color` converts to


def psnr_from_mse(mse: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of a mean squared error, for a peak of 1 (paper, 4.2)."""
    return -10 * torch.log10(mse)


def mse_per_image(images: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error over all channels and pixels of each image: `(B,)`."""
    return (images - targets).square().flatten(1).mean(1)


def psnr(images: Tensor, targets: Tensor) -> Tensor:
    """PSNR of each image in dB, `(B,)`: all channels, no border. RGB's mean is `test_psnr`."""
    return psnr_from_mse(mse_per_image(images, targets))


def psnr_y(images: Tensor, targets: Tensor, border: int, is_grey: Tensor | None = None) -> Tensor:
    """PSNR of each image in dB, `(B,)`: Y alone, shaved, the literature's convention.

    Args:
        images: outputs.
        targets: images of the same shape.
        border: pixels shaved off each side.
        is_grey: marks of the images that are compared by their grey values of full range,
            `(B,)` bool; None: no image.
    """
    return psnr(_literature(images, border, is_grey), _literature(targets, border, is_grey))


def ssim_y(images: Tensor, targets: Tensor, border: int, is_grey: Tensor | None = None) -> Tensor:
    """Structural similarity of each image, `(B,)`: Y alone, shaved, the literature's convention.

    The arguments are those of `psnr_y`.
    """
    return ssim(_literature(images, border, is_grey), _literature(targets, border, is_grey))


def ssim(images: Tensor, targets: Tensor) -> Tensor:
    """Structural similarity of each image, `(B,)`: mean over the channels, no border.

    Gaussian window of 11 pixels with sigma 1.5, k = 0.01 and 0.03, and the mean over the positions
    at which the window lies within the image (Wang et al. 2004). An image has 11 pixels a side or
    more.
    """
    _, full_image = structural_similarity_index_measure(
        images,
        targets,
        gaussian_kernel=True,
        sigma=1.5,
        kernel_size=11,
        reduction="none",
        data_range=1.0,
        return_full_image=True,
    )
    # torchmetrics reflects the image where the window would leave it, and averages there, too.
    return shave(full_image, 5).flatten(1).mean(1)


def high_frequency_ratio(images: Tensor, targets: Tensor) -> Tensor:
    """Sharpness beside that of the targets, `(B,)`: 1 where both have the same energy, 0 for blur.

    The energy is that of Y, without its mean and within a Hann window, at frequencies above half of
    Nyquist's: 0.25 cycles a pixel, in any direction. A flat target has none, and no ratio.
    """
    return _high_frequency_energy(luma(images)) / _high_frequency_energy(luma(targets))


def _high_frequency_energy(images: Tensor) -> Tensor:
    """`(B, 1, H, W)` -> `(B,)`."""
    sides, device = images.shape[-2:], images.device
    rows, columns = (torch.hann_window(side, periodic=False, device=device) for side in sides)
    centred = (images - images.mean((-2, -1), keepdim=True)) * rows[:, None] * columns
    energy = torch.fft.fft2(centred).abs().square()
    vertical, horizontal = (torch.fft.fftfreq(side, device=device) for side in sides)
    is_high = vertical[:, None].square() + horizontal.square() > HALF_NYQUIST**2
    high: Tensor = energy * is_high
    return high.flatten(1).sum(1)


def luma(images: Tensor) -> Tensor:
    """Y of BT.601, `(B, 3, H, W)` in [0, 1] -> `(B, 1, H, W)` in [16/255, 235/255]."""
    weights = images.new_tensor(LUMA_WEIGHTS).view(1, 3, 1, 1)
    return ((images * weights).sum(1, keepdim=True) + LUMA_OFFSET) / 255


def grey(images: Tensor) -> Tensor:
    """Grey values without studio swing, `(B, 3, H, W)` in [0, 1] -> `(B, 1, H, W)` in [0, 1]."""
    weights = images.new_tensor(GREY_WEIGHTS).view(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True)


def in_color(images: Tensor, color: str, is_grey: Tensor | None = None) -> Tensor:
    """The channels that are compared of `(B, 3, H, W)` in [0, 1].

    Args:
        images: images in RGB.
        color: `rgb`; `y`, BT.601 from 16 to 235; or `y_full`, BT.601 from 0 to 255.
        is_grey: marks of the images whose Y is their grey values of full range, `(B,)` bool; None:
            no image.

    Returns:
        `(B, 3, H, W)` for `rgb`, else `(B, 1, H, W)`.
    """
    if color == "rgb":
        return images
    if color == "y_full":
        return grey(images)
    if is_grey is None:
        return luma(images)
    return torch.where(is_grey.view(-1, 1, 1, 1), grey(images), luma(images))


def _literature(images: Tensor, border: int, is_grey: Tensor | None) -> Tensor:
    return shave(in_color(images, "y", is_grey), border)


def shave(images: Tensor, border: int) -> Tensor:
    """Cut `border` pixels off each side."""
    return images[..., border : images.shape[-2] - border, border : images.shape[-1] - border]
