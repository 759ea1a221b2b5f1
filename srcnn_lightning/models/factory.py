"""From settings to a network: a registered one, or one of the user's own package.

Settings that the user has typed may name anything that can be imported. Settings that come with a
file may not: the file's author would choose what code runs here.
"""

import inspect
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from torch import nn

from srcnn_lightning import arguments
from srcnn_lightning.config import DegradationConfig
from srcnn_lightning.errors import BadInput, ExitRequested, one_line, shown
from srcnn_lightning.models import registry
from srcnn_lightning.models.scales import check_scales


def network_settings(model: Mapping[str, Any], degradation: DegradationConfig) -> dict[str, Any]:
    """The plain settings that a checkpoint keeps: the network's name and its arguments.

    Args:
        model: group `model` of the configuration. Its `name` is that of a registered network; with
            `_target_`, a class of the user's own, it is a name for people alone.
        degradation: degradation, whose `kernel`, `antialias` and `scale` are given to a constructor
            that takes them.

    Returns:
        `name`, or `_target_` for a network of the user's own, and every argument of the
        constructor; of one's own those that the configuration gives.

    Raises:
        BadInput: there is no such network, or an argument is unknown, missing or of the wrong type.
    """
    given = {key: value for key, value in model.items() if key not in ("_target_", "name")}
    supplied = {key: getattr(degradation, key) for key in ("kernel", "antialias", "scale")}
    for key, value in supplied.items():
        if key in given:
            raise BadInput(
                f"model.{key}={shown(given[key])}: it comes from the degradation, "
                f"which has {value}; set degradation.{key}."
            )
    if "_target_" not in model:
        name = str(model["name"])
        network: Any = registry.registered(name)
        settings = {"name": name, **arguments.defaults(network)}
    else:
        name = str(model["_target_"])
        network = _locate_network(name)
        settings = {"_target_": name}
    check_scales(name, network, degradation.scale)
    if getattr(network, "__init__", None) is nn.Module.__init__:
        # The class has no constructor of its own, and Module's **kwargs are for its error alone.
        network = object
    try:
        supplied = {key: supplied[key] for key in supplied if arguments.accepts(network, key)}
    except ValueError as error:  # what is written in C has no signature, and makes no network
        raise _no_network(name) from error
    arguments.check("model", network, given, supplied, name=name)
    return {**settings, **given, **supplied}


def build_network(settings: Mapping[str, Any]) -> nn.Module:
    """Build the network of the plain settings that `network_settings` returns.

    Raises:
        BadInput: the network cannot be imported or built, or is none.
    """
    if "_target_" not in settings:
        return registry.build(**settings)
    target = str(settings["_target_"])
    network = _locate_network(target)(**_arguments(settings))
    if not isinstance(network, nn.Module):  # the target may be a function
        raise _no_network(target)
    return network


def build_trusted(settings: Mapping[str, Any], allow_package: Sequence[str] = ()) -> nn.Module:
    """Build the network that a file names; nothing else that it names is imported or called.

    Args:
        settings: settings as `network_settings` returns them.
        allow_package: names of packages whose networks may be built beside the registered ones; a
            text is one name. A file may have any module of such a package imported.

    Raises:
        BadInput: the network is none of these, or cannot be built with these arguments.
    """
    if "_target_" in settings:
        name = str(settings["_target_"])
        allowed = (allow_package,) if isinstance(allow_package, str) else allow_package
        network = _allowed_network(name, allowed)
    else:
        name = str(settings["name"])
        network = registry.registered(name)
    try:
        return network(**_arguments(settings))
    except ExitRequested:
        raise
    except (Exception, SystemExit) as error:  # an allowed package may raise anything
        what = "its arguments do not fit" if isinstance(error, TypeError) else "it cannot be built"
        raise BadInput(
            f"{name}: the file names this as its network, and {what} "
            f"({one_line(error).removesuffix('.')}); give another checkpoint, or install the "
            "version of the network that the file was written with."
        ) from error


def _allowed_network(target: str, allow_package: Sequence[str]) -> type[nn.Module]:
    """The class of an allowed package; its import runs code of that package alone."""
    module, _, name = target.rpartition(".")
    words = target.split(".")
    if not (module and all(word.isidentifier() for word in words)):
        raise BadInput(
            f"{target!r}: the file names this as its network, and it is no class's name."
        )
    if "__main__" in words:  # its import would run the package's command
        raise BadInput(
            f"{target}: the file names this as its network, and a module __main__ is a command; "
            "give a checkpoint whose network is in another module."
        )
    package = next((allowed for allowed in allow_package if _is_within(module, allowed)), None)
    if package is None:
        top = target.partition(".")[0]
        raise BadInput(
            f"{target}: the file names this as its network, which is none of this program's; if "
            f"you trust the package {top}, allow it by --allow-package {top} (in Python "
            f'allow_package=["{top}"]).'
        )
    try:
        # The module is imported by name, not reached by attributes: mine.os would lead out of mine.
        network: type[nn.Module] = getattr(import_module(module), name)
    except ExitRequested:
        raise
    except (Exception, SystemExit) as error:  # a module may exit where it is imported
        reason = f"{type(error).__name__}: {one_line(error)}"
        raise BadInput(
            f"{target}: the file names this as its network, and it cannot be imported ({reason}); "
            f"--allow-package {package} needs the package to be importable from here."
        ) from error
    is_network = inspect.isclass(network) and issubclass(network, nn.Module)
    if not (is_network and _is_within(str(network.__module__), package)):
        raise BadInput(
            f"{target}: the file names this as its network, and it is no torch.nn.Module of the "
            f"package {package}, which --allow-package {package} allows alone."
        )
    return network


def _is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _arguments(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in ("_target_", "name")}


def _locate_network(target: str) -> Any:
    """The class of a network, or a function: `build` checks what a function returns."""
    network = arguments.locate(target, "model._target_")
    if inspect.isclass(network) and not issubclass(network, nn.Module):
        raise _no_network(target)
    return network


def _no_network(target: str) -> BadInput:
    return BadInput(
        f"model._target_={target}: it makes no network; give a class derived from torch.nn.Module."
    )
