"""Convolutions and the ReLUs between them, trained as one step of autograd."""

from types import MethodType

import torch
from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook

from srcnn_lightning.acceleration.convolution import CPUConv2d, conv_relu_chain

# torch has no public way to ask for a layer's hooks.
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class CPULayers(nn.Sequential):
    """`nn.Sequential`, with the same results to the bit.

    Where it is made of different `CPUConv2d` with an `nn.ReLU` between each two, all of them train
    and its input lies in channels_last, all layers are one step of autograd. What lies between them
    is then nobody else's, and a ReLU's gradient may overwrite the one that it comes from
    (`cpu_convolution.rectify_gradient`).
    """

    def forward(self, images: Tensor) -> Tensor:
        """Through all layers; one by one where a hook looks at what lies between them."""
        convolutions = [layer for layer in self if isinstance(layer, CPUConv2d)]
        if (
            torch.is_grad_enabled()
            and all(layer.is_eligible(images) for layer in convolutions)
            and _alternate(list(self))
            and _lie_in_channels_last(images, convolutions)
            and _train(convolutions)
        ):
            return conv_relu_chain(images, convolutions)
        result: Tensor = super().forward(images)  # type: ignore[no-untyped-call]
        return result


def _alternate(layers: list[nn.Module]) -> bool:
    """Whether they are convolutions with a ReLU between each two, and no hook is to be called."""
    if len(layers) % 2 == 0 or _has_any_global_hook():  # type: ignore[no-untyped-call]
        return False
    kinds = (CPUConv2d, nn.ReLU)
    return all(_is_unchanged(layer, kinds[number % 2]) for number, layer in enumerate(layers))


def _is_unchanged(layer: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether a layer computes what its kind does, and nothing looks on."""
    computes = isinstance(layer, kind) and layer.forward == MethodType(kind.forward, layer)
    return computes and not any(getattr(layer, hooks) for hooks in HOOKS)


def _lie_in_channels_last(images: Tensor, convolutions: list[CPUConv2d]) -> bool:
    """Of one channel torch cannot tell, and a gradient could change its format on the way."""
    channels = [images.shape[1], *(layer.out_channels for layer in convolutions)]
    return min(channels) > 1 and images.is_contiguous(memory_format=torch.channels_last)


def _train(convolutions: list[CPUConv2d]) -> bool:
    """Whether each is there once and has a gradient; one step keeps the features of all layers."""
    are_different = len(set(convolutions)) == len(convolutions)
    return are_different and all(layer.weight.requires_grad for layer in convolutions)
