"""SRCNN: Dong et al., "Image Super-Resolution Using Deep Convolutional Networks", arXiv 1501.00092.

The paper reproduced here (section 4.1) trains the 9-1-5 network on RGB with padding, which has
20,099 parameters; Dong et al. train on Y without padding.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from srcnn_lightning.errors import BadInput
from srcnn_lightning.models.color import ColorNetwork
from srcnn_lightning.models.interpolation import interpolation_radius
from srcnn_lightning.models.registry import register
from srcnn_lightning.resize import RGB


@register("srcnn")
class SRCNN(ColorNetwork):
    """Upscale by interpolation, then refine with a few convolutions."""

    def __init__(
        self,
        kernel_sizes: Sequence[int] = (9, 1, 5),
        features: Sequence[int] = (64, 32),
        batch_norm: bool = False,
        output_activation: str = "none",
        init: str = "identity",
        residual: bool = False,
        color: str = "rgb",
        kernel: str = "bicubic",
        antialias: bool = True,
        scale: int = 2,
    ) -> None:
        """Build the network; the paper's section 5.2 has the variants.

        Args:
            kernel_sizes: odd side of each convolution's kernel in pixels, first to last.
            features: number of feature maps after each convolution but the last.
            batch_norm: whether batch norm follows each convolution but the last, before its ReLU.
            output_activation: `none`, or `tanh`, whose output is rescaled from [-1, 1] to [0, 1].
            init: initial weights. `default` is PyTorch's. `identity` passes the interpolated image
                through the first three feature maps. The other maps start as PyTorch's do, and
                their weights in the last layer start at zero. The untrained network's output is
                the interpolation, except for values below 0, which the first ReLU cuts; clamped to
                [0, 1], the two are equal.
            residual: whether the convolutions' result is added to the interpolated image. With the
                start `identity` the last layer is zero then, and the untrained network's output
                equals the interpolation exactly.
            color: `rgb`, or `y` for the luma alone, as Dong et al.
            kernel: kernel of the interpolation: `nearest`, `bilinear` or `bicubic`.
            antialias: whether the interpolation is antialiased.
            scale: factor between the sides of output and input.

        Raises:
            BadInput: a setting has no such value, or settings do not fit together.
        """
        margin = sum(size // 2 for size in kernel_sizes)
        radius = interpolation_radius(kernel, scale, margin)
        super().__init__(color, kernel, antialias, scale, radius)
        _check(kernel_sizes, features, batch_norm, output_activation, init)
        self.residual = residual
        self.tanh = output_activation == "tanh"
        layers: list[nn.Module] = []
        channels = self.channels
        for kernel_size, width in zip(kernel_sizes[:-1], features, strict=True):
            layers.append(nn.Conv2d(channels, width, kernel_size, padding=kernel_size // 2))
            if batch_norm:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.ReLU(inplace=True))
            channels = width
        last = kernel_sizes[-1]
        layers.append(nn.Conv2d(channels, self.channels, last, padding=last // 2))
        self.layers = nn.Sequential(*layers)
        if init == "identity":
            self._pass_image_through()

    def upscale(self, images: Tensor) -> Tensor:
        """`(B, channels, h, w)` -> `(B, channels, scale * h, scale * w)`."""
        interpolated: Tensor = self.interpolation(images)
        refined: Tensor = self.layers(interpolated)
        if self.residual:
            refined = refined + interpolated
        return (torch.tanh(refined) + 1) / 2 if self.tanh else refined

    @torch.no_grad()
    def _pass_image_through(self) -> None:
        if self.residual:
            for parameter in self.layers[-1].parameters():
                nn.init.zeros_(parameter)
            return
        for layer in self.layers:
            if isinstance(layer, nn.Conv2d):
                # The first three maps carry R, G and B alone, or the first one Y. The last layer
                # has these maps alone, so the other maps have no effect before its first step.
                nn.init.dirac_(layer.weight[: self.channels])
                nn.init.zeros_(layer.bias[: self.channels])  # type: ignore[index]


def _check(
    kernel_sizes: Sequence[int],
    features: Sequence[int],
    batch_norm: bool,
    output_activation: str,
    init: str,
) -> None:
    if len(kernel_sizes) < 2:
        raise BadInput(f"model.kernel_sizes={list(kernel_sizes)}: give at least two.")
    if len(features) != len(kernel_sizes) - 1:
        raise BadInput(
            f"model.features={list(features)}: model.kernel_sizes={list(kernel_sizes)} needs "
            f"{len(kernel_sizes) - 1}, one for each layer but the last."
        )
    if any(size < 1 or size % 2 == 0 for size in kernel_sizes):
        raise BadInput(f"model.kernel_sizes={list(kernel_sizes)}: each must be odd and positive.")
    if any(width < 1 for width in features):
        raise BadInput(f"model.features={list(features)}: each must be at least 1.")
    if output_activation not in ("none", "tanh"):
        raise BadInput(f"model.output_activation={output_activation}: choose none or tanh.")
    if init not in ("default", "identity"):
        raise BadInput(f"model.init={init}: choose default or identity.")
    if init == "identity":
        layer = "batch norm" if batch_norm else "tanh" if output_activation == "tanh" else ""
        if layer:
            raise BadInput(
                f"model.init=identity: with {layer} the network cannot start at the "
                "interpolated image; use model.init=default."
            )
        if min(features) < RGB:
            raise BadInput(
                f"model.features={list(features)}: model.init=identity needs at least {RGB} "
                "features in each layer; use more, or model.init=default."
            )
