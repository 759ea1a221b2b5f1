"""From settings to a network: ours, or one of the user's own package.

Settings that the user has typed may name anything that can be imported. Those that a file brings
along may not: whoever wrote the file would choose what runs here.
"""

import inspect
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import fields
from importlib import import_module
from typing import Any

from torch import nn

from srcnn_lightning.config import SRCNNConfig
from srcnn_lightning.errors import BadInput, one_line
from srcnn_lightning.models.interpolation import Interpolation
from srcnn_lightning.models.srcnn import SRCNN

OURS = "srcnn_lightning.models.SRCNN"
TRUSTED: dict[str, type[nn.Module]] = {
    OURS: SRCNN,
    "srcnn_lightning.models.Interpolation": Interpolation,
}
"""The networks that a file may name, all of this package's."""


def network_settings(model: dict[str, Any], antialias: bool, scale: int) -> dict[str, Any]:
    """The plain settings a checkpoint keeps: `_target_` and every argument of its constructor.

    Args:
        model: the group `model` of the configuration.
        antialias: from the degradation; passed on where the constructor takes it.
        scale: likewise.

    Raises:
        BadInput: the target cannot be imported, is no network, or does not take an argument it is
            given.
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
    parameters = _parameters(_locate_network(target), target)
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


def _parameters(network: Any, target: str) -> Mapping[str, inspect.Parameter]:
    # A class without a constructor of its own shows Module's, which takes no setting at all.
    if getattr(network, "__init__", None) is nn.Module.__init__:
        return {}
    try:
        return inspect.signature(network).parameters
    except ValueError as error:  # of what is written in C, which makes no network
        raise _no_network(target) from error


def build(settings: dict[str, Any]) -> nn.Module:
    """The network that `network_settings` describes.

    Raises:
        BadInput: the target cannot be imported, or is no network.
    """
    target = str(settings["_target_"])
    network = _locate_network(target)(**_arguments(settings))
    if not isinstance(network, nn.Module):  # a function may have made it
        raise _no_network(target)
    return network


def build_trusted(settings: Mapping[str, Any], allow_package: Sequence[str] = ()) -> nn.Module:
    """The network that a file describes; nothing else that the file names is imported or called.

    Args:
        settings: `_target_` and the arguments, as `network_settings` gives them.
        allow_package: names of packages whose networks are built as well as `TRUSTED`.

    Raises:
        BadInput: the target is none of these networks.
    """
    target = str(settings["_target_"])
    network = TRUSTED.get(target) or _allowed_network(target, allow_package)
    return network(**_arguments(settings))


def _allowed_network(target: str, allow_package: Sequence[str]) -> type[nn.Module]:
    """The class of an allowed package, checked; importing it runs that package's code alone."""
    module, _, name = target.rpartition(".")
    if not (module and all(part.isidentifier() for part in target.split("."))):
        raise BadInput(
            f"{target!r}: the file names this as its network, and it is no class's name."
        )
    package = next((one for one in allow_package if _is_within(module, one)), None)
    if package is None:
        own = target.partition(".")[0]
        raise BadInput(
            f"{target}: the file names this as its network, which is none of this program's; if "
            f"you trust the package {own}, allow it by --allow-package {own} (in Python "
            f'allow_package=["{own}"]).'
        )
    try:
        # The module by its name, not by attributes: mine.os would lead out of the package mine.
        found = getattr(import_module(module), name)
    except Exception as error:
        raise BadInput(
            f"{target}: the file names this as its network, and it cannot be imported "
            f"({one_line(error)}); --allow-package {package} needs the package to be importable "
            "from here."
        ) from error
    is_network = inspect.isclass(found) and issubclass(found, nn.Module)
    if not (is_network and _is_within(str(found.__module__), package)):
        raise BadInput(
            f"{target}: the file names this as its network, and it is no torch.nn.Module of the "
            f"package {package}, which --allow-package {package} allows alone."
        )
    network: type[nn.Module] = found
    return network


def _is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _arguments(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != "_target_"}


def _locate_network(target: str) -> Any:
    """A class of networks, or a function, of which only its result will tell."""
    found = locate(target)
    if inspect.isclass(found) and not issubclass(found, nn.Module):
        raise _no_network(target)
    return found


def _no_network(target: str) -> BadInput:
    return BadInput(
        f"model._target_={target}: it makes no network; give a class derived from torch.nn.Module."
    )


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
