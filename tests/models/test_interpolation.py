import pytest
import torch
import torch.nn.functional as F

from srcnn_lightning.errors import BadInput
from srcnn_lightning.models import Interpolation
from srcnn_lightning.resize import resize, resize_uint8

# Cubic convolution (Keys 1981) at scale 2: an output pixel lies 1/4 pixel left or right of an input
# pixel, so the taps lie at distances 1.75, 1.25, 0.75, 0.25 and back, where the kernel is
#   (a+2)|x|^3 - (a+3)|x|^2 + 1 for |x| <= 1,   a|x|^3 - 5a|x|^2 + 8a|x| - 4a for 1 < |x| < 2.
KEYS_HALF = [-3 / 128, -9 / 128, 29 / 128, 111 / 128]  # a = -0.5
KEYS_THREE_QUARTERS = [-9 / 256, -27 / 256, 67 / 256, 225 / 256]  # a = -0.75


def row(values, height=4):
    """`(1, 1, height, width)`: rows all alike, so that only one direction is interpolated."""
    return torch.tensor(values, dtype=torch.float64).expand(1, 1, height, len(values))


def upscaled_row(values, **settings):
    output = Interpolation(**settings)(row(values))
    assert output.shape == (1, 1, 8, 2 * len(values))
    assert (output - output[..., :1, :]).abs().max() < 1e-12
    return output[0, 0, 0]


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("scale", [2, 3])
def test_nearest_repeats_pixels(antialias, scale):
    images = torch.rand(2, 3, 3, 5)
    wanted = images.repeat_interleave(scale, -1).repeat_interleave(scale, -2)
    assert torch.equal(Interpolation("nearest", antialias, scale)(images), wanted)


@pytest.mark.parametrize(
    ("antialias", "taps"), [(True, KEYS_HALF), (False, KEYS_THREE_QUARTERS)], ids=["-0.5", "-0.75"]
)
def test_bicubic_spreads_an_impulse_by_the_weights_of_cubic_convolution(antialias, taps):
    impulse = [0.0] * 4 + [1.0] + [0.0] * 4
    found = upscaled_row(impulse, kernel="bicubic", antialias=antialias)
    wanted = torch.tensor([0.0] * 5 + taps + taps[::-1] + [0.0] * 5, dtype=torch.float64)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    # Sums of the taps that reach over the step: none, 1.75; 1.25; 0.75 and 1.75.
    ("antialias", "left", "unit"),
    [(True, [0, -3, -9, 29 - 3], 128), (False, [0, -9, -27, 67 - 9], 256)],
)
def test_bicubic_overshoots_a_step_by_the_negative_weights(antialias, left, unit):
    found = upscaled_row([0.0] * 5 + [1.0] * 5, kernel="bicubic", antialias=antialias)
    right = [unit - value for value in left[::-1]]
    wanted = torch.tensor(left + right, dtype=torch.float64) / unit
    torch.testing.assert_close(found[6:14], wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("antialias", [True, False])
def test_bilinear_continues_a_ramp(antialias):
    found = upscaled_row([0.0, 1.0, 2.0, 3.0], kernel="bilinear", antialias=antialias)
    # The half pixels beyond the first and last centre repeat them.
    wanted = torch.tensor([0.0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.0], dtype=torch.float64)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kernel", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("antialias", [True, False])
def test_constant_image_stays_constant(kernel, antialias):
    output = Interpolation(kernel, antialias, 3)(torch.full((1, 3, 5, 4), 0.25))
    torch.testing.assert_close(output, torch.full((1, 3, 15, 12), 0.25))


@pytest.mark.parametrize("antialias", [True, False])
def test_shrinking_by_nearest_picks_the_pixel_under_the_centre(antialias):
    images = row([10.0, 11.0, 12.0, 13.0, 14.0, 15.0])
    # Centre of output pixel i: 2i + 1 (half) and 3i + 1.5 (third), in pixels of the input.
    half = resize(images, (4, 3), "nearest", antialias)[0, 0, 0]
    third = resize(images, (4, 2), "nearest", antialias)[0, 0, 0]
    assert half.tolist() == [11, 13, 15]
    assert third.tolist() == [11, 14]


def test_antialias_averages_what_plain_shrinking_skips():
    images = row([0.0, 0.0, 0.0, 8.0, 0.0, 0.0, 0.0, 0.0])
    # A third pixel of four under the triangle of width 8: weights 1, 3, 5, 7, 7, 5, 3, 1 in 32nds,
    # those beyond the left edge dropped and the rest divided by their sum.
    plain = resize(images, (4, 2), "bilinear", antialias=False)[0, 0, 0]
    smooth = resize(images, (4, 2), "bilinear", antialias=True)[0, 0, 0]
    assert plain.tolist() == [0, 0]
    wanted = torch.tensor([8 * 5 / (5 + 7 + 7 + 5 + 3 + 1), 8 * 3 / 28], dtype=torch.float64)
    torch.testing.assert_close(smooth, wanted, rtol=0, atol=1e-12)


def test_uint8_is_rounded_and_clamped_as_an_image_file_is():
    images = row([0.0] * 5 + [255.0] * 5).to(torch.uint8)
    found = resize_uint8(images, (4, 20), "bicubic", antialias=True)[0, 0, 0]
    # 255 times 0, -3, -9, 26 in 128ths is 0, -6.0, -17.9, 51.8; the other side mirrors it.
    assert found.dtype == torch.uint8
    assert found[6:14].tolist() == [0, 0, 0, 52, 203, 255, 255, 255]


@pytest.mark.parametrize("kernel", ["bicubik", "nearest-exact", ""])
def test_unknown_kernel_is_refused_by_name(kernel):
    with pytest.raises(BadInput, match=f"^degradation.kernel={kernel}: choose nearest, bi"):
        Interpolation(kernel)(torch.rand(1, 3, 4, 4))


def test_interpolation_has_nothing_to_learn():
    assert list(Interpolation().parameters()) == []


@pytest.mark.parametrize("size", [(10, 14), (3, 4)])
@pytest.mark.parametrize(
    ("kernel", "antialias"), [("bicubic", True), ("bicubic", False), ("bilinear", True)]
)
def test_planes_of_channels_last_are_resized_one_by_one_to_the_same_bits(
    kernel, antialias, size, monkeypatch
):
    images = torch.rand(2, 3, 5, 7).contiguous(memory_format=torch.channels_last)
    settings = {"mode": kernel, "antialias": antialias, "align_corners": False}
    wanted = F.interpolate(images, size, **settings)
    given, interpolate = [], F.interpolate
    monkeypatch.setattr(
        F,
        "interpolate",
        lambda *words, **more: given.append(words[0]) or interpolate(*words, **more),
    )
    found = resize(images, size, kernel, antialias)
    assert torch.equal(found, wanted)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert given[0].is_contiguous()
