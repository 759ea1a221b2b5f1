"""What holds for every registered network."""

from pathlib import Path

import pytest
import torch
from small_networks import built, positive, settings_of
from torch import Tensor, nn

from srcnn_lightning import models
from srcnn_lightning.acceleration.accelerate import accelerate
from srcnn_lightning.inference.tiling import probed_radius, upscale_tiled
from srcnn_lightning.models.checkpoint import load_network
from srcnn_lightning.models.padding import upscale
from srcnn_lightning.models.scales import at_scale
from srcnn_lightning.training.task import SuperResolution

SCALES = [2, *(pytest.param(scale, marks=pytest.mark.slow) for scale in (3, 4))]
pytestmark = [
    pytest.mark.parametrize("name", models.list_models()),
    pytest.mark.parametrize("scale", SCALES),
]


def images(network: nn.Module, height: int = 7, width: int = 9, count: int = 2) -> Tensor:
    """Images whose sides are odd multiples of what the network needs."""
    torch.manual_seed(1)
    multiple = int(network.multiple_of)  # type: ignore[arg-type]
    return torch.rand(count, 3, multiple * height, multiple * width)


def test_output_of_any_size_is_the_input_upscaled(name: str, scale: int) -> None:
    network = built(name, scale)
    for height, width in ((1, 1), (1, 9), (7, 3), (17, 8)):
        output = upscale(network, torch.rand(2, 3, height, width))
        assert output.shape == (2, 3, scale * height, scale * width)


def train(network: nn.Module, inputs: Tensor, scale: int) -> None:
    """Three steps, where there is something to train."""
    if not any(True for _ in network.parameters()):
        return
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    torch.manual_seed(2)
    height, width = inputs.shape[-2:]
    targets = torch.rand(len(inputs), 3, scale * height, scale * width, dtype=inputs.dtype)
    for _ in range(3):
        optimizer.zero_grad()
        nn.functional.mse_loss(network(inputs), targets).backward()
        optimizer.step()


def test_output_is_the_input_upscaled(name: str, scale: int) -> None:
    network = built(name, scale)
    inputs = images(network)
    height, width = inputs.shape[-2:]
    assert network(inputs).shape == (2, 3, scale * height, scale * width)


def test_three_steps_change_every_parameter(name: str, scale: int) -> None:
    network = built(name, scale)
    before = {key: value.clone() for key, value in network.named_parameters()}
    train(network, images(network), scale)
    after = dict(network.named_parameters())
    assert [key for key in before if torch.equal(after[key], before[key])] == []


def test_checkpoint_gives_the_network_back(name: str, scale: int, tmp_path: Path) -> None:
    settings = settings_of(name, scale)
    whole = models.build_network(settings)
    task = SuperResolution(whole, settings, settings.get("scale", scale))
    network = at_scale(whole, scale)
    content = {"hyper_parameters": dict(task.hparams), "state_dict": task.state_dict()}
    torch.save(content, tmp_path / "kept.ckpt")
    loaded, saved = load_network(tmp_path / "kept.ckpt")
    assert saved == {"network": settings, "scale": settings.get("scale", scale)}
    inputs = images(network)
    assert torch.equal(at_scale(loaded, scale).eval()(inputs), network.eval()(inputs))


def test_declared_radius_is_the_probed_one(name: str, scale: int) -> None:
    network = positive(models.build_network(settings_of(name, scale)), scale)
    declared, probed = network.receptive_radius, probed_radius(network, torch.float64)
    if network.multiple_of == 1:
        assert declared == probed
    else:  # the probe sees the pixels in the middle alone: others of a square depend on more
        assert 0 <= declared - probed < 2 * network.multiple_of - 1


def test_accelerated_is_plain(name: str, scale: int) -> None:
    plain = built(name, scale).double()
    torch.manual_seed(0)
    whole = models.build_network(settings_of(name, scale))
    accelerate(whole)
    accelerated = at_scale(whole, scale).double()
    inputs = images(plain).double().contiguous(memory_format=torch.channels_last)
    for network in (plain, accelerated):
        train(network, inputs, scale)
    torch.testing.assert_close(accelerated(inputs), plain(inputs), rtol=1e-9, atol=1e-9)


def test_tiles_are_the_whole_image(name: str, scale: int) -> None:
    network = built(name, scale).eval()
    radius = network.receptive_radius
    image = torch.rand(1, 3, 31, 43, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        whole = upscale(network, image)
    tiled = upscale_tiled(network, image, 0 if radius is None else 16, int(radius or 0))  # type: ignore[arg-type]
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-5)
