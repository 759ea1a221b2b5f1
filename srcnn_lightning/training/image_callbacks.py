"""Images of a training: validation images for loggers, and the outputs for the test images."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from srcnn_lightning import metrics
from srcnn_lightning.data.module import SuperResolutionData
from srcnn_lightning.resize import to_uint8
from srcnn_lightning.training import loggers
from srcnn_lightning.training.images import captioned, comparison_strips

SHOWN_IMAGES = 4  # validation images that are logged
SHOWN_EPOCHS = 5  # epochs of a training whose outputs are logged


class ValidationImages(Callback):
    """Log input, output and target of the same validation images, to loggers that take images."""

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the images at a few epochs, the last among them, by the weights that are validated.

        `Trainer.validate` alone logs none.
        """
        if trainer.state.fn != "fit":
            return
        epoch, epochs = trainer.current_epoch + 1, trainer.max_epochs or 1
        if epoch == epochs or epoch % max(1, epochs // SHOWN_EPOCHS) == 0:
            log_images(trainer, pl_module, epoch)


@torch.no_grad()
def log_images(trainer: Trainer, task: LightningModule, epoch: int) -> None:
    """Log one strip `input | output | target` for each of the first validation images."""
    data = trainer.datamodule  # type: ignore[attr-defined]
    with_images = [logger for logger in trainer.loggers if loggers.takes_images(logger)]
    if not (with_images and trainer.is_global_zero and isinstance(data, SuperResolutionData)):
        return
    names = data.split.val[:SHOWN_IMAGES]
    scale = data.degradation.scales[0]
    was_training = task.training
    task.eval()
    for index, name in enumerate(names):  # one by one, since images may differ in size
        lr, hr = (images.to(task.device) for images in data.pairs[scale]["val"][[index]])
        output = task(lr, scale)
        decibels = float(metrics.psnr(output.float().clamp(0, 1), hr))
        (strip,) = comparison_strips(lr, output, hr)
        image = captioned(strip, ("input", f"output, {decibels:.2f} dB", "target"))
        for logger in with_images:
            loggers.log_image(logger, f"val/{name}", image, epoch)
    task.train(was_training)


class TestOutputs(Callback):
    """Keep the outputs for the test images, `(3, H, W)` uint8 each, in the order of the split."""

    __test__ = False  # pytest would take the class for a test

    def __init__(self) -> None:
        self.outputs: list[Tensor] = []

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Round the outputs `(B, 3, H, W)` in [0, 1] as an image file does."""
        self.outputs.extend(to_uint8(outputs))
