"""Trained networks from checkpoints. A checkpoint is data: it chooses no code that runs."""

import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from srcnn_lightning import old_records
from srcnn_lightning.errors import BadInput, one_line
from srcnn_lightning.models.factory import build_trusted

MAX_REASON = 200  # characters of torch's message, which names each weight that does not fit
PREFIX = "network."  # of the network in the LightningModule's state


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint: plain values, and tensors on the CPU.

    A file `*.safetensors` has the form of a checkpoint then. Its metadata hold `network` and
    `scale` as JSON, and its tensors are the network's weights.

    Raises:
        Exception: any type, for a file that torch or safetensors have not written.
    """
    if path.suffix == ".safetensors":
        from safetensors import safe_open

        with safe_open(path, "pt") as file:
            settings = {key: json.loads(file.metadata()[key]) for key in ("network", "scale")}
            weights = {f"{PREFIX}{name}": file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
        return {"hyper_parameters": settings, "state_dict": weights}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of a TorchScript archive, then refuses it
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return content


def network_weights(state: Mapping[str, Any]) -> dict[str, Any]:
    """The network's weights of a checkpoint's `state_dict`, without those of a discriminator."""
    return {
        name.removeprefix(PREFIX): one for name, one in state.items() if name.startswith(PREFIX)
    }


def load_network(path: Path, allow_package: Sequence[str] = ()) -> tuple[nn.Module, dict[str, Any]]:
    """Build the network of a checkpoint with its weights, on the CPU.

    Args:
        path: path of the checkpoint.
        allow_package: names of packages whose networks may be built beside this program's; a text
            is one name. A file may have any module of such a package imported.

    Returns:
        The network, and the plain settings that were saved with it: `network` and `scale`.

    Raises:
        BadInput: the file is no checkpoint of this program, its network may not or cannot be built,
            its weights do not fit the network, or they are not finite. The sentence begins with
            the path.
    """
    try:
        content = load_checkpoint(path)
        saved = content["hyper_parameters"]
        scale = saved["scale"]
        settings: dict[str, Any] = {
            "network": old_records.translate_network(dict(saved["network"])),
            "scale": [*map(int, scale)] if isinstance(scale, list) else int(scale),
        }
        key = "_target_" if "_target_" in settings["network"] else "name"
        name = str(settings["network"][key])
        weights = network_weights(content["state_dict"])
    except Exception as error:  # torch names no type for a file that is none of its own
        raise BadInput(
            f"{path}: it is no checkpoint of this program, or a damaged one; give a run's "
            "folder or another checkpoint."
        ) from error
    try:
        network = build_trusted(settings["network"], allow_package)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
    try:
        network.load_state_dict(weights)
    except Exception as error:  # a class may have a method of its own
        reason = one_line(error)
        shown = reason if len(reason) <= MAX_REASON else f"{reason[:MAX_REASON]}..."
        raise BadInput(
            f"{path}: its weights do not fit the network that it names, {name} ({shown}); give "
            "another checkpoint."
        ) from error
    if not all(torch.isfinite(weight).all() for weight in network.state_dict().values()):
        raise BadInput(
            f"{path}: its weights are not finite, as those of a run that diverged; give another "
            "checkpoint."
        )
    return network, settings
