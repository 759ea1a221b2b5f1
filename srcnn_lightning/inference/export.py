"""A trained network as a file for other programs, verified before it counts."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from safetensors import safe_open
from torch import Tensor, nn

from srcnn_lightning.inference import export_check
from srcnn_lightning.inference.export_formats import write_onnx, write_pt2, write_safetensors
from srcnn_lightning.inference.export_metadata import (
    CONTRACT,
    network_metadata,
    training_metadata,
)
from srcnn_lightning.models import build, build_trusted, full_settings
from srcnn_lightning.models.checkpoint import load_network
from srcnn_lightning.models.padding import upscale
from srcnn_lightning.models.scales import at_scale, choose_scale


@dataclass(frozen=True)
class Source:
    """A network to export, without this program's forms of layers.

    Attributes:
        name: name of the network for sentences.
        network: plain network in evaluation mode, on the CPU.
        settings: its name and arguments, as a checkpoint has them.
        scale: factor between the sides of output and input, or the list of several.
        checkpoint: file that the network was loaded from; None for interpolation.
    """

    name: str
    network: nn.Module
    settings: dict[str, Any]
    scale: int | list[int]
    checkpoint: Path | None = None

    @property
    def scales(self) -> list[int]:
        """The scales as a list."""
        return [self.scale] if isinstance(self.scale, int) else self.scale

    def at(self, scale: int | None) -> "Source":
        """The network of one scale; None: the only one.

        Raises:
            BadInput: the network has not this scale, or several and none is chosen.
        """
        chosen = choose_scale(self.name, scale, self.scale)
        return replace(self, network=at_scale(self.network, chosen).eval(), scale=chosen)

    def metadata(self) -> dict[str, str]:
        """Texts that a file keeps of the network and its training."""
        texts = network_metadata(self.network, self.settings, self.scale)
        if self.checkpoint is not None:
            scale = self.scale if isinstance(self.scale, int) else None
            texts |= training_metadata(self.checkpoint, scale)
        return texts


def interpolation_source(kernel: str, scale: int) -> Source:
    """Interpolation by `bicubic`, `bilinear` or `nearest`."""
    settings = full_settings("interpolation", kernel=kernel, scale=scale)
    arguments = {key: value for key, value in settings.items() if key != "name"}
    return Source(kernel, build("interpolation", **arguments).eval(), settings, scale)


def load_source(name: str, checkpoint: Path, allow_package: Sequence[str] = ()) -> Source:
    """The network of a checkpoint.

    Raises:
        BadInput: as `models.checkpoint.load_network`.
    """
    network, settings = load_network(checkpoint, allow_package)
    return Source(name, network.eval(), settings["network"], settings["scale"], checkpoint)


def write_verified(
    source: Source, file_format: str, file: BinaryIO, allow_package: Sequence[str] = ()
) -> float:
    """Write a network into a file, and compare what the file gives with what the network gives.

    Args:
        source: network; of one scale, but for `safetensors`.
        file_format: `onnx`, `pt2` or `safetensors`.
        file: file that has a name and is open for writing.
        allow_package: names of packages whose networks may be built, to read the file again.

    Returns:
        The largest difference of a value, of outputs in [0, 1].

    Raises:
        BadInput: a package is missing, or torch cannot export the network.
        Different: the file does not give what the network gives.
    """
    texts, path = source.metadata(), Path(file.name)
    if file_format == "safetensors":
        write_safetensors(source.network, texts, file)
        file.flush()
        return _check_safetensors(path, source, allow_package)
    assert isinstance(source.scale, int)
    write, check = (
        (write_onnx, export_check.check_onnx)
        if file_format == "onnx"
        else (write_pt2, export_check.check_pt2)
    )
    write(source.network, source.scale, texts | CONTRACT, file, source.name)
    file.flush()
    return check(path, source.network)


def _check_safetensors(path: Path, source: Source, allow_package: Sequence[str]) -> float:
    with safe_open(path, "pt") as file:
        settings = json.loads(file.metadata()["network"])
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    loaded = build_trusted(settings, allow_package).eval()
    loaded.load_state_dict(weights)

    def run(scale: int) -> Callable[[Tensor], Tensor]:
        return lambda images: upscale(at_scale(loaded, scale), images).clamp(0, 1)

    return max(
        export_check.compare(at_scale(source.network, scale), run(scale)) for scale in source.scales
    )
