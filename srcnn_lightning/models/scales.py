"""Networks of several scales, which give a network of each."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from srcnn_lightning.errors import BadInput


def has_several_scales(network: Any) -> bool:
    """Whether a network, or its class, upscales by several scales (`register`)."""
    return hasattr(network, "at_scale")


def at_scale(network: nn.Module, scale: int) -> nn.Module:
    """The network of one scale; the network itself where it has no other."""
    return network.at_scale(scale) if has_several_scales(network) else network  # type: ignore[operator]


def choose_scale(name: str, scale: int | None, known: int | Sequence[int]) -> int:
    """The scale that a user has chosen by `--scale`, or the only one.

    Args:
        name: name of the network, or its file, for the sentence.
        scale: the chosen scale; None: none is chosen.
        known: the scale of a network, or the list of several.

    Raises:
        BadInput: the network has not this scale, or several and none is chosen.
    """
    scales = [known] if isinstance(known, int) else known
    if scale is None and len(scales) == 1:
        return scales[0]
    if scale is None or scale not in scales:
        given = "--scale" if scale is None else f"--scale={scale}"
        known_scales = ", ".join(map(str, scales))
        raise BadInput(f"{given}: {name} upscales by {known_scales}; give one of these.")
    return scale


def check_scales(name: str, network: Any, scale: Any) -> None:
    """Refuse a list of scales for a network of one, and one for a network of several.

    Args:
        name: name of the network, for the sentence.
        network: network or its class.
        scale: the scale, or a list of several.

    Raises:
        BadInput: they do not fit.
    """
    setting = f"degradation.scale={scale}".replace(" ", "")
    if isinstance(scale, list) and not has_several_scales(network):
        raise BadInput(
            f"{setting}: {name} upscales by one scale; give one, or a network of several "
            "(model=mdsr)."
        )
    if has_several_scales(network) and not isinstance(scale, list):
        raise BadInput(f"{setting}: {name} is for several scales; give a list, as in [2,3,4].")
