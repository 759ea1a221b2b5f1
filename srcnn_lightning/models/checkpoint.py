"""Trained networks from checkpoints. A checkpoint is data: it chooses no code that runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from srcnn_lightning.errors import BadInput
from srcnn_lightning.models.factory import build_trusted

PREFIX = "network."  # prefix of the network's weights in the LightningModule's state


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint: plain values, and tensors on the CPU.

    Raises:
        Exception: any type, for a file that torch has not written.
    """
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return content


def load_network(path: Path, allow_package: Sequence[str] = ()) -> tuple[nn.Module, dict[str, Any]]:
    """Build the network of a checkpoint with its weights, on the CPU.

    Args:
        path: path of the checkpoint.
        allow_package: names of packages whose networks may be built beside this program's.

    Returns:
        The network, and the plain settings that were saved with it: `network` and `scale`.

    Raises:
        BadInput: the file is no checkpoint of this program, or its network may not be built.
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
