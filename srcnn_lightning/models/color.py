"""Networks that see RGB, or Y alone, whose chroma is interpolated."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcnn_lightning.errors import choose
from srcnn_lightning.models.interpolation import Interpolation

COLORS = ("rgb", "y")
# BT.601 with studio swing, as the literature's Y: rows Y, Cb, Cr; columns R, G, B; of [0, 1].
TO_YCBCR = (
    (65.481 / 255, 128.553 / 255, 24.966 / 255),
    (-37.797 / 255, -74.203 / 255, 112.0 / 255),
    (112.0 / 255, -93.786 / 255, -18.214 / 255),
)
OFFSET = (16 / 255, 128 / 255, 128 / 255)


class ColorNetwork(nn.Module):
    """A network whose `upscale` maps `(B, channels, h, w)` to `(B, channels, s*h, s*w)`.

    With `color="y"` it sees the luma of the image, one channel, and the chroma is interpolated, as
    the papers before EDSR do.

    Attributes:
        channels: channels that `upscale` sees: 3, or 1 for Y.
        interpolation: interpolation of the image, or of its chroma.
        receptive_radius: input pixels as far as which an output pixel depends on the input.
    """

    multiple_of = 1
    to_ycbcr: Tensor
    to_rgb: Tensor
    offset: Tensor

    def __init__(self, color: str, kernel: str, antialias: bool, scale: int, radius: int) -> None:
        """Keep what all of these networks have.

        Args:
            color: `rgb` or `y`.
            kernel: kernel of the interpolation.
            antialias: whether the interpolation is antialiased.
            scale: factor between the sides of output and input.
            radius: receptive radius of `upscale`, in input pixels.

        Raises:
            BadInput: the color is none of the two.
        """
        super().__init__()
        choose("model.color", color, COLORS)
        self.color = color
        self.channels = 3 if color == "rgb" else 1
        self.interpolation = Interpolation(kernel, antialias, scale)
        chroma_radius = self.interpolation.receptive_radius if color == "y" else 0
        self.receptive_radius = max(radius, chroma_radius)
        if color == "y":
            matrix = torch.tensor(TO_YCBCR)
            self.register_buffer("to_ycbcr", matrix, persistent=False)
            self.register_buffer(
                "to_rgb", torch.linalg.inv(matrix.double()).float(), persistent=False
            )
            self.register_buffer("offset", torch.tensor(OFFSET).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """`(B, 3, h, w)` in [0, 1] -> `(B, 3, scale * h, scale * w)`, not clamped."""
        seen, chroma = self.split(images)
        return self.join(self.upscale(seen), chroma)

    def split(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """What `upscale` sees of `(B, 3, h, w)`, and the upscaled chroma where that is Y alone.

        Returns:
            `(B, channels, h, w)`, and `(B, 2, scale * h, scale * w)` or None.
        """
        if self.color == "rgb":
            return images, None
        ycbcr = _mix(images, self.to_ycbcr) + self.offset
        return ycbcr[:, :1], self.interpolation(ycbcr[:, 1:])

    def join(self, upscaled: Tensor, chroma: Tensor | None) -> Tensor:
        """RGB of an output of `upscale` and of the chroma that `split` returned."""
        if chroma is None:
            return upscaled
        return _mix(torch.cat([upscaled, chroma], 1) - self.offset, self.to_rgb)

    def upscale(self, images: Tensor) -> Tensor:
        """`(B, channels, h, w)` -> `(B, channels, scale * h, scale * w)`."""
        raise NotImplementedError


def _mix(images: Tensor, matrix: Tensor) -> Tensor:
    """Each pixel's channels times a matrix of 3x3."""
    if torch.compiler.is_exporting():  # programs without Einsum read the file, at any size
        return F.conv2d(images, matrix[..., None, None])
    return torch.einsum("oc,bchw->bohw", matrix, images)
