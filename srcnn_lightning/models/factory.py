"""From a configuration to a network: ours, or one of the user's own package."""

import inspect
import pkgutil
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

from torch import nn

from srcnn_lightning.config import SRCNNConfig
from srcnn_lightning.errors import BadInput, one_line

OURS = "srcnn_lightning.models.SRCNN"


def network_settings(model: dict[str, Any], antialias: bool, scale: int) -> dict[str, Any]:
    """The plain settings a checkpoint keeps: `_target_` and every argument of its constructor.

    Args:
        model: the group `model` of the configuration.
        antialias: from the degradation; passed on where the constructor takes it.
        scale: likewise.

    Raises:
        BadInput: the target cannot be imported, or does not take an argument it is given.
    """
    target = str(model["_target_"])
    offered = {"antialias": antialias, "scale": scale}
    given = {key: value for key, value in model.items() if key not in ("_target_", "name")}
    for key, value in offered.items():
        if key in given:
            raise BadInput(
                f"model.{key}={given[key]}: it comes from the degradation, which has {value}; "
                f"set degradation.{key}."
            )
    parameters = _parameters(locate(target))
    if target != OURS:
        # model._target_=mine.Net leaves the other keys of model=srcnn behind; they are not the
        # user's. `kernel` also names the degradation's kernel, which no network has to know.
        left_over = {field.name for field in fields(SRCNNConfig)} - set(parameters)
        given = {key: value for key, value in given.items() if key not in left_over}
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        offered = {key: value for key, value in offered.items() if key in parameters}
        unknown = [key for key in given if key not in parameters]
        if unknown:
            known = ", ".join(name for name in parameters if name != "self")
            raise BadInput(
                f"model.{unknown[0]}={given[unknown[0]]}: {target} takes no such argument; "
                f"it takes {known or 'none'}."
            )
    arguments = {**given, **offered}
    missing = [
        name
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        and name not in arguments
    ]
    if missing:
        raise BadInput(
            f"model.{missing[0]}: {target} needs this argument; give it as "
            f"+model.{missing[0]}=VALUE."
        )
    return {"_target_": target, **arguments}


def _parameters(network: Any) -> Mapping[str, inspect.Parameter]:
    # A class without a constructor of its own shows Module's, which takes no setting at all.
    inherits = getattr(network, "__init__", None) is nn.Module.__init__
    return {} if inherits else inspect.signature(network).parameters


def build(settings: dict[str, Any]) -> nn.Module:
    """The network that `network_settings` describes.

    Raises:
        BadInput: the target cannot be imported.
    """
    arguments = {key: value for key, value in settings.items() if key != "_target_"}
    return cast(nn.Module, locate(str(settings["_target_"]))(**arguments))


def locate(target: str, setting: str = "model._target_") -> Any:
    """The class or function of the name `package.module.Class`.

    Raises:
        BadInput: it cannot be imported.
    """
    try:
        found = pkgutil.resolve_name(target)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadInput(
            f"{setting}={target}: it cannot be imported ({one_line(error)}); "
            "give package.module.Class, importable from here."
        ) from error
    if not callable(found):
        raise BadInput(f"{setting}={target}: it is no class; give package.module.Class.")
    return found
