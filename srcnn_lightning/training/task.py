"""The LightningModule: loss, optimizer and metrics around any super-resolution network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import torch
import torch.nn.functional as F
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torchmetrics import MeanMetric

from srcnn_lightning import metrics, models
from srcnn_lightning.data.pairs import Batch, BatchIndices, TestBatch
from srcnn_lightning.errors import BadInput, one_line
from srcnn_lightning.inference.network import load_network
from srcnn_lightning.training.shared_batch_norm import uncounted


class SuperResolution(LightningModule):
    """Train a network by mean squared error (paper, section 4.2) and measure its PSNR."""

    def __init__(
        self,
        network: nn.Module,
        settings: dict[str, Any],
        scale: int,
        optimizer: dict[str, Any] | None = None,
    ) -> None:
        """A checkpoint keeps `settings` and `scale`, and nothing that would make it run code.

        Args:
            network: to train.
            settings: what it was built from (`models.network_settings`): plain values, so that a
                checkpoint loads under `weights_only`.
            scale: enlargement; the literature's metrics shave as many pixels off each border.
            optimizer: `_target_` and arguments, from the configuration of this run; torch's Adam
                adds `weight_decay` times the weight to the gradient before scaling it, which makes
                it the L2 term of the paper. None for a network that will not be trained.
        """
        super().__init__()
        self.save_hyperparameters({"network": settings, "scale": scale}, logger=False)
        self.network = network
        self.optimizer_settings = optimizer
        self.scale = scale
        # nan_strategy: torchmetrics would look at each value, which waits for the device.
        self.train_loss = MeanMetric(nan_strategy="disable")
        self.val_loss = MeanMetric(nan_strategy="disable")
        self.val_psnr = MeanMetric(nan_strategy="disable")
        self.test_figures: list[dict[str, Tensor]] = []

    @classmethod
    def load_from_checkpoint(  # type: ignore[override]
        cls, checkpoint_path: str | Path, allow_package: Sequence[str] = ()
    ) -> Self:
        """For use, not for training: it has no optimizer.

        In place of Lightning's own, which hands whatever a file holds to the constructor.

        Args:
            checkpoint_path: of a run.
            allow_package: names of packages whose networks may be built beside this program's.

        Raises:
            BadInput: no checkpoint of this program, or its network may not be built.
        """
        network, saved = load_network(Path(checkpoint_path), allow_package)
        return cls(network, saved["network"], saved["scale"])

    def forward(self, images: Tensor) -> Tensor:
        """`(B, 3, h, w)` in [0, 1] -> `(B, 3, scale * h, scale * w)`, not clamped."""
        enlarged: Tensor = self.network(images)
        return enlarged

    @property
    def is_trained(self) -> bool:
        """False for the baselines, which have nothing to learn."""
        return any(parameter.requires_grad for parameter in self.network.parameters())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The optimizer of the configuration, over all parameters."""
        if self.optimizer_settings is None:
            raise ValueError("a network from a file has no optimizer: no file decides on one")
        settings = dict(self.optimizer_settings)
        target = settings.pop("_target_")
        make = models.locate(target, "optimizer._target_")
        try:
            optimizer: torch.optim.Optimizer = make(self.network.parameters(), **settings)
        except (TypeError, ValueError) as error:
            raise BadInput(
                f"optimizer._target_={target}: {one_line(error)}; give an optimizer of torch and "
                "arguments it takes."
            ) from error
        return optimizer

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Mean squared error of the unclamped output."""
        lr, hr = batch
        loss = self.batch_loss(batch) if len(hr) else self._idle_loss(lr)
        self.count_losses(loss.detach().expand(len(hr)))  # weights are ignored there
        processes = self.trainer.world_size
        if processes == 1:
            return loss
        # Processes average their gradients; their shares of a last batch may differ in size.
        sampler: BatchIndices = self.trainer.train_dataloader.sampler  # type: ignore[union-attr]
        return loss * (len(hr) * processes / sampler.images(batch_idx))

    def batch_loss(self, batch: Batch) -> Tensor:
        """Mean squared error of the unclamped output, over images, channels and pixels."""
        lr, hr = batch
        return F.mse_loss(self(lr), hr)

    def count_losses(self, losses: Tensor) -> None:
        """Add one loss for each image to the epoch's mean, on the device."""
        self.train_loss.update(losses)
        if self.trainer.is_last_batch:  # of the epoch; each call costs 0.4 ms
            self.log("train/loss", self.train_loss, on_step=False, on_epoch=True, logger=False)

    def _idle_loss(self, nothing: Tensor) -> Tensor:
        """For a process without an image: 0, from all parameters, as the others wait for it.

        An image that does not count, for torch's backward of an empty batch fails in some layers.
        """
        with uncounted(self.network):
            output: Tensor = self(nothing.new_zeros(1, *nothing.shape[1:]))
        return 0 * output.float().mean()

    def validation_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Loss, and PSNR of the clamped output: mean over images, RGB, no border."""
        lr, hr = batch
        # A process whose share is empty does without the network, which may not take it.
        output: Tensor = self(lr).float() if len(hr) else hr  # half-precision metrics would round
        self.val_loss.update(metrics.mse_per_image(output, hr))
        output = output.clamp(0, 1)
        self.val_psnr.update(metrics.psnr(output, hr))
        # Metric objects, not a batch's values: every image counts the same whatever the batches.
        for name, metric in (("val/loss", self.val_loss), ("val/psnr", self.val_psnr)):
            self.log(name, metric, on_step=False, on_epoch=True, logger=False)
        return output

    def on_test_start(self) -> None:
        """Forget the figures of an earlier test."""
        self.test_figures.clear()

    def test_step(self, batch: TestBatch, batch_idx: int) -> Tensor:
        """Every convention's figure for each image; the clamped output is returned."""
        lr, hr, is_grey = batch
        output: Tensor = self(lr).float()  # metrics of a half-precision output would round
        loss = metrics.mse_per_image(output, hr)
        output = output.clamp(0, 1)
        self.test_figures.append(
            {
                "loss": loss,
                "mse": metrics.mse_per_image(output, hr),
                "psnr": metrics.psnr(output, hr),
                "psnr_y": metrics.psnr_y(output, hr, self.scale, is_grey),
                "ssim": metrics.ssim_y(output, hr, self.scale, is_grey),
                "grey": is_grey,
            }
        )
        return output

    def test_table(self) -> dict[str, list[float]]:
        """After a test: each figure, one value for each image in the order of the split.

        `grey` is True for images that are grey in their file: `psnr_y` and `ssim` are of their
        grey values.
        """
        return {
            name: torch.cat([figures[name] for figures in self.test_figures]).tolist()
            for name in self.test_figures[0]
        }


def summarize(per_image: dict[str, list[float]]) -> dict[str, float]:
    """The record's test metrics from the figures of `SuperResolution.test_table`."""

    def mean(name: str) -> float:
        return sum(per_image[name]) / len(per_image[name])

    return {
        "test_loss": mean("loss"),
        "test_psnr": mean("psnr"),
        "test_psnr_pooled": float(metrics.psnr_from_mse(torch.tensor(mean("mse")))),
        "test_psnr_y": mean("psnr_y"),
        "test_ssim": mean("ssim"),
    }
