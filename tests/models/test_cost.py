"""Multiply-adds and activations by hand and from print, and times."""

import threading
import time

import pytest
import torch
from torch import nn

from srcnn_lightning import models
from srcnn_lightning.acceleration.accelerate import accelerate
from srcnn_lightning.models.cost import count_operations, seconds_per_megapixel
from srcnn_lightning.models.scales import at_scale

PIXELS = 1280 * 720


def counted(name, scale=2, **settings):
    with torch.device("meta"):
        network = models.build(name, scale=scale, **settings)
    return count_operations(network, scale)


def test_srcnn_at_full_resolution_by_hand():
    # Weights of 9*9*3*64 + 64*32 + 5*5*32*3 = 15,552 + 2,048 + 2,400 = 20,000, each once a pixel.
    assert counted("srcnn") == {
        "multiply_adds": 20_000 * PIXELS,
        "activations": (64 + 32 + 3) * PIXELS,
        "input_height": 360,
        "input_width": 640,
    }
    assert 20_000 * PIXELS == 18_432_000_000


def test_espcn_at_low_resolution_by_hand():
    # 25*3*64 + 9*64*32 + 9*32*12 = 4,800 + 18,432 + 3,456, on a quarter of the pixels.
    found = counted("espcn")
    assert found["multiply_adds"] == 26_688 * PIXELS // 4
    assert found["activations"] == (64 + 32 + 12) * PIXELS // 4


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", sorted({*models.list_models()} - {"interpolation"}))
def test_every_network_is_counted(name, scale):
    network = at_scale(models.build(name, **({} if name == "mdsr" else {"scale": scale})), scale)
    assert count_operations(network, scale)["multiply_adds"] > 0


def test_transposed_convolution_is_counted_by_its_input():
    # 25*3*4 + 4*2 + 2*4 and 81*4*3, on 640x360 pixels; its output has four times as many.
    found = counted("fsrcnn", features=4, shrink_features=2, mapping_layers=0)
    assert found["multiply_adds"] == (316 + 972) * PIXELS // 4
    assert found["activations"] == (4 + 2 + 4) * PIXELS // 4 + 3 * PIXELS


@pytest.mark.parametrize(
    ("name", "settings", "printed"),
    [
        # Ahn et al., CARN, arXiv 1803.08664: G of 1280x720 pixels at x2.
        ("srcnn", {"kernel_sizes": [9, 5, 5], "color": "y"}, 52.7),
        ("vdsr", {"color": "y"}, 612.6),
        ("drcn", {"color": "y"}, 17_974.3),
    ],
)
def test_multiply_adds_are_the_printed_ones(name, settings, printed):
    assert counted(name, **settings)["multiply_adds"] / 1e9 == pytest.approx(printed, abs=0.05)


@pytest.mark.parametrize(("scale", "wanted"), [(3, (240, 426)), (4, (180, 320))])
def test_input_is_the_largest_whose_output_fits_1280x720(scale, wanted):
    found = counted("espcn", scale=scale)
    assert (found["input_height"], found["input_width"]) == wanted


def test_network_that_needs_multiples_is_counted_with_its_padding():
    network = nn.Conv2d(3, 12, 1)
    plain = count_operations(network, scale=2)
    network.multiple_of = 16
    padded = count_operations(network, scale=2)
    assert (plain["multiply_adds"], padded["multiply_adds"]) == (36 * 360 * 640, 36 * 368 * 640)
    assert (padded["input_height"], padded["input_width"]) == (360, 640)


def test_accelerated_network_counts_as_the_plain_one():
    network = accelerate(models.build("srcnn"))
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert count_operations(network.train(), 2) == counted("srcnn")
    assert network.training
    for key, value in network.state_dict().items():
        assert torch.equal(value, before[key])


class TooLargeError(Exception):
    """Of a package of one's own."""


class OfSmallImages(nn.Module):
    def forward(self, images):
        if images.shape[-1] > 64:
            raise TooLargeError
        return images


class OfValues(nn.Module):
    def forward(self, images):
        return images if images.mean().item() > 0 else -images


class OfNumpy(nn.Module):
    def forward(self, images):
        return torch.from_numpy(images.numpy() + 1)


class Uncopied(nn.Upsample):
    def __init__(self):
        super().__init__(scale_factor=2)
        self.lock = threading.Lock()


@pytest.mark.parametrize("network", [OfSmallImages, OfValues, OfNumpy, Uncopied])
def test_network_that_cannot_be_counted_has_no_counts(network):
    assert count_operations(network(), 2) == {}


def test_time_is_that_of_a_million_upscaled_pixels():
    class Slow(nn.Upsample):
        def forward(self, images):
            time.sleep(0.02)
            return super().forward(images)

    # Two outputs of 50x100 pixels are a hundredth of a million: 20 ms are 2 s a megapixel.
    found = seconds_per_megapixel(Slow(scale_factor=2), torch.zeros(2, 3, 25, 50))
    assert 2 <= found < 3.9
