"""Convolutions and the ReLUs between them, trained as one step of autograd."""

import torch
from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook

from srcnn_lightning.models.cpu_convolution import CPUConv2d, in_turn

# torch has no public way to ask for a layer's hooks.
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class CPULayers(nn.Sequential):
    """`nn.Sequential`, with the same results to the bit.

    Where it is made of `CPUConv2d` with an `nn.ReLU` between each two, and its input lies in
    channels_last, all layers train as one step of autograd. What lies between them is then nobody
    else's, and a ReLU's gradient may overwrite the one that it comes from
    (`cpu_convolution.rectify_gradient`).
    """

    def forward(self, images: Tensor) -> Tensor:
        """Through all layers; one by one where a hook looks at what lies between them."""
        convolutions = [layer for layer in self if isinstance(layer, CPUConv2d)]
        take_form = all(layer.takes_form(images) for layer in convolutions)
        is_last = images.is_contiguous(memory_format=torch.channels_last)
        if take_form and is_last and torch.is_grad_enabled() and _alternate(list(self)):
            return in_turn(images, convolutions)
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
    computes = isinstance(layer, kind) and getattr(layer.forward, "__func__", None) is kind.forward
    return computes and not any(getattr(layer, hooks) for hooks in HOOKS)
