"""The LightningModule: loss, optimizer and metrics around any super-resolution network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics import MeanMetric

from srcnn_lightning import metrics, models
from srcnn_lightning.config import check_scale
from srcnn_lightning.data.pairs import Batch, BatchIndices, TestBatch
from srcnn_lightning.errors import BadInput
from srcnn_lightning.models.checkpoint import load_network
from srcnn_lightning.models.padding import padded_to_multiple, upscale
from srcnn_lightning.models.scales import at_scale, has_several_scales
from srcnn_lightning.training.losses import build_loss
from srcnn_lightning.training.optimizers import build_optimizer
from srcnn_lightning.training.schedules import Length, build_schedule
from srcnn_lightning.training.scores import MeanOverImages, scale_of, scores, summarize
from srcnn_lightning.training.shared_batch_norm import uncounted

ADAM = MappingProxyType({"_target_": "torch.optim.Adam", "lr": 1e-3})


class SuperResolution(LightningModule):
    """Train a network, by mean squared error as the paper does or another loss, and measure it."""

    logs_results = True
    """Whether values go to the Trainer's loggers, and `validate` and `test` so return them."""

    def __init__(
        self,
        network: str | nn.Module,
        settings: Mapping[str, Any] | None = None,
        scale: int | list[int] = 2,
        optimizer: Mapping[str, Any] | None = ADAM,
        loss: str | Mapping[str, Any] = "mse",
        schedule: str | Mapping[str, Any] = "constant",
    ) -> None:
        """A checkpoint keeps `settings` and `scale`, and nothing that would make it run code.

        Args:
            network: name of a registered network, or a network.
            settings: arguments of the registered network, or the settings that the network was
                built from (`models.network_settings`): plain values, so that a checkpoint loads
                under `weights_only`.
            scale: factor of upscaling, or the list of a network of several.
            optimizer: `_target_` and arguments of the optimizer; None for a network that will not
                be trained. torch's Adam adds `weight_decay` times the weight to the gradient before
                scaling it, which is the paper's L2 term.
            loss: name of the loss (`losses.LOSSES`), or `name` and its arguments. Validation and
                test measure the mean squared error whatever the loss is, so that their values
                compare.
            schedule: name of the learning rate's schedule (`schedules.SCHEDULES`), or `name` and
                its arguments.

        Raises:
            BadInput: there is no such network, or an argument that network, optimizer, loss or
                schedule do not take.
        """
        super().__init__()
        check_scale("scale", scale)
        settings = dict(settings or {})
        if isinstance(network, str):
            if "scale" in settings:
                raise BadInput(f"model.scale={settings['scale']}: give the task's own scale.")
            settings = models.full_settings(network, scale=scale, **settings)
            network = models.build_network(settings)
        elif not settings:
            settings = {"_target_": f"{type(network).__module__}.{type(network).__qualname__}"}
        self.save_hyperparameters({"network": settings, "scale": scale}, logger=False)
        self.network = network
        self.loss = build_loss({"name": loss} if isinstance(loss, str) else loss)
        self.optimizer_settings = optimizer
        self.schedule_settings = {"name": schedule} if isinstance(schedule, str) else schedule
        self.scale = scale
        # Other strategies look for NaN in each value, which waits for the device.
        self.train_loss = MeanMetric(nan_strategy="disable")
        suffixes = ["", *(f"_x{one}" for one in scale)] if isinstance(scale, list) else [""]
        self.validation = nn.ModuleDict(
            {
                f"{name}{suffix}": MeanOverImages(nan_strategy="disable")
                for name in ("loss", "psnr")
                for suffix in suffixes
            }
        )
        self.test_metrics: list[dict[str, Tensor]] = []  # of each batch
        if self.optimizer_settings is not None and self.is_trainable:
            self._check_optimizer()

    @classmethod
    def load_from_checkpoint(  # type: ignore[override]
        cls,
        checkpoint_path: str | Path,
        allow_package: Sequence[str] = (),
        map_location: torch.device | str | int = "cpu",
    ) -> Self:
        """Load a task for use; it has no optimizer, so it cannot be trained.

        Lightning's own method passes whatever a file holds to the constructor.

        Args:
            checkpoint_path: path of a run's checkpoint.
            allow_package: names of packages whose networks may be built beside this program's; a
                text is one name. A file may have any module of such a package imported.
            map_location: device of the task.

        Raises:
            BadInput: the file is no checkpoint of this program, or names a network that may not be
                built.
        """
        network, saved = load_network(Path(checkpoint_path), allow_package)
        task = cls(network, saved["network"], saved["scale"], optimizer=None)
        return task.to(map_location)

    def forward(self, images: Tensor, scale: int | None = None) -> Tensor:
        """`(B, 3, h, w)` in [0, 1] -> `(B, 3, scale * h, scale * w)`, not clamped.

        Args:
            images: images of any size.
            scale: one of the scales of a network of several; others need none.
        """
        return upscale(self.network if scale is None else at_scale(self.network, scale), images)

    @property
    def has_several_scales(self) -> bool:
        """Whether the network upscales by several scales."""
        return has_several_scales(self.network)

    @property
    def is_trainable(self) -> bool:
        """Whether the network has something to learn; the interpolations have nothing."""
        return any(parameter.requires_grad for parameter in self.network.parameters())

    @property
    def network_key(self) -> str:
        """The setting that names the network, `model.name=srcnn`, for a sentence."""
        settings = self.hparams["network"]
        key = "name" if "name" in settings else "_target_"
        return f"model.{key}={settings[key]}"

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The optimizer of the configuration, and its schedule, stepped after every step."""
        optimizer = self.build_optimizer()
        if self.schedule_settings["name"] == "constant":
            return optimizer
        self.trainer.fit_loop.setup_data()  # as the next line does where epochs end the training
        steps = self.trainer.estimated_stepping_batches
        batches = self.trainer.num_training_batches
        length = Length(steps, batches / self.trainer.accumulate_grad_batches)
        schedule = build_schedule(self.schedule_settings, optimizer, length)
        if schedule is None:
            return optimizer
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def _check_optimizer(self) -> None:
        """Refuse arguments of optimizer and schedule, before the images are read."""
        build_schedule(
            self.schedule_settings, self.build_optimizer(), Length(steps=2, epoch_steps=1)
        )

    def build_optimizer(self) -> torch.optim.Optimizer:
        """The optimizer of the configuration, for all parameters of the network.

        Raises:
            BadInput: the network has nothing to train; or as `optimizers.build_optimizer`.
        """
        if not self.is_trainable:
            raise BadInput(f"{self.network_key}: it has nothing to train; test it without a fit.")
        return build_optimizer(self.optimizer_settings, self.network.parameters())

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss of the unclamped output, a mean over images, channels and pixels.

        A network may be trained by further outputs (`models.register`).
        """
        lr, hr = batch
        loss = self._training_loss(lr, hr) if len(hr) else self._empty_batch_loss(lr, hr)
        self.log_loss("train/loss", self.train_loss, loss, len(hr))
        processes = self.trainer.world_size
        if processes == 1:
            return loss
        # Processes average their gradients; their shares of a last batch may differ in size.
        sampler: BatchIndices = self.trainer.train_dataloader.sampler  # type: ignore[union-attr]
        return loss * (len(hr) * processes / sampler.images(batch_idx))

    def log_loss(self, name: str, metric: MeanMetric, loss: Tensor, images: int) -> None:
        """Add a batch's loss to its mean over the epoch, which the last batch logs."""
        # One loss for each image: torchmetrics ignores weights under this nan_strategy.
        metric.update(loss.detach().expand(images))
        if self.trainer.is_last_batch:  # each call costs 0.4 ms
            self.log(name, metric, on_step=False, on_epoch=True, logger=self.logs_results)

    def _training_loss(self, lr: Tensor, hr: Tensor) -> Tensor:
        """The loss of the output, or of the weighted outputs that the network is trained by."""
        network = at_scale(self.network, scale_of(lr, hr))
        supervised_outputs = getattr(network, "supervised_outputs", None)
        if supervised_outputs is None:
            return self.loss(upscale(network, lr), hr)  # type: ignore[no-any-return]
        padded = padded_to_multiple(lr, getattr(network, "multiple_of", 1))
        height, width = hr.shape[-2:]
        losses = [
            weight * self.loss(output[..., :height, :width], hr)
            for weight, output in supervised_outputs(padded)
        ]
        return torch.stack(losses).sum()

    def _empty_batch_loss(self, lr: Tensor, hr: Tensor) -> Tensor:
        """A loss of 0 that depends on all parameters: the other processes wait for its gradients.

        It comes from an image that does not count, since some layers of torch fail in the backward
        pass of an empty batch.
        """
        with uncounted(self.network):
            image = (batch.new_zeros(1, *batch.shape[1:]) for batch in (lr, hr))
            return 0 * self._training_loss(*image)

    def validation_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Mean squared error; PSNR of the clamped output: mean over images, RGB, no border."""
        lr, hr = batch
        scale = scale_of(lr, hr)
        # The network may refuse the empty share of a process. Half-precision metrics would round.
        output: Tensor = self(lr, scale).float() if len(hr) else hr
        clamped = output.clamp(0, 1)
        found = {"loss": metrics.mse_per_image(output, hr), "psnr": metrics.psnr(clamped, hr)}
        for name, values in found.items():
            names = [name, f"{name}_x{scale}"] if self.has_several_scales else [name]
            for one in names:
                # Lightning would average over batches; metric objects average over images.
                metric: MeanOverImages = self.validation[one]  # type: ignore[assignment]
                metric.update(values)
                self.log(
                    f"val/{one}", metric, on_step=False, on_epoch=True, logger=self.logs_results
                )
        return clamped

    def on_test_start(self) -> None:
        """Discard the metrics of an earlier test."""
        self.test_metrics.clear()

    def test_step(self, batch: TestBatch, batch_idx: int) -> Tensor:
        """Measure each image by every convention.

        Returns:
            The clamped output.
        """
        lr, hr, is_grey = batch
        scale = scale_of(lr, hr)
        output: Tensor = self(lr, scale).float()  # half-precision metrics would round
        loss = metrics.mse_per_image(output, hr)
        output = output.clamp(0, 1)
        found = {"loss": loss, **scores(output, hr, scale, is_grey), "grey": is_grey}
        self.test_metrics.append(found)
        return output

    def predict_step(self, batch: Tensor | Batch, batch_idx: int) -> Tensor:
        """The clamped output for inputs `(B, 3, h, w)`, alone or with their targets."""
        images, scale = (batch, None) if isinstance(batch, Tensor) else (batch[0], scale_of(*batch))
        output: Tensor = self(images, scale).clamp(0, 1)
        return output

    def on_test_epoch_end(self) -> None:
        """Log the means over the images, which `Trainer.test` returns."""
        means = summarize(self.test_table()).items()
        values = {name.replace("_", "/", 1): value for name, value in means}
        self.log_dict(values, logger=self.logs_results)

    def test_table(self) -> dict[str, list[float]]:
        """After a test: for each metric one value an image, in the order of the split.

        `grey` is True for images that are grey in their file, whose `psnr_y` and `ssim` are of the
        grey values.
        """
        return {
            name: torch.cat([batch[name] for batch in self.test_metrics]).tolist()
            for name in self.test_metrics[0]
        }
