"""The radius that a network declares covers its interpolation, by whatever kernel."""

import pytest
import torch
from small_networks import ALL_SCALES, positive, settings_of

from srcnn_lightning import models
from srcnn_lightning.config import KERNELS
from srcnn_lightning.inference.tiling import probed_radius


@pytest.mark.parametrize("name", ["interpolation", "srcnn"])
@pytest.mark.parametrize("scale", ALL_SCALES)
@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.slow
def test_declared_radius_is_the_probed_one(
    kernel: str, antialias: bool, scale: int, name: str
) -> None:
    whole = models.build_network(settings_of(name, scale, kernel, antialias))
    network = positive(whole, scale)
    assert network.receptive_radius == probed_radius(network, torch.float64)
