"""A network, made ready for use: a trained one of a checkpoint, or interpolation."""

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from srcnn_lightning.acceleration.accelerate import accelerate
from srcnn_lightning.acceleration.memory import keep_freed_memory
from srcnn_lightning.inference import tiling
from srcnn_lightning.inference.onnx_network import OnnxNetwork
from srcnn_lightning.inference.packaged import is_onnx
from srcnn_lightning.inference.self_ensemble import SelfEnsemble
from srcnn_lightning.models import Interpolation
from srcnn_lightning.models.checkpoint import load_network
from srcnn_lightning.models.scales import at_scale, choose_scale


@dataclass(frozen=True)
class LoadedNetwork:
    """A network in evaluation mode, accelerated.

    Attributes:
        network: network, on the CPU or a GPU.
        scale: factor between the sides of output and input.
        overlap: pixels around a tile that the network is given as well; None where tiles would
            change its result.
        precision: bits of floating point, 32, or 16 on a GPU.
    """

    network: nn.Module
    scale: int
    overlap: int | None
    precision: int = 32

    def tiles(self, side: int | None) -> tuple[int, int]:
        """Side and overlap of tiles for `tiling.upscaled_tiles`.

        Args:
            side: longest side of a tile; None takes `tiling.TILE`, 0 the whole image.
        """
        if self.overlap is None:
            return 0, 0
        return tiling.TILE if side is None else side, self.overlap

    def upscale(self, images: Tensor) -> Tensor:
        """`(1, 3, h, w)` in [0, 1] -> `(1, 3, scale * h, scale * w)`, not clamped."""
        with self.autocast():
            return tiling.upscale_tiled(self.network, images, *self.tiles(None))

    def autocast(self) -> AbstractContextManager[object]:
        """The context in which the network computes in its precision."""
        return torch.autocast("cuda", torch.float16) if self.precision == 16 else nullcontext()

    def on(self, device: str, precision: int = 32) -> "LoadedNetwork":
        """The network on a device, `cpu` or `cuda`, with a precision of 32 or 16 bits."""
        return replace(self, network=self.network.to(device), precision=precision)

    def as_self_ensemble(self) -> "LoadedNetwork":
        """The mean over the 8 flips and rotations."""
        return replace(self, network=SelfEnsemble(self.network))

    @cached_property
    def digest(self) -> str:
        """Hexadecimal digits that are equal for networks of equal layers, settings and weights."""
        content = hashlib.sha256(f"{self.network!r} x{self.scale} {self.precision}".encode())
        for name, tensor in sorted(self.network.state_dict().items()):
            content.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            values = tensor.detach().cpu().contiguous().reshape(-1)
            content.update(values.view(torch.uint8).numpy().tobytes())
        return content.hexdigest()


def interpolation(kernel: str, scale: int) -> LoadedNetwork:
    """Interpolation by `bicubic`, `bilinear` or `nearest`."""
    network = Interpolation(kernel, scale=scale).eval()
    return LoadedNetwork(network, scale, network.receptive_radius)


def load(
    checkpoint: Path,
    allow_package: Sequence[str] = (),
    scale: int | None = None,
    name: str | None = None,
) -> LoadedNetwork:
    """Load the network of a checkpoint, or of a file `.onnx` or `.safetensors` of `export`.

    Args:
        checkpoint: path of the file.
        allow_package: names of packages whose networks may be built beside this program's.
        scale: one of the scales of a network of several; None: the only one.
        name: what the user calls the checkpoint, for the sentence; None: its path.

    Raises:
        BadInput: as `models.checkpoint.load_network` or `OnnxNetwork`; or the network has not this
            scale.
    """
    if is_onnx(checkpoint):
        return _load_onnx(checkpoint, scale)
    whole, settings = load_network(checkpoint, allow_package)
    scale = choose_scale(name or str(checkpoint), scale, settings["scale"])
    network = at_scale(whole, scale).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    overlap = tiling.tile_overlap(network)
    accelerate(network)
    keep_freed_memory()  # now, so that the memory of the overlap's trials has been returned
    return LoadedNetwork(network, scale, overlap)


def _load_onnx(path: Path, scale: int | None) -> LoadedNetwork:
    network = OnnxNetwork(path).eval()
    choose_scale(str(path), scale, network.scale)
    keep_freed_memory()
    return LoadedNetwork(network, network.scale, network.receptive_radius)
