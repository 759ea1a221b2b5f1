"""Layers of which each ReLU is computed by the convolution after it."""

from itertools import pairwise

from torch import Tensor, nn

from srcnn_lightning.models.cpu_convolution import CPUConv2d


class CPULayers(nn.Sequential):
    """`nn.Sequential` with the same result, and 0.97 of a training step's time.

    A ReLU's gradient takes the place of the one that it is computed from only where the code that
    made that one does it, which is the convolution after the ReLU.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Through all layers; hooks on a ReLU that its convolution computes are not called."""
        rectify = False
        for layer, after in pairwise([*self, None]):
            if rectify:
                images = layer(images, rectify=True)
                rectify = False
            elif _is_inplace_relu(layer) and isinstance(after, CPUConv2d) and not after.plain:
                rectify = True
            else:
                images = layer(images)
        return images


def _is_inplace_relu(layer: nn.Module | None) -> bool:
    return isinstance(layer, nn.ReLU) and layer.inplace
