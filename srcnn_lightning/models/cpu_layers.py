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
        if torch.is_grad_enabled() and images.is_contiguous(memory_format=torch.channels_last):
            convolutions = _convolutions(list(self))
            if convolutions and all(layer.takes_form(images) for layer in convolutions):
                return in_turn(images, convolutions)
        result: Tensor = super().forward(images)  # type: ignore[no-untyped-call]
        return result


def _convolutions(layers: list[nn.Module]) -> list[CPUConv2d]:
    """Those with ReLUs alone between them; none if there is anything else to be called."""
    if _has_any_global_hook():  # type: ignore[no-untyped-call]
        return []
    convolutions = [layer for layer in layers[::2] if isinstance(layer, CPUConv2d)]
    relus = [layer for layer in layers[1::2] if isinstance(layer, nn.ReLU)]
    found = len(convolutions) + len(relus)
    if found != len(layers) or len(convolutions) != len(relus) + 1:
        return []
    unchanged = [_is_unchanged(layer, CPUConv2d) for layer in convolutions]
    unchanged += [_is_unchanged(layer, nn.ReLU) for layer in relus]
    return convolutions if all(unchanged) else []


def _is_unchanged(layer: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether a layer computes what its kind does, and no hook is to be called."""
    computes = getattr(layer.forward, "__func__", None) is kind.forward
    return computes and not any(getattr(layer, hooks) for hooks in HOOKS)
