"""A trained network from a checkpoint, which is data: it decides on no code that runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from srcnn_lightning.errors import BadInput
from srcnn_lightning.models.factory import build_trusted

PREFIX = "network."  # of the network's weights among those of the LightningModule


def load_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint's content, on the CPU; plain values and tensors only."""
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return content


def load_network(path: Path, allow_package: Sequence[str] = ()) -> tuple[nn.Module, dict[str, Any]]:
    """The network of a checkpoint with its weights, on the CPU.

    Args:
        path: of the checkpoint.
        allow_package: names of packages whose networks may be built beside this program's.

    Returns:
        The network, and the plain settings that were saved with it: `network` and `scale`.

    Raises:
        BadInput: no checkpoint of this program, or its network may not be built.
    """
    try:
        content = load_checkpoint(path)
        saved = content["hyper_parameters"]
        settings = {"network": dict(saved["network"]), "scale": int(saved["scale"])}
        network = build_trusted(saved["network"], allow_package)
        weights = content["state_dict"]
        network.load_state_dict({name.removeprefix(PREFIX): weights[name] for name in weights})
    except BadInput:
        raise
    except Exception as error:  # torch names no type for a file that is none of its own
        raise BadInput(
            f"{path}: it is no checkpoint of this program, or a damaged one; give a run's "
            "folder or another checkpoint."
        ) from error
    return network, settings
