"""What an exported file says of its network: settings, training data, scores, and how to use it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import safe_open
from torch import nn

from srcnn_lightning import __version__, run_record
from srcnn_lightning.inference import tiling

# Of scores in a run record (docs/conventions.md).
CONVENTIONS = {
    "test_psnr": "dB, on RGB, without a border, mean over the test images",
    "test_psnr_y": "dB, on Y of BT.601 (16 to 235), a border of scale pixels left out, mean over "
    "the test images",
    "test_ssim": "as test_psnr_y; Gaussian window of 11 pixels, sigma 1.5",
}
CONTRACT = {
    "input": "float32 (batch, 3, height, width), RGB in [0, 1], of any size",
    "output": "float32 (batch, 3, scale * height, scale * width), RGB clamped to [0, 1]",
}


def network_metadata(
    network: nn.Module, settings: Mapping[str, Any], scale: int | list[int]
) -> dict[str, str]:
    """Texts about a network; all but `program` are JSON.

    Args:
        network: network in evaluation mode, on the CPU.
        settings: its name and arguments, as a checkpoint has them.
        scale: factor between the sides of output and input, or the list of several.

    Returns:
        `network`, `scale`, `color`, `receptive_radius` (input pixels, null for the whole image),
        `multiple_of`, `program`. The last but two are left out for a network of several scales.
    """
    texts = {
        "network": json.dumps(dict(settings)),
        "scale": json.dumps(scale),
        "color": json.dumps(settings.get("color", "rgb")),
        "program": f"srcnn_lightning {__version__}",
    }
    if isinstance(scale, int):
        texts["receptive_radius"] = json.dumps(tiling.tile_overlap(network))
        texts["multiple_of"] = json.dumps(int(getattr(network, "multiple_of", 1)))
    return texts


def training_metadata(checkpoint: Path, scale: int | None) -> dict[str, str]:
    """Texts about the training of a run's best checkpoint; none where there is no record of it.

    Args:
        checkpoint: path of the checkpoint, or of a file `.safetensors` that keeps these texts.
        scale: one of several scales of the run; None: the run has one.

    Returns:
        `training_data` and `scores`, both JSON. A score has its value and its convention.
    """
    if checkpoint.suffix == ".safetensors":
        with safe_open(checkpoint, "pt") as file:
            kept = file.metadata()
        return {key: kept[key] for key in ("training_data", "scores") if key in kept}
    if checkpoint.name != "best.ckpt":  # the record has the scores of the best one alone
        return {}
    run = checkpoint.resolve().parent.parent
    folder = run / f"x{scale}" if scale and (run / f"x{scale}").is_dir() else run
    try:
        record = run_record.load(folder)
    except (OSError, ValueError):
        return {}
    data = {
        "name": record.data,
        "images": len(record.split["train"]),
        "data_hash": record.data_hash,
        "degradation": record.config["degradation"],
    }
    scores = {
        name: {"value": record.metrics[name], "convention": convention}
        for name, convention in CONVENTIONS.items()
        if record.metrics.get(name) is not None
    }
    return {"training_data": json.dumps(data), "scores": json.dumps(scores)}
