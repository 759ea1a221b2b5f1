"""Convolutions and the ReLUs between them, trained as one step of autograd."""

from types import MethodType

import torch
from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook

from srcnn_lightning.acceleration.convolution import CPUConv2d, conv_relu_chain

# torch has no public way to list a layer's hooks.
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class CPULayers(nn.Sequential):
    """`nn.Sequential`, whose results are to the bit those of its layers called one by one.

    Neighbours are one step of autograd where they are different `CPUConv2d` with an `nn.ReLU`
    between each two, all of them train, and their input is in channels_last. Nothing else then
    holds the tensors between the layers, so a ReLU's gradient may be computed in place
    (`convolution.rectify_gradient`).
    """

    def forward(self, images: Tensor) -> Tensor:
        """Compute all layers, one by one where a hook sees the tensors between them."""
        if (
            not torch.is_grad_enabled() or torch.compiler.is_compiling() or _has_any_global_hook()  # type: ignore[no-untyped-call]
        ):
            result: Tensor = super().forward(images)  # type: ignore[no-untyped-call]
            return result
        layers = list(self)
        while layers:
            chain = _first_chain(layers)
            is_chain = (
                len(chain) > 1
                and _are_channels_last(images, chain)
                and all(layer.is_eligible(images) for layer in chain)
            )
            images = conv_relu_chain(images, chain) if is_chain else layers[0](images)
            del layers[: 2 * len(chain) - 1 if is_chain else 1]
        return images


def _first_chain(layers: list[nn.Module]) -> list[CPUConv2d]:
    """The convolutions at the beginning of the layers that have a ReLU between each two.

    Each occurs once and has a gradient: one step of autograd keeps the features of all layers,
    those of frozen layers too.
    """
    chain: list[CPUConv2d] = []
    for number, layer in enumerate(layers):
        if number % 2:
            if not _is_unchanged(layer, nn.ReLU):
                break
        elif (
            isinstance(layer, CPUConv2d)
            and _is_unchanged(layer, CPUConv2d)
            and layer.weight.requires_grad
            and layers.count(layer) == 1
        ):
            chain.append(layer)
        else:
            break
    return chain


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
