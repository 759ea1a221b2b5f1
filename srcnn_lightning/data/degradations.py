"""Degradations that are more than a resize: a realistic one, and those of the user's own."""

import io
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from srcnn_lightning import arguments
from srcnn_lightning.config import KERNELS, DegradationConfig
from srcnn_lightning.errors import choose, require
from srcnn_lightning.files import digest
from srcnn_lightning.resize import RGB, resize

Degradation = Callable[[Tensor, int, torch.Generator], Tensor]
GROUP = "degradation.arguments"
QUALITIES = (1, 95)  # that Pillow writes


class Realistic:
    """Blur, a resize by one of several kernels, noise and JPEG, in this order.

    Strengths are drawn for each image: Wang et al. 2021 (Real-ESRGAN), section 3.1, without its
    second round.
    """

    def __init__(
        self,
        blur: tuple[float, float] = (0.2, 2.0),
        kernels: list[str] = list(KERNELS),  # noqa: B006  it is only read
        noise: tuple[float, float] = (0.0, 10.0),
        jpeg: tuple[int, int] | None = (60, 95),
    ) -> None:
        """Take the ranges that strengths are drawn from, both ends included.

        Args:
            blur: standard deviations of a Gaussian along its two axes, in pixels of the target. Its
                direction is drawn too.
            kernels: kernels of the resize, antialiased or not by chance.
            noise: standard deviation of Gaussian noise, of 255; it is grey or coloured by chance.
            jpeg: quality of the JPEG file, from 1 to 95; None: no JPEG.

        Raises:
            BadInput: a range that is none.
        """
        for name, (low, high), (least, most) in (
            ("blur", blur, (0, 100)),
            ("noise", noise, (0, 255)),
            ("jpeg", jpeg or QUALITIES, QUALITIES),
        ):
            what = f"it must be a range [low,high] within {least} and {most}"
            require(least <= low <= high <= most, f"{GROUP}.{name}", [low, high], what)
        require(bool(kernels), f"{GROUP}.kernels", kernels, "it must name a kernel")
        for kernel in kernels:
            choose(f"{GROUP}.kernels", kernel, KERNELS)
        self.blur, self.kernels, self.noise, self.jpeg = blur, kernels, noise, jpeg

    def __call__(self, target: Tensor, scale: int, generator: torch.Generator) -> Tensor:
        """`(3, scale * h, scale * w)` uint8 -> `(3, h, w)` uint8.

        Args:
            target: target.
            scale: factor between the sides of target and input.
            generator: source of the draws.
        """
        height, width = (side // scale for side in target.shape[-2:])
        images = _blurred(target[None].float(), self.blur, generator)
        kernel = self.kernels[int(_uniform((0, len(self.kernels)), generator))]
        images = resize(images, (height, width), kernel, antialias=_coin(generator))
        deviation = _uniform(self.noise, generator)
        channels = 1 if _coin(generator) else RGB
        images = images + deviation * torch.randn(1, channels, height, width, generator=generator)
        pixels = images.round_().clamp_(0, 255).to(torch.uint8)[0]
        return pixels if self.jpeg is None else _as_jpeg(pixels, self.jpeg, generator)


def build(degradation: DegradationConfig) -> Degradation:
    """The instance of the class that `degradation._target_` names.

    Raises:
        BadInput: the class cannot be imported, or does not take the arguments.
    """
    located = arguments.locate(str(degradation._target_), "degradation._target_")
    arguments.check(GROUP, located, degradation.arguments)
    made: Degradation = located(**degradation.arguments)
    require(
        callable(made),
        "degradation._target_",
        degradation._target_,
        "its instances cannot be called; give the class __call__(self, target, scale, generator)",
    )
    return made


def degrade(
    function: Degradation, target: np.ndarray, name: str, degradation: DegradationConfig
) -> np.ndarray:
    """The input of a target by a degradation, `(h, w, 3)` uint8.

    The same image has the same draws in every run, whatever its split.

    Args:
        function: the degradation.
        target: `(scale * h, scale * w, 3)` uint8.
        name: name of the image, which the draws depend on.
        degradation: settings that name the degradation.

    Raises:
        BadInput: the degradation makes something else.
    """
    scale = degradation.scale
    height, width = target.shape[0] // scale, target.shape[1] // scale
    generator = torch.Generator().manual_seed(int(digest([name, scale])[:15], 16))
    pixels = function(torch.from_numpy(target.copy()).permute(2, 0, 1), scale, generator)
    is_image = isinstance(pixels, Tensor) and pixels.dtype == torch.uint8
    require(
        is_image and tuple(pixels.shape) == (RGB, height, width),
        "degradation._target_",
        degradation._target_,
        f"it makes {_described(pixels)} of a target of {width * scale}x{height * scale} pixels; it "
        f"must make a uint8 tensor of (3, {height}, {width})",
    )
    return pixels.permute(1, 2, 0).contiguous().numpy()


def _described(made: Any) -> str:
    if isinstance(made, Tensor):
        return f"a {str(made.dtype).removeprefix('torch.')} tensor of {tuple(made.shape)}"
    return type(made).__name__


def _blurred(images: Tensor, blur: Sequence[float], generator: torch.Generator) -> Tensor:
    """Convolve with a Gaussian of two widths in some direction; edges are repeated."""
    first, second = _uniform(blur, generator), _uniform(blur, generator)
    angle = _uniform((0, math.pi), generator)
    radius = math.ceil(3 * max(first, second))
    if radius == 0:
        return images
    y, x = torch.meshgrid(*[torch.arange(-radius, radius + 1.0)] * 2, indexing="ij")
    along, across = (
        x * math.cos(angle) + y * math.sin(angle),
        y * math.cos(angle) - x * math.sin(angle),
    )
    # A width of zero would divide by zero; a tenth of a pixel keeps the pixel alone.
    widths = max(first, 0.1), max(second, 0.1)
    kernel = torch.exp(-((along / widths[0]) ** 2 + (across / widths[1]) ** 2) / 2)
    weights = (kernel / kernel.sum()).expand(RGB, 1, -1, -1)
    padded = F.pad(images, [radius] * 4, mode="replicate")
    return F.conv2d(padded, weights, groups=RGB)


def _as_jpeg(pixels: Tensor, qualities: Sequence[int], generator: torch.Generator) -> Tensor:
    """The pixels after a JPEG file of a quality that is drawn."""
    low, high = qualities
    content = io.BytesIO()
    image = Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())
    image.save(content, "JPEG", quality=int(_uniform((low, high + 1), generator)))
    return torch.from_numpy(np.array(Image.open(content))).permute(2, 0, 1)


def _uniform(ends: Sequence[float], generator: torch.Generator) -> float:
    low, high = ends
    return low + (high - low) * float(torch.rand((), generator=generator))


def _coin(generator: torch.Generator) -> bool:
    return _uniform((0, 1), generator) < 0.5
