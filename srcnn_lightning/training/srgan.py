"""SRGAN: Ledig et al., arXiv 1609.04802. A network that learns to deceive a discriminator."""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics import MeanMetric

from srcnn_lightning.data.pairs import Batch
from srcnn_lightning.errors import BadInput, at_least, require
from srcnn_lightning.models.discriminator import Discriminator
from srcnn_lightning.training.optimizers import build_optimizer
from srcnn_lightning.training.perceptual import VGGLoss
from srcnn_lightning.training.task import ADAM, SuperResolution


class AdversarialSuperResolution(SuperResolution):
    """Train a network by its loss alone, then beside a discriminator with an optimizer of its own.

    The adversarial loss is the binary cross-entropy of the discriminator's odds (equation 6). A
    step of the discriminator comes before one of the network, on the same patches.
    """

    def __init__(
        self,
        network: str | nn.Module,
        settings: Mapping[str, Any] | None = None,
        scale: int = 2,
        optimizer: Mapping[str, Any] | None = ADAM,
        loss: str | Mapping[str, Any] = "mse",
        schedule: str | Mapping[str, Any] = "constant",
        *,
        pretrain_epochs: int = 50,
        adversarial_weight: float = 1e-3,
        discriminator_features: int = 64,
        vgg_weights: str | None = None,
    ) -> None:
        """Build the task; the first six arguments are those of `SuperResolution`.

        Args:
            network: see there.
            settings: see there.
            scale: see there.
            optimizer: see there; network and discriminator have one each, with these settings.
            loss: see there.
            schedule: see there; two optimizers take a constant rate alone.
            pretrain_epochs: epochs with the loss alone.
            adversarial_weight: weight of the adversarial loss, beside the content's.
            discriminator_features: feature maps of the discriminator's first layer.
            vgg_weights: file of VGG19's weights, by whose features the adversarial phase compares
                the content (SRGAN-VGG54); None: by the loss (SRGAN-MSE).

        Raises:
            BadInput: a value that no training can use; or as `SuperResolution`.
        """
        super().__init__(network, settings, scale, optimizer, loss, schedule)
        at_least("task.pretrain_epochs", pretrain_epochs, 0)
        what = "it must be 0 or more"
        require(adversarial_weight >= 0, "task.adversarial_weight", adversarial_weight, what)
        at_least("task.discriminator_features", discriminator_features, 1)
        if not self.is_trainable:
            raise BadInput(f"task.name=srgan: {self.network_key} has nothing to train.")
        self.automatic_optimization = False
        self.pretrain_epochs = pretrain_epochs
        self.adversarial_weight = adversarial_weight
        self.discriminator = Discriminator(discriminator_features)
        # Not registered: checkpoints need not hold 80 MB that do not change.
        self.vgg = [VGGLoss(vgg_weights)] if vgg_weights else []
        self.adversarial_loss = MeanMetric(nan_strategy="disable")
        self.discriminator_loss = MeanMetric(nan_strategy="disable")

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """One optimizer for the network, one of the same settings for the discriminator."""
        discriminator = build_optimizer(self.optimizer_settings, self.discriminator.parameters())
        return [self.build_optimizer(), discriminator]

    def on_fit_start(self) -> None:
        """Bring VGG19 to the network's device."""
        for vgg in self.vgg:
            vgg.to(self.device)

    def training_step(self, batch: Batch, batch_idx: int) -> None:  # type: ignore[override]
        """A step of the network, after one of the discriminator in the adversarial phase."""
        lr, hr = batch
        optimizers: Any = self.optimizers()
        of_network, of_discriminator = optimizers
        if self.current_epoch < self.pretrain_epochs:
            content = self._training_loss(lr, hr)
            self._step(of_network, content)
        else:
            output = self(lr)
            discriminator_loss = self._loss_as(hr, 1) + self._loss_as(output.detach(), 0)
            self._step(of_discriminator, discriminator_loss)
            content = (*self.vgg, self.loss)[0](output, hr)
            self.discriminator.requires_grad_(False)
            adversarial_loss = self._loss_as(output, 1)
            self._step(of_network, content + self.adversarial_weight * adversarial_loss)
            self.discriminator.requires_grad_(True)
            for name, metric, loss in (
                ("adversarial_loss", self.adversarial_loss, adversarial_loss),
                ("discriminator_loss", self.discriminator_loss, discriminator_loss),
            ):
                self.log_loss(f"train/{name}", metric, loss, len(hr))
        self.log_loss("train/loss", self.train_loss, content, len(hr))

    def _loss_as(self, images: Tensor, label: float) -> Tensor:
        """Cross-entropy of the discriminator where the images are targets (1) or outputs (0)."""
        odds = self.discriminator(images)
        return F.binary_cross_entropy_with_logits(odds, torch.full_like(odds, label))

    def _step(self, optimizer: Any, loss: Tensor) -> None:
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()
