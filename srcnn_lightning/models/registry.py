"""The networks of this program, by name; a network's defaults stand in its constructor."""

from collections.abc import Callable
from typing import Any, TypeVar

from torch import nn

from srcnn_lightning import arguments
from srcnn_lightning.errors import BadInput

Network = TypeVar("Network", bound=type[nn.Module])
_NETWORKS: dict[str, type[nn.Module]] = {}


def register(name: str) -> Callable[[Network], Network]:
    """Decorator that registers a class of networks.

    A network maps `(B, 3, h, w)` in [0, 1] to `(B, 3, scale * h, scale * w)`. It has two attributes
    or properties:

    - `receptive_radius`: distance in input pixels as far as which an output pixel depends on the
      input; None for the whole image, or where the output depends on a pixel's position.
    - `multiple_of`: number that the sides of its input must be multiples of, and that tiles of an
      image begin at multiples of. Images of other sizes are padded (`padding.upscale`).

    A network that is trained by more than its output has a method `supervised_outputs`. It maps the
    same images to pairs of a weight and an output of the same shape as that of `forward`, one for
    each output that is compared with the target. The training loss is the sum of their losses,
    each times its weight. Validation, test and use take `forward` alone.

    A network of several scales has a method `at_scale`, which maps one of them to the network of
    that scale, of the same parameters. Its constructor takes the list of the scales as `scale`, and
    it has no `forward` of its own.

    A constructor that takes `kernel`, `antialias` or `scale` is given those of the degradation.

    Args:
        name: name of the network, `model.name` of a configuration.
    """

    def add(network: Network) -> Network:
        if name in _NETWORKS:
            raise ValueError(f"{name}: a network of this name is registered already")
        _NETWORKS[name] = network
        return network

    return add


def list_models() -> list[str]:
    """Names of all registered networks, sorted."""
    return sorted(_NETWORKS)


def registered(name: str) -> type[nn.Module]:
    """The class of a registered network.

    Raises:
        BadInput: there is no such network.
    """
    if name not in _NETWORKS:
        raise BadInput(
            f"model.name={name}: there is no such network; choose {', '.join(list_models())}, or "
            "give a class of your own by model=custom model._target_=package.Class."
        )
    return _NETWORKS[name]


def full_settings(name: str, **settings: Any) -> dict[str, Any]:
    """The name and every argument of a registered network, from the arguments that are given.

    Raises:
        BadInput: there is no such network, or an argument is unknown or of the wrong type.
    """
    network = registered(name)
    arguments.check("model", network, settings, name=name)
    return {"name": name, **arguments.defaults(network), **settings}


def build(name: str, **settings: Any) -> nn.Module:
    """Build a registered network.

    Args:
        name: name of the network.
        settings: arguments of its constructor.

    Raises:
        BadInput: there is no such network, or an argument is unknown, missing or of the wrong type
            or value.
    """
    network = registered(name)
    arguments.check("model", network, settings, name=name)
    return network(**settings)
