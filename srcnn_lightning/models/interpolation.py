"""Interpolation: the baselines of the paper's Table 1, and SRCNN's first layer."""

from torch import Tensor, nn

from srcnn_lightning.resize import resize


class Interpolation(nn.Module):
    """Upscale by a fixed kernel (paper, section 5.1)."""

    def __init__(self, kernel: str = "bicubic", antialias: bool = True, scale: int = 2) -> None:
        """Build a network without parameters.

        Args:
            kernel: `nearest`, `bilinear` or `bicubic`.
            antialias: whether torch's antialiased kernels are used; the bicubic one differs when
                it upscales, too (a = -0.5, without antialiasing -0.75).
            scale: factor between the sides of output and input.
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
        """Settings that print(network) shows."""
        return f"kernel={self.kernel}, antialias={self.antialias}, scale={self.scale}"
