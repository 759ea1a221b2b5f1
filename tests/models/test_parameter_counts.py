"""The parameters of the networks, worked out from their papers' layers."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from srcnn_lightning import models


def count(name, **settings):
    with torch.device("meta"):
        network = models.build(name, **settings)
    return sum(parameter.numel() for parameter in network.parameters())


def test_srcnn_955_on_y_has_the_literatures_parameters():
    # 9*9*64 + 64 = 5,248; 5*5*64*32 + 32 = 51,232; 5*5*32 + 1 = 801
    assert count("srcnn", kernel_sizes=[9, 5, 5], color="y") == 5_248 + 51_232 + 801 == 57_281


def test_fsrcnn_has_its_papers_weights():
    with torch.device("meta"):
        network = models.build("fsrcnn", color="y")
    weights = [
        layer.weight.numel()
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    ]
    # Section 3.3 counts the weights: 25d + ds + 9ms^2 + ds + 81d, for d = 56, s = 12, m = 4.
    assert weights == [1400, 672, *4 * [1296], 672, 4536]
    assert sum(weights) == 12_464


@pytest.mark.parametrize(("scale", "wanted"), [(2, 21_284), (3, 22_729), (4, 24_752)])
def test_espcn_has_its_layers_parameters(scale, wanted):
    # 25*64 + 64, 9*64*32 + 32, and 9*32*s^2 + s^2 on Y.
    assert count("espcn", color="y", scale=scale) == 1_664 + 18_464 + 289 * scale**2 == wanted


def test_vdsr_has_its_layers_parameters():
    # 9*64 + 18 * 9*64*64 + 9*64 on Y, without biases.
    assert count("vdsr", color="y") == 576 + 18 * 36_864 + 576 == 664_704


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [({}, 1_369_859), ({"blocks": 32, "features": 256, "residual_scale": 0.1}, 40_729_603)],
)
def test_edsr_has_its_papers_parameters(settings, wanted):
    features = settings.get("features", 64)
    inner = 9 * features**2 + features
    blocks = 2 * settings.get("blocks", 16) * inner
    ends = (27 * features + features) + inner + 4 * inner + (27 * features + 3)
    assert count("edsr", **settings) == blocks + ends == wanted


def test_drcn_has_its_papers_weights():
    with torch.device("meta"):
        network = models.build("drcn", color="y")
    weights = [layer.weight.numel() for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    # Two of the embedding, one of the recursion, two of the reconstruction; printed: 1,774 k.
    assert weights == [9 * 256, 589_824, 589_824, 589_824, 9 * 256]
    assert sum(weights) == 1_774_080
    # Beside them four biases of 256, one of 1, and the 16 weights of the ensemble.
    assert count("drcn", color="y") == 1_774_080 + 4 * 256 + 1 + 16 == 1_775_121


@pytest.mark.parametrize(("scale", "wanted"), [(2, 100_172), (3, 102_347), (4, 105_392)])
def test_ninasr_b0_has_its_layers_parameters(scale, wanted):
    # The printed 100 k is that of x2. A block: 9*16*32 + 32, the attention's 32*8 + 8 and
    # 8*32 + 32, and 9*32*16 without biases.
    block = 4_640 + (264 + 288) + 4_608
    tail = 9 * 16 * 3 * scale**2 + 3 * scale**2
    assert count("ninasr", scale=scale) == 27 * 16 + 10 * block + tail == wanted


@pytest.mark.parametrize(
    ("features", "scale", "wanted"),
    [(52, 2, 481_324), (52, 4, 498_208), (48, 2, 410_700), (48, 4, 426_288)],
)
def test_span_has_its_papers_parameters(features, scale, wanted):
    # Printed: 481 k at x2. 19 inner layers of 3x3: 18 of the blocks, and the one after them.
    inner = 19 * (9 * features**2 + features)
    fusion = 4 * features**2 + features
    tail = (9 * features + 1) * 3 * scale**2
    head = 27 * features + features
    assert count("span", features=features, scale=scale) == head + inner + fusion + tail == wanted


@pytest.mark.parametrize(("scale", "shuffles"), [(2, [4]), (3, [9]), (4, [4, 4])])
def test_srresnet_has_its_papers_parameters(scale, shuffles):
    # 9x9 at both ends; two 3x3 layers a block, each with two values of batch norm a map, and a
    # PReLU of one slope between them; one such layer after the blocks; a 3x3 layer a shuffle.
    inner = 9 * 64 * 64 + 64
    ends = (81 * 3 * 64 + 64 + 1) + (81 * 64 * 3 + 3)
    body = 16 * (2 * (inner + 128) + 1) + inner + 128
    wanted = ends + body + sum(factor * inner + 1 for factor in shuffles)
    assert count("srresnet", scale=scale) == wanted
    assert scale < 4 or wanted == 1_549_462


@pytest.mark.parametrize(("blocks", "wanted"), [(16, 3_227_203), (80, 7_953_987)])
def test_mdsr_has_its_papers_parameters(blocks, wanted):
    # Two blocks of 5x5 and the shuffles' layers for each scale; the rest is that of EDSR.
    inner = 9 * 64 * 64 + 64
    large = 25 * 64 * 64 + 64
    ends = (27 * 64 + 64) + (27 * 64 + 3)
    shared = ends + 2 * blocks * inner + inner
    of_scales = 3 * 2 * 2 * large + (4 + 9 + 4 + 4) * inner
    assert count("mdsr", blocks=blocks) == shared + of_scales == wanted


def test_unetpp_has_its_papers_parameters():
    # Two convolutions of 3x3 a node, from the features that it sees; X(i, j) sees j + 1 times its
    # own, and has a transposed convolution of 2x2 before it.
    def node(seen, features):
        return 9 * seen * features + features + 9 * features**2 + features

    features = (32, 64, 128, 256, 512)
    encoder = sum(map(node, (1, *features), features))
    decoder = sum(
        node((j + 1) * width, width) + 4 * below * width + width
        for i, (width, below) in enumerate(pairwise(features))
        for j in range(1, 5 - i)
    )
    assert encoder + decoder + 33 == 9_041_601  # printed for one channel in and out: 9.04 M
    rgb = 2 * 9 * 32  # two channels more in the first layer
    assert count("unetpp") == encoder + decoder + rgb + 12 * 33
    assert count("unetpp", deep_supervision=True) == encoder + decoder + rgb + 4 * 12 * 33


def test_drcn_shares_its_recursion():
    """Depth without parameters: they differ by the weights of the ensemble alone."""
    assert count("drcn", recursions=16) - count("drcn", recursions=1) == 15
