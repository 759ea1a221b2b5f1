"""Models as the verbs' users name them: built in, packaged, a run's folder, or a checkpoint."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from srcnn_lightning.errors import BadInput
from srcnn_lightning.inference import packaged
from srcnn_lightning.runs import store

if TYPE_CHECKING:
    from srcnn_lightning.inference.loading import LoadedNetwork

BUILT_IN = ("bicubic", "bilinear", "nearest")
NAMES = (*BUILT_IN, *packaged.names())
WORDS = f"a run's folder, a checkpoint, a file .onnx or .safetensors, or {', '.join(NAMES)}"
DEFAULT_SCALE = 2


def find_models(given: Sequence[str], option: str = "--model=") -> dict[str, Path | None]:
    """The checkpoint of each model, None for a built-in one; no file is read yet.

    Args:
        given: names of built-in or packaged models, run folders or checkpoints.
        option: option that they are given by, for sentences.

    Raises:
        BadInput: a model is missing, given twice, or of a form that is not read.
    """
    for model in given:
        if given.count(model) > 1:
            raise BadInput(f"{option}{model}: it is given twice; give it once.")
        if model.endswith(".pt2"):
            raise BadInput(
                f"{option}{model}: a file .pt2 is for torch.export.load alone; give the network as "
                ".onnx or .safetensors, or its checkpoint."
            )
    return {model: None if model in BUILT_IN else _checkpoint(model, option) for model in given}


def _checkpoint(model: str, option: str) -> Path:
    if model in NAMES:
        return packaged.weights_file(model)
    if model and not os.path.lexists(Path(model).expanduser()):
        raise BadInput(f"{option}{model}: there is no {model}; give {WORDS}.")
    return store.resolve_checkpoint(model, option)


def load_models(
    found: dict[str, Path | None], scale: int | None, allow_package: Sequence[str] = ()
) -> tuple[dict[str, "LoadedNetwork"], int]:
    """The networks of models of one scale, and the scale.

    Args:
        found: models as `find_models` returns them.
        scale: factor between the sides of output and input; None takes that of the trained
            models, of which each must have one alone, or 2 without a trained model.
        allow_package: names of packages whose networks may be built beside this program's.

    Raises:
        BadInput: a network cannot be built, or has another scale.
    """
    from srcnn_lightning.inference.loading import interpolation, load

    trained = {}
    for model, checkpoint in found.items():
        if checkpoint:
            trained[model] = load(checkpoint, allow_package, scale, model)
    for model, network in trained.items():
        first = next(iter(trained))
        if network.scale != trained[first].scale:
            raise BadInput(
                f"{model}: it upscales by {network.scale}, and {first} by "
                f"{trained[first].scale}; give models of one scale."
            )
        scale = network.scale
    scale = scale or DEFAULT_SCALE
    loaded = {model: trained.get(model) or interpolation(model, scale) for model in found}
    return loaded, scale


def short_names(given: Sequence[str]) -> dict[str, str]:
    """The last parts of each path, as many as tell it from the others."""
    parts = {text: Path(text).parts or (text,) for text in given}

    def name(text: str) -> str:
        for count in range(1, len(parts[text])):
            tail = parts[text][-count:]
            if sum(other[-count:] == tail for other in parts.values()) == 1:
                return "/".join(tail)
        return text

    return {text: name(text) for text in given}
