"""The pass over a network that swaps plain layers for faster ones."""

import copy

import pytest
import torch
from torch import nn

from srcnn_lightning import models
from srcnn_lightning.acceleration.accelerate import accelerate
from srcnn_lightning.acceleration.block_convolution import BlockConv2d
from srcnn_lightning.acceleration.convolution import CPUConv2d
from srcnn_lightning.acceleration.layers import CPULayers


class OwnConvolution(nn.Conv2d):
    """A subclass, which may compute something else."""


def test_layers_of_srcnn_are_swapped():
    network = accelerate(models.build("srcnn"))
    kinds = [type(layer) for layer in network.layers]
    assert type(network.layers) is CPULayers
    assert kinds == [CPUConv2d, nn.ReLU, CPUConv2d, nn.ReLU, BlockConv2d]


def test_parameters_and_their_names_stay():
    network = models.build("srcnn")
    before = dict(network.named_parameters())
    after = dict(accelerate(network).named_parameters())
    assert list(after) == list(before)
    assert all(after[name] is before[name] for name in before)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(3, 8, 3, padding=1, stride=2),
        nn.Conv2d(4, 8, 3, padding=1, groups=2),
        nn.Conv2d(3, 8, 3, padding=2, dilation=2),
        nn.Conv2d(3, 8, 3),
        nn.Conv2d(3, 8, 3, padding="same"),
        nn.Conv2d(3, 8, 3, padding=1, padding_mode="replicate"),
        nn.Conv2d(3, 8, (3, 5), padding=(1, 2)),
        nn.Conv2d(3, 8, 4, padding=2),
        nn.ConvTranspose2d(3, 8, 3, padding=1),
        OwnConvolution(3, 8, 3, padding=1),
        nn.Conv2d(8, 8, 3, padding=1),  # no gain with many channels on both sides
    ],
)
def test_other_layers_stay_plain(layer):
    kind = type(layer)
    accelerate(nn.ModuleList([layer]))
    assert type(layer) is kind


def test_shared_layer_stays_shared():
    shared = nn.Conv2d(8, 8, 1)
    network = nn.ModuleDict({"one": nn.Sequential(shared, nn.ReLU()), "two": shared})
    accelerate(network)
    assert network["one"][0] is network["two"]
    assert type(shared) is CPUConv2d
    images = torch.rand(1, 8, 6, 6)
    assert network["two"](images).shape == (1, 8, 6, 6)


def test_second_pass_changes_nothing():
    network = accelerate(models.build("srcnn"))
    kinds = [type(module) for module in network.modules()]
    assert [type(module) for module in accelerate(network).modules()] == kinds


@pytest.mark.parametrize("batch_norm", [True, False])
def test_network_trains_alike_with_and_without_the_pass(batch_norm):
    torch.manual_seed(0)
    plain = models.build("srcnn", batch_norm=batch_norm, init="default").double()
    own = accelerate(copy.deepcopy(plain))
    images, targets = torch.rand(2, 3, 8, 8).double(), torch.rand(2, 3, 16, 16).double()
    for network in (plain, own):
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            nn.functional.mse_loss(network(images), targets).backward()
            optimizer.step()
    for one, other in zip(own.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)
