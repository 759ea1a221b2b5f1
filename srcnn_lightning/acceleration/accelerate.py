"""A pass over a finished network that swaps plain layers for forms which a CPU computes faster."""

from torch import nn

from srcnn_lightning.acceleration.block_convolution import BlockConv2d
from srcnn_lightning.acceleration.convolution import CPUConv2d
from srcnn_lightning.acceleration.layers import CPULayers

# Input or output channels up to which a form gains. With more on both sides, a kernel of several
# pixels takes 0.92 to 1.22 of the plain layer's time; one of a single pixel takes half. From few
# input channels, a kernel of 3 pixels gains with many output channels alone: 3 to 64 takes 0.9 of
# the plain layer's time, 3 to 16 takes 1.05.
FEW_CHANNELS = 4
MANY_CHANNELS = 64


def accelerate(network: nn.Module) -> nn.Module:
    """Swap layers of a network in place; parameters, their names and hooks stay as they are.

    An `nn.Conv2d` of stride 1 with zero padding that keeps the image's size becomes a `CPUConv2d`
    where `python -m benchmarks --only convolutions` shows a gain: with few input or output
    channels, or a kernel of one pixel. An `nn.Sequential` becomes a `CPULayers`, which computes
    such neighbours and the ReLUs between them as one step. Other layers, and subclasses, stay as
    they are. Results differ in the last bits.

    Args:
        network: network on any device; the forms have an effect on a CPU alone.

    Returns:
        The same network.
    """
    for module in network.modules():
        if type(module) is nn.Sequential:
            module.__class__ = CPULayers
        elif type(module) is nn.Conv2d and _keeps_size(module) and _gains(module):
            # The class is swapped, not the module: every place that holds the module keeps it.
            module.__class__ = BlockConv2d if module.out_channels <= FEW_CHANNELS else CPUConv2d
    return network


def _gains(layer: nn.Conv2d) -> bool:
    side = layer.kernel_size[0]
    is_narrow = side <= 3 and layer.out_channels < MANY_CHANNELS
    from_few = layer.in_channels <= FEW_CHANNELS and not is_narrow
    return from_few or layer.out_channels <= FEW_CHANNELS or side == 1


def _keeps_size(layer: nn.Conv2d) -> bool:
    height, width = layer.kernel_size
    geometry = (layer.stride, layer.dilation, layer.padding, layer.padding_mode, layer.groups)
    return (
        height == width
        and height % 2 == 1
        and geometry == ((1, 1), (1, 1), (height // 2, height // 2), "zeros", 1)
    )
