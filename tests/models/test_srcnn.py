import pytest
import torch
from torch import nn

from srcnn_lightning.errors import BadInput
from srcnn_lightning.models import SRCNN, Interpolation


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def kinds(network):
    return [type(layer) for layer in network.layers]


def last_layer(network):
    return network.layers[-1]


def test_parameters_are_the_papers():
    # 9*9*3*64 + 64 = 15,616; 64*32 + 32 = 2,080; 5*5*32*3 + 3 = 2,403 (paper, section 4.1)
    assert count(SRCNN((9, 1, 5), (64, 32))) == 20_099


def test_parameters_of_another_layout_are_counted_by_hand():
    # Dong et al.'s 9-5-5 has 57,281 on Y; on RGB: 15,616 + (5*5*64*32 + 32 = 51,232) + 2,403.
    assert count(SRCNN((9, 5, 5), (64, 32))) == 69_251
    # Two layers: 3*3*3*8 + 8 = 224 and 1*1*8*3 + 3 = 27.
    assert count(SRCNN((3, 1), (8,))) == 251


@pytest.mark.parametrize("scale", [2, 3])
@pytest.mark.parametrize("size", [(8, 10), (7, 9), (8, 7)])
@pytest.mark.parametrize("init", ["default", "identity"])
def test_output_is_scaled_by_the_scale(scale, size, init):
    network = SRCNN((9, 1, 5), (8, 4), init=init, scale=scale)
    output = network(torch.rand(2, 3, *size))
    assert output.shape == (2, 3, scale * size[0], scale * size[1])


LAYOUTS = [((9, 1, 5), (64, 32)), ((3, 3, 3, 3), (8, 5, 3)), ((5, 3), (4,))]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kernel", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("scale", [2, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_identity_start_is_the_interpolation(layout, kernel, scale, seed):
    torch.manual_seed(seed)
    network = SRCNN(*layout, kernel=kernel, scale=scale, init="identity")
    images = torch.rand(2, 3, 11, 14)
    wanted = Interpolation(kernel, antialias=True, scale=scale)(images)
    assert (network(images).clamp(0, 1) - wanted.clamp(0, 1)).abs().max() <= 1e-6


def test_identity_start_cuts_the_interpolation_below_0_and_not_above_1():
    images = torch.rand(2, 3, 12, 14)
    wanted = Interpolation("bicubic", antialias=True, scale=2)(images)
    # Random pixels make bicubic overshoot both ways.
    assert wanted.min() < 0
    assert wanted.max() > 1
    difference = SRCNN(init="identity")(images) - wanted.clamp(min=0)
    assert difference.abs().max() <= 1e-6


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_map_learns_from_the_identity_start(layout):
    torch.manual_seed(0)
    network = SRCNN(*layout, init="identity")
    layers = [layer for layer in network.layers if isinstance(layer, nn.Conv2d)]
    before = [layer.weight.detach().clone() for layer in layers]
    optimizer = torch.optim.Adam(network.parameters())
    images, targets = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 16, 16)
    for _ in range(3):
        optimizer.zero_grad()
        (network(images) - targets).square().mean().backward()
        optimizer.step()
    for layer, old in zip(layers, before, strict=True):
        has_changed = layer.weight != old
        assert has_changed.any((1, 2, 3)).all(), "weights of a map"
        assert has_changed.any((0, 2, 3)).all(), "weights for a map"


def test_interpolation_settings_reach_the_first_layer():
    used = SRCNN(kernel="bilinear", antialias=False, scale=3).interpolation
    assert (used.kernel, used.antialias, used.scale) == ("bilinear", False, 3)


def test_tanh_output_lies_in_the_unit_range():
    torch.manual_seed(0)
    network = SRCNN(output_activation="tanh", init="default")
    with torch.no_grad():
        last_layer(network).weight.mul_(1000)  # tanh must saturate both ways to prove the range
    output = network(torch.rand(2, 3, 8, 8))
    assert output.min() >= 0
    assert output.max() <= 1
    assert output.min() < 0.01
    assert output.max() > 0.99


