"""From settings to a network: one of this package, or one of the user's own package.

Settings that the user has typed may name anything that can be imported. Settings that come with a
file may not: the file's author would choose what code runs here.
"""

import inspect
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from torch import nn

from srcnn_lightning import arguments
from srcnn_lightning.errors import BadInput, ExitRequested, one_line
from srcnn_lightning.models.interpolation import Interpolation
from srcnn_lightning.models.srcnn import SRCNN

TRUSTED: dict[str, type[nn.Module]] = {
    "srcnn_lightning.models.SRCNN": SRCNN,
    "srcnn_lightning.models.Interpolation": Interpolation,
    "srcnn_lightning.models.srcnn.SRCNN": SRCNN,
    "srcnn_lightning.models.interpolation.Interpolation": Interpolation,
}
"""The networks that a file may name, all of this package, by each name that a user can give."""


def network_settings(model: dict[str, Any], antialias: bool, scale: int) -> dict[str, Any]:
    """The plain settings that a checkpoint keeps: `_target_` and the constructor's arguments.

    Args:
        model: group `model` of the configuration.
        antialias: setting of the degradation, given to a constructor that takes it.
        scale: setting of the degradation, given to a constructor that takes it.

    Raises:
        BadInput: the target cannot be imported or is no network, or an argument is unknown,
            missing or of the wrong type.
    """
    target = str(model["_target_"])
    supplied = {"antialias": antialias, "scale": scale}
    given = {key: value for key, value in model.items() if key not in ("_target_", "name")}
    for key, value in supplied.items():
        if key in given:
            raise BadInput(
                f"model.{key}={given[key]}: it comes from the degradation, which has {value}; "
                f"set degradation.{key}."
            )
    network = _locate_network(target)
    if getattr(network, "__init__", None) is nn.Module.__init__:
        # The class has no constructor of its own, and Module's **kwargs are for its error alone.
        network = object
    try:
        if not arguments.accepts(network, "kernel"):
            given.pop("kernel", None)  # it is the degradation's, too, and no network has to know it
        supplied = {key: supplied[key] for key in supplied if arguments.accepts(network, key)}
    except ValueError as error:  # what is written in C has no signature, and makes no network
        raise _no_network(target) from error
    arguments.check("model", network, given, supplied, name=target)
    return {"_target_": target, **given, **supplied}


def build(settings: dict[str, Any]) -> nn.Module:
    """Build the network of the plain settings that `network_settings` returns.

    Raises:
        BadInput: the target cannot be imported, or is no network.
    """
    target = str(settings["_target_"])
    network = _locate_network(target)(**_arguments(settings))
    if not isinstance(network, nn.Module):  # the target may be a function
        raise _no_network(target)
    return network


def build_trusted(settings: Mapping[str, Any], allow_package: Sequence[str] = ()) -> nn.Module:
    """Build the network that a file names; nothing else that it names is imported or called.

    Args:
        settings: `_target_` and the arguments, as `network_settings` returns them.
        allow_package: names of packages whose networks may be built beside `TRUSTED`; a text is one
            name. A file may have any module of such a package imported.

    Raises:
        BadInput: the target is none of these networks, or cannot be built with these arguments.
    """
    target = str(settings["_target_"])
    allowed = (allow_package,) if isinstance(allow_package, str) else allow_package
    network = TRUSTED.get(target) or _allowed_network(target, allowed)
    try:
        return network(**_arguments(settings))
    except ExitRequested:
        raise
    except (Exception, SystemExit) as error:  # an allowed package may raise anything
        what = "its arguments do not fit" if isinstance(error, TypeError) else "it cannot be built"
        raise BadInput(
            f"{target}: the file names this as its network, and {what} "
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
    return {key: value for key, value in settings.items() if key != "_target_"}


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
