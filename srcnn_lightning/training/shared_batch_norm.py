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
    """`nn.BatchNorm1d`, `2d` or `3d` whose statistics are those of all processes' images.

    torch's SyncBatchNorm takes GPU tensors alone, and counts whatever it is given. Here a process
    whose share of a batch is empty takes part with an image that does not count (`uncounted`).
    """

    counts = True

    def forward(self, images: Tensor) -> Tensor:
        """`(B, C, ...)` -> the same shape; B may differ between the processes."""
        if not self.training:  # then processes do not run in step
            return F.batch_norm(
                images,
                self.running_mean,
                self.running_var,
                self.weight,
                self.bias,
                training=self.running_mean is None,
                eps=self.eps,
            )
        # Sums of half-precision values would round.
        values = images.to(torch.promote_types(images.dtype, torch.float32))
        dimensions = [0, *range(2, images.dim())]
        shape = [1, -1] + [1] * (images.dim() - 2)
        pixels = values.numel() // values.shape[1] * self.counts
        own = torch.cat([values.sum(dimensions) * self.counts, values.new_tensor([pixels])])
        sums = _sum(own)
        count = sums[-1].detach()
        mean = sums[:-1] / count
        centered = values - mean.view(shape)
        squares = _sum(centered.square().sum(dimensions) * self.counts)
        variance = squares / count
        self._remember(mean.detach(), squares.detach() / (count - 1))
        normalized = centered * torch.rsqrt(variance + self.eps).view(shape)
        if self.affine:
            normalized = normalized * self.weight.view(shape) + self.bias.view(shape)
        return normalized.to(images.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        batches = self.num_batches_tracked
        if self.running_mean is None or self.running_var is None or batches is None:
            return
        batches.add_(1)
        share = 1 / float(batches) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)

    def _check_input_dim(self, input: Tensor) -> None:
        """Any number of dimensions."""


class SharedBatchNorms(LayerSync):
    """Lightning's way to exchange layers for a training, and to put them back after it."""

    def __init__(self) -> None:
        self.originals: dict[int, _BatchNorm] = {}

    def apply(self, model: nn.Module) -> nn.Module:
        """Each batch norm becomes one that is shared; names and parameters stay."""
        for parent, name, layer in list(_batch_norms(model)):
            shared = SharedBatchNorm(layer.num_features, layer.eps, layer.momentum)
            shared.__dict__.update(layer.__dict__)
            setattr(parent, name, shared)
            self.originals[id(shared)] = layer
        return model

    def revert(self, model: nn.Module) -> nn.Module:
        """The layers that were there before, which have shared parameters and buffers all along."""
        for parent, name, layer in list(_batch_norms(model)):
            original = self.originals.get(id(layer), layer)
            original.training = layer.training
            setattr(parent, name, original)
        return model


@contextmanager
def uncounted(network: nn.Module) -> Iterator[None]:
    """Within it, this process's images do not enter the shared statistics."""
    layers = [layer for layer in network.modules() if isinstance(layer, SharedBatchNorm)]
    for layer in layers:
        layer.counts = False
    try:
        yield
    finally:
        for layer in layers:
            layer.counts = True


def _batch_norms(model: nn.Module) -> Iterator[tuple[nn.Module, str, _BatchNorm]]:
    for parent in model.modules():
        for name, layer in parent.named_children():
            if isinstance(layer, _BatchNorm) and not isinstance(layer, nn.SyncBatchNorm):
                yield parent, name, layer


def _sum(values: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(values)  # type: ignore[no-untyped-call]
    return total


class _Sum(torch.autograd.Function):
    """The sum over all processes; each one's loss depends on it, so gradients are summed too."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        dist.all_reduce(total)
        return total
