"""Batch norm over the images of all processes that train one network together."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from lightning.pytorch.plugins.layer_sync import LayerSync
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class SharedBatchNorm(_BatchNorm):
    """`nn.BatchNorm1d`, `2d` or `3d` with statistics over the images of all processes.

    torch's SyncBatchNorm takes only GPU tensors and counts every image. Here a process whose share
    of a batch is empty takes part with an image that does not count (`uncounted`).
    """

    counts_images = True

    def forward(self, images: Tensor) -> Tensor:
        """Normalize `(B, C, ...)`; B may differ between the processes."""
        if not self.training:  # the processes do not meet in an evaluation
            return F.batch_norm(
                images,
                self.running_mean,
                self.running_var,
                self.weight,
                self.bias,
                training=self.running_mean is None,
                eps=self.eps,
            )
        # Sums are taken in single precision at least, since half precision would round them.
        values = images.to(torch.promote_types(images.dtype, torch.float32))
        dimensions = [0, *range(2, images.dim())]
        shape = [1, -1] + [1] * (images.dim() - 2)
        pixels = values.numel() // values.shape[1] * self.counts_images
        own_sum = values.sum(dimensions) * self.counts_images
        sums = _sum(torch.cat([own_sum, values.new_tensor([pixels])]))
        count = sums[-1].detach()
        mean = sums[:-1] / count
        centered = values - mean.view(shape)
        squares = _sum(centered.square().sum(dimensions) * self.counts_images)
        variance = squares / count
        self._update_running(mean.detach(), squares.detach() / (count - 1))
        normalized = centered * torch.rsqrt(variance + self.eps).view(shape)
        if self.affine:
            normalized = normalized * self.weight.view(shape) + self.bias.view(shape)
        return normalized.to(images.dtype)

    @torch.no_grad()
    def _update_running(self, mean: Tensor, variance: Tensor) -> None:
        batches = self.num_batches_tracked
        if self.running_mean is None or self.running_var is None or batches is None:
            return
        batches.add_(1)
        share = 1 / float(batches) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)

    def _check_input_dim(self, input: Tensor) -> None:
        """Accept any number of dimensions."""


class SharedBatchNorms(LayerSync):
    """Lightning's plugin that replaces layers during the training, and restores them after it."""

    def __init__(self) -> None:
        self.originals: dict[int, _BatchNorm] = {}

    def apply(self, model: nn.Module) -> nn.Module:
        """Replace each batch norm by a shared one with the same name and the same parameters."""
        for parent, name, layer in list(_batch_norms(model)):
            shared = SharedBatchNorm(layer.num_features, layer.eps, layer.momentum)
            shared.__dict__.update(layer.__dict__)
            setattr(parent, name, shared)
            self.originals[id(shared)] = layer
        return model

    def revert(self, model: nn.Module) -> nn.Module:
        """Restore the original layers; they have had the same parameters and buffers all along."""
        for parent, name, layer in list(_batch_norms(model)):
            original = self.originals.get(id(layer), layer)
            original.training = layer.training
            setattr(parent, name, original)
        return model


@contextmanager
def uncounted(network: nn.Module) -> Iterator[None]:
    """Leave this process's images out of the shared statistics."""
    layers = [layer for layer in network.modules() if isinstance(layer, SharedBatchNorm)]
    for layer in layers:
        layer.counts_images = False
    try:
        yield
    finally:
        for layer in layers:
            layer.counts_images = True


def _batch_norms(model: nn.Module) -> Iterator[tuple[nn.Module, str, _BatchNorm]]:
    for parent in model.modules():
        for name, layer in parent.named_children():
            if isinstance(layer, _BatchNorm) and not isinstance(layer, nn.SyncBatchNorm):
                yield parent, name, layer


def _sum(values: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(values)  # type: ignore[no-untyped-call]
    return total


class _Sum(torch.autograd.Function):
    """The sum over all processes; the loss of each depends on it, so gradients are summed too."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        return _all_reduced(values)

    @staticmethod
    def backward(context: Any, grad_output: Tensor) -> Tensor:
        return _all_reduced(grad_output)


def _all_reduced(values: Tensor) -> Tensor:
    total = values.clone()
    dist.all_reduce(total)
    return total
