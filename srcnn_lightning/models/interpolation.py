"""Interpolation: the baselines of Table 1, and the first layer of pre-upsampling networks."""

from torch import Tensor, nn

from srcnn_lightning.resize import resize


class Interpolation(nn.Module):
    """Enlarge by a fixed kernel (paper, section 5.1)."""

    def __init__(self, kernel: str = "bicubic", antialias: bool = True, scale: int = 2) -> None:
        """Nothing here is learned.

        Args:
            kernel: `nearest`, `bilinear` or `bicubic`.
            antialias: torch's antialiased kernels; for bicubic they differ when enlarging too
                (a = -0.5 with, -0.75 without).
            scale: enlargement of both sides.
        """
        super().__init__()
        self.kernel = kernel
        self.antialias = antialias
        self.scale = scale

    def forward(self, images: Tensor) -> Tensor:
        """`(B, C, h, w)` -> `(B, C, scale * h, scale * w)`; bicubic may leave [0, 1]."""
        height, width = images.shape[-2:]
        size = (height * self.scale, width * self.scale)
        return resize(images, size, self.kernel, self.antialias)

    def extra_repr(self) -> str:
        """What print(network) shows."""
        return f"kernel={self.kernel}, antialias={self.antialias}, scale={self.scale}"
