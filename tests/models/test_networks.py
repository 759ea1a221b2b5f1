"""The networks of the literature: their papers' parameters, colors and scales."""

import pytest
import torch
from torch import nn

from srcnn_lightning import models
from srcnn_lightning.errors import BadInput
from srcnn_lightning.metrics import luma
from srcnn_lightning.models.interpolation import Interpolation

COLORED = ["srcnn", "fsrcnn", "espcn", "vdsr"]


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


@pytest.mark.parametrize("name", COLORED)
def test_network_on_y_leaves_the_chroma_to_the_interpolation(name):
    torch.manual_seed(0)
    network = models.build(name, color="y")
    images = torch.rand(2, 3, 8, 10)
    found = network(images)
    interpolated = Interpolation()(images)
    # Cb and Cr are differences to Y: what is left of R, G and B without it.
    for channel in (0, 2):
        found_chroma = found[:, channel] - luma_of(found)
        wanted = interpolated[:, channel] - luma_of(interpolated)
        torch.testing.assert_close(found_chroma, wanted, rtol=0, atol=2e-5)


def luma_of(images):
    """Y of [0, 1] without studio swing."""
    weights = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
    return (images * weights).sum(1)


@pytest.mark.parametrize("name", COLORED)
def test_network_on_y_sees_the_literatures_luma(name):
    network = models.build(name, color="y")
    seen = []
    network.upscale = lambda images: seen.append(images) or network.interpolation(images)
    images = torch.rand(1, 3, 6, 6)
    output = network(images)
    torch.testing.assert_close(seen[0], luma(images), rtol=0, atol=1e-5)
    # With the interpolation in the place of the network, all is interpolation.
    torch.testing.assert_close(output, network.interpolation(images), rtol=0, atol=1e-5)


def test_unknown_color_is_refused():
    with pytest.raises(BadInput, match=r"^model\.color=yuv: choose rgb or y"):
        models.build("vdsr", color="yuv")


def test_residual_srcnn_starts_at_the_interpolation_exactly():
    images = torch.rand(2, 3, 7, 9)
    network = models.build("srcnn", residual=True)
    assert torch.equal(network(images), network.interpolation(images))


def test_scale_that_edsr_lacks_is_refused():
    with pytest.raises(BadInput, match=r"^degradation\.scale=5: edsr has 2, 3 and 4"):
        models.build("edsr", scale=5)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*models.list_models()} - {"interpolation"}))
def test_network_learns_one_image_by_heart(name):
    """Past the interpolation by 3 dB on a crop of 48 pixels."""
    torch.manual_seed(0)
    rows, columns = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
    waves = [
        torch.sin(rows * a) * torch.cos(columns * b)
        for a, b in ((0.9, 0.7), (1.4, 0.3), (0.4, 1.2))
    ]
    target = (torch.stack(waves)[None] + 1) / 2
    small = nn.functional.interpolate(target, scale_factor=0.5, mode="bicubic", antialias=True)
    network = models.build(name)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    baseline = nn.functional.mse_loss(Interpolation()(small), target)
    for _ in range(400):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(network(small), target)
        if loss < baseline / 2:  # 3 dB
            return
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    pytest.fail(f"{loss} after 400 steps, where the interpolation has {baseline}")


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("vdsr", {"depth": 1}),
        ("vdsr", {"features": 0}),
        ("edsr", {"blocks": 0}),
        ("edsr", {"features": -1}),
        ("fsrcnn", {"mapping_layers": -1}),
        ("fsrcnn", {"shrink_features": 0}),
        ("espcn", {"features": [64, 0]}),
    ],
)
def test_number_that_makes_no_network_is_refused(name, settings):
    (key,) = settings
    with pytest.raises(BadInput, match=rf"^model\.{key}=.*: it must be at least"):
        models.build(name, **settings)