@pytest.mark.parametrize(
    ("bias", "wanted"),
    # (tanh(b) + 1) / 2 is the logistic function of 2b: 1 / (1 + e^-2) = 0.8807970780 for b = 1.
    [(0.0, 0.5), (1.0, 0.8807970780), (-1.0, 0.1192029220)],
)
def test_tanh_is_rescaled_from_minus_one_one(bias, wanted):
    network = SRCNN((3, 3), (4,), output_activation="tanh", init="default")
    nn.init.zeros_(last_layer(network).weight)
    nn.init.constant_(last_layer(network).bias, bias)
    output = network(torch.rand(1, 3, 6, 6))
    torch.testing.assert_close(output, torch.full_like(output, wanted), rtol=0, atol=1e-6)


def test_plain_output_is_not_clamped():
    network = SRCNN((3, 3), (4,), init="default")
    nn.init.zeros_(last_layer(network).weight)
    nn.init.constant_(last_layer(network).bias, 1.5)
    assert (network(torch.rand(1, 3, 6, 6)) == 1.5).all()


def test_layers_are_convolutions_with_relus_between():
    assert kinds(SRCNN())[:4] == [nn.Conv2d, nn.ReLU, nn.Conv2d, nn.ReLU]
    assert len(kinds(SRCNN())) == 5
    assert isinstance(last_layer(SRCNN()), nn.Conv2d)


def test_batch_norm_stands_before_the_relus():
    network = SRCNN(batch_norm=True, init="default")
    layer = [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
    assert kinds(network)[:6] == layer + layer
    assert [network.layers[index].num_features for index in (1, 4)] == [64, 32]
    # After convolutions 1 and 2 (paper, section 5.2), not after the last.
    assert len(network.layers) == 7
    assert isinstance(last_layer(network), nn.Conv2d)


def test_batch_norm_adds_a_scale_and_a_shift_for_each_map():
    plain, normed = SRCNN(init="default"), SRCNN(batch_norm=True, init="default")
    assert count(normed) - count(plain) == 2 * (64 + 32)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"output_activation": "tanh", "init": "identity"}, "model.init=identity"),
        ({"batch_norm": True, "init": "identity"}, "model.init=identity"),
        ({"kernel_sizes": (9, 2, 5)}, "model.kernel_sizes=[9, 2, 5]"),
        ({"kernel_sizes": (9, 1, -5)}, "model.kernel_sizes=[9, 1, -5]"),
        ({"kernel_sizes": (9, 1, 0)}, "model.kernel_sizes=[9, 1, 0]"),
        ({"features": (64,)}, "model.features=[64]"),
        ({"features": (64, 32, 16)}, "model.features=[64, 32, 16]"),
        ({"features": (64, 0), "init": "default"}, "model.features=[64, 0]"),
        ({"kernel_sizes": (9,), "features": ()}, "model.kernel_sizes=[9]"),
        ({"features": (64, 2), "init": "identity"}, "model.features=[64, 2]"),
        ({"init": "zeros"}, "model.init=zeros"),
        ({"output_activation": "sigmoid"}, "model.output_activation=sigmoid"),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_name_and_value(settings, named):
    with pytest.raises(BadInput) as refusal:
        SRCNN(**settings)
    assert str(refusal.value).startswith(f"{named}:")


@pytest.mark.parametrize("layer", ["tanh", "batch norm"])
def test_refusal_of_identity_says_which_setting_forbids_it(layer):
    other = {"output_activation": "tanh"} if layer == "tanh" else {"batch_norm": True}
    with pytest.raises(BadInput, match=f"with {layer}"):
        SRCNN(init="identity", **other)


@pytest.mark.parametrize(
    "settings",
    [
        {"init": "identity"},
        {"init": "default"},
        {"init": "default", "output_activation": "tanh"},
        {"init": "default", "batch_norm": True},
        {"init": "identity", "kernel_sizes": (9, 5, 5)},
    ],
)
def test_gradient_reaches_every_parameter(settings):
    torch.manual_seed(0)
    network = SRCNN(**{"features": (8, 4), **settings})
    (network(torch.rand(2, 3, 8, 8)) - torch.rand(2, 3, 16, 16)).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert (parameter.grad != 0).any(), name
