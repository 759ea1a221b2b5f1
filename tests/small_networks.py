"""Every registered network with small settings."""

import torch
from torch import nn

from srcnn_lightning import models
from srcnn_lightning.config import DegradationConfig
from srcnn_lightning.models.scales import at_scale

# Small arguments of each network.
SMALL: dict[str, dict] = {
    "drcn": {"recursions": 2, "features": 8},
    "edsr": {"blocks": 2, "features": 8},
    "espcn": {"features": [8, 4]},
    "fsrcnn": {"features": 8, "shrink_features": 4, "mapping_layers": 2},
    "interpolation": {},
    # Of one block alone, the probe could see the whole radius.
    "mdsr": {"blocks": 2, "features": 8},
    "ninasr": {"blocks": 2, "features": 4, "reduction": 2},
    "span": {"blocks": 2, "features": 8},
    "srcnn": {"features": [8, 4]},
    "srresnet": {"blocks": 2, "features": 8},
    "unetpp": {"features": [4, 8]},
    "vdsr": {"depth": 4, "features": 8},
}
SEVERAL = {"mdsr"}  # networks of several scales
ALL_SCALES = [2, 3, 4]


def settings_of(name: str, scale: int, kernel: str = "bicubic", antialias: bool = True) -> dict:
    scales = ALL_SCALES if name in SEVERAL else scale
    degradation = DegradationConfig(name="any", kernel=kernel, antialias=antialias, scale=scales)
    return models.network_settings({"name": name, **SMALL[name]}, degradation)


def built(name: str, scale: int) -> nn.Module:
    """The network of a scale; one of several scales shares its parameters with the others'."""
    torch.manual_seed(0)
    return at_scale(models.build_network(settings_of(name, scale)), scale)


def positive(network: nn.Module, scale: int) -> nn.Module:
    """A network in double precision whose weights are positive: no ReLU hides a pixel."""
    chosen = at_scale(network, scale).double().eval()
    for parameter in chosen.parameters():
        parameter.data.abs_().mul_(0.1).add_(1e-3)
    return chosen
