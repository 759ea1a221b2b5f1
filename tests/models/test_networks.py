"""The networks of the literature: their behaviour, colors and scales."""

import pytest
import torch
from torch import nn

from srcnn_lightning import models
from srcnn_lightning.errors import BadInput
from srcnn_lightning.metrics import luma
from srcnn_lightning.models.interpolation import Interpolation
from srcnn_lightning.models.ninasr import LocalAttention
from srcnn_lightning.models.scales import at_scale

COLORED = ["drcn", "srcnn", "fsrcnn", "espcn", "vdsr"]
SMALL_DRCN = {"recursions": 6, "features": 32}  # the paper's takes minutes for a step


def test_scales_of_mdsr_share_their_blocks():
    network = models.build("mdsr", blocks=1, features=4)
    second, third = network.at_scale(2), network.at_scale(3)
    shared = {*second.parameters()} & {*third.parameters()}
    assert shared == {
        *network.head.parameters(),
        *network.body.parameters(),
        *network.tail.parameters(),
    }
    assert {*network.at_scale(4).parameters()} | {*second.parameters()} | {*third.parameters()} == {
        *network.parameters()
    }


def test_unetpp_supervises_each_depth_alike():
    torch.manual_seed(0)
    network = models.build("unetpp", features=[2, 3, 4], deep_supervision=True)
    for parameter in network.heads.parameters():
        nn.init.normal_(parameter)
    images = torch.rand(1, 3, 8, 8)
    (first, shallow), (second, deep) = network.supervised_outputs(images)
    assert first == second == 0.5
    assert not torch.equal(shallow, deep)
    torch.testing.assert_close(network(images), (shallow + deep) / 2)
    # The shallow one is a U-Net of two levels: what lies deeper does not change it.
    nn.init.zeros_(network.encoder[2][0].weight)
    (_, again), (_, changed) = network.supervised_outputs(images)
    assert torch.equal(again, shallow)
    assert not torch.equal(changed, deep)


def test_unetpp_of_one_level_is_refused():
    with pytest.raises(BadInput, match=r"^model\.features=\[32\]: give the features of at least 2"):
        models.build("unetpp", features=[32])


def test_drcn_starts_with_equal_predictions_and_a_mean_of_them():
    """Its recursion passes features on, and the weights of the ensemble add up to 1."""
    torch.manual_seed(0)
    network = models.build("drcn", **SMALL_DRCN)
    images = torch.rand(2, 3, 8, 10)
    *predictions, (_, output) = network.supervised_outputs(images)
    for _, prediction in predictions:
        torch.testing.assert_close(prediction, predictions[0][1], rtol=0, atol=1e-5)
    torch.testing.assert_close(output, predictions[0][1], rtol=0, atol=1e-5)


@pytest.mark.parametrize("color", ["rgb", "y"])
def test_drcn_supervises_each_recursion_and_its_output(color):
    network = models.build("drcn", recursions=4, features=8, color=color, supervision=0.2)
    images = torch.rand(2, 3, 8, 10)
    nn.init.normal_(network.recursion[0].weight)  # so that the predictions differ
    network.ensemble.data = torch.tensor([0.5, 0.25, 0.125, 0.125])
    weights, outputs = zip(*network.supervised_outputs(images), strict=True)
    # alpha = 0.2 for the mean of four, the rest for the output.
    assert weights == pytest.approx([0.05] * 4 + [0.8])
    assert torch.equal(outputs[-1], network(images))
    wanted = 0.5 * outputs[0] + 0.25 * outputs[1] + 0.125 * (outputs[2] + outputs[3])
    torch.testing.assert_close(outputs[-1], wanted, rtol=1e-4, atol=1e-4)


def test_ninasr_weighs_features_by_the_mean_of_31_pixels_around_each_16th():
    attention = LocalAttention(2, reduction=1)
    for layer in (attention.layers[1], attention.layers[3]):
        nn.init.dirac_(layer.weight)
        nn.init.zeros_(layer.bias)
    images = torch.rand(1, 2, 40, 40) + 0.5
    found = attention(images)
    # The square of pixels 16 to 31 in both directions has the mean of pixels 1 to 31.
    mean = images[:, :, 1:32, 1:32].mean((2, 3), keepdim=True)
    wanted = images[:, :, 16:32, 16:32] * torch.sigmoid(mean)
    torch.testing.assert_close(found[:, :, 16:32, 16:32], wanted)
    # The first square has no pixels before it: 0 to 15 alone, without padding in the mean.
    mean = images[:, :, :16, :16].mean((2, 3), keepdim=True)
    wanted = images[:, :, :16, :16] * torch.sigmoid(mean)
    torch.testing.assert_close(found[:, :, :16, :16], wanted)


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


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("srcnn", {"residual": True}),
        ("edsr", {"residual": True}),
        ("srresnet", {"residual": True}),
        ("mdsr", {"residual": True}),
        ("unetpp", {"features": [4, 8], "deep_supervision": True}),
    ],
)
def test_residual_network_starts_at_the_interpolation_exactly(name, settings):
    images = torch.rand(2, 3, 8, 6)
    network = at_scale(models.build(name, **settings), 2)
    assert torch.equal(network(images), network.interpolation(images))


def test_scale_without_a_branch_of_mdsr_is_refused():
    with pytest.raises(BadInput, match=r"^degradation\.scale=\[2, 5\]: mdsr has 2, 3 and 4"):
        models.build("mdsr", scale=[2, 5])


@pytest.mark.parametrize("name", ["edsr", "srresnet"])
def test_scale_without_a_branch_is_refused(name):
    with pytest.raises(BadInput, match=rf"^degradation\.scale=5: {name} has 2, 3 and 4"):
        models.build(name, scale=5)


def test_weight_of_drcns_predictions_is_a_share():
    with pytest.raises(BadInput, match=r"^model\.supervision=1\.5: it must be from 0 to 1"):
        models.build("drcn", supervision=1.5)


def test_attention_without_a_feature_is_refused():
    with pytest.raises(
        BadInput, match=r"^model\.expansion=0\.1: it must leave at least 4 features"
    ):
        models.build("ninasr", expansion=0.1)


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
    network = at_scale(models.build(name, **(SMALL_DRCN if name == "drcn" else {})), 2)
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
        ("drcn", {"recursions": 0}),
        ("drcn", {"features": 0}),
        ("ninasr", {"blocks": 0}),
        ("ninasr", {"features": 0}),
        ("ninasr", {"reduction": 0}),
        ("span", {"blocks": 0}),
        ("span", {"features": 0}),
        ("mdsr", {"blocks": 0}),
        ("mdsr", {"features": 0}),
        ("srresnet", {"blocks": 0}),
        ("srresnet", {"features": 0}),
        ("unetpp", {"features": [4, 0]}),
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
