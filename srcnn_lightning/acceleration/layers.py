"""Convolutions and the ReLUs between them, trained as one step of autograd."""

from types import MethodType

import torch
from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook

from srcnn_lightning.acceleration.convolution import CPUConv2d, conv_relu_chain

# torch has no public way to list a layer's hooks.
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class CPULayers(nn.Sequential):
    """`nn.Sequential`, with the same results to the bit.

    All layers are one step of autograd where they are different `CPUConv2d` with an `nn.ReLU`
    between each two, all of them train, and the input is in channels_last. Nothing else then holds
    the tensors between the layers, so a ReLU's gradient may be computed in place
    (`convolution.rectify_gradient`).
    """

    def forward(self, images: Tensor) -> Tensor:
        """Compute all layers, one by one where a hook sees the tensors between them."""
        convolutions = [layer for layer in self if isinstance(layer, CPUConv2d)]
        if (
            torch.is_grad_enabled()
            and all(layer.is_eligible(images) for layer in convolutions)
            and _is_alternating(list(self))
            and _are_channels_last(images, convolutions)
            and _are_trained_once(convolutions)
        ):
            return conv_relu_chain(images, convolutions)
        result: Tensor = super().forward(images)  # type: ignore[no-untyped-call]
        return result


def _is_alternating(layers: list[nn.Module]) -> bool:
    """Whether the layers are convolutions with a ReLU between each two, without any hook."""
    if len(layers) % 2 == 0 or _has_any_global_hook():  # type: ignore[no-untyped-call]
        return False
    kinds = (CPUConv2d, nn.ReLU)
    return all(_is_unchanged(layer, kinds[number % 2]) for number, layer in enumerate(layers))


def _is_unchanged(layer: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether a layer has its kind's own forward, and no hook."""
    has_own_forward = isinstance(layer, kind) and layer.forward == MethodType(kind.forward, layer)
    return has_own_forward and not any(getattr(layer, hooks) for hooks in HOOKS)


def _are_channels_last(images: Tensor, convolutions: list[CPUConv2d]) -> bool:
    """Whether images and feature maps are in channels_last, and have several channels.

    Torch cannot tell the memory format of one channel, so a gradient's format could change.
    """
    channels = [images.shape[1], *(layer.out_channels for layer in convolutions)]
    return min(channels) > 1 and images.is_contiguous(memory_format=torch.channels_last)


def _are_trained_once(convolutions: list[CPUConv2d]) -> bool:
    """Whether each convolution occurs once and has a gradient.

    One step of autograd keeps the features of all layers, those of frozen layers too.
    """
    are_distinct = len(set(convolutions)) == len(convolutions)
    return are_distinct and all(layer.weight.requires_grad for layer in convolutions)
