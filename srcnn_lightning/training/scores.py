"""The scores of a test: of each image, and their means for the run record."""

import torch
from torch import Tensor
from torchmetrics import CatMetric

from srcnn_lightning import metrics


class MeanOverImages(CatMetric):
    """Mean of a value over all images: sums of each batch would depend on the batches' size."""

    def compute(self) -> Tensor:
        """The mean of all values."""
        return super().compute().mean()


def scores(outputs: Tensor, targets: Tensor, scale: int, is_grey: Tensor) -> dict[str, Tensor]:
    """Every score of `(B, 3, H, W)` in [0, 1], `(B,)` each.

    Args:
        outputs: clamped outputs.
        targets: targets.
        scale: factor of upscaling; the literature's metrics shave as many pixels off each border.
        is_grey: marks of the images that are grey in their file, `(B,)` bool.
    """
    return {
        "mse": metrics.mse_per_image(outputs, targets),
        "psnr": metrics.psnr(outputs, targets),
        "psnr_y": metrics.psnr_y(outputs, targets, scale, is_grey),
        "ssim": metrics.ssim_y(outputs, targets, scale, is_grey),
        "high_frequency_ratio": metrics.high_frequency_ratio(outputs, targets),
    }


def scale_of(lr: Tensor, hr: Tensor) -> int:
    """The factor between the sides of targets and inputs."""
    return hr.shape[-1] // lr.shape[-1]


def summarize(per_image: dict[str, list[float]]) -> dict[str, float]:
    """The run record's test metrics, from the values of `SuperResolution.test_table`."""

    def mean(name: str) -> float:
        return sum(per_image[name]) / len(per_image[name])

    return {
        "test_loss": mean("loss"),
        "test_psnr": mean("psnr"),
        "test_psnr_pooled": float(metrics.psnr_from_mse(torch.tensor(mean("mse")))),
        "test_psnr_y": mean("psnr_y"),
        "test_ssim": mean("ssim"),
        "test_high_frequency_ratio": mean("high_frequency_ratio"),
    }
