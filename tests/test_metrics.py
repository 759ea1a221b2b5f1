import math
from pathlib import Path

import pytest
import torch

from srcnn_lightning import metrics
from srcnn_lightning.image_io import read_image
from srcnn_lightning.models import Interpolation
from srcnn_lightning.resize import resize_uint8

# Beside the checkout, never inside it; the project's tests pass without.
BENCHMARKS = Path(__file__).resolve().parents[2] / "shared/benchmarks"


def flat(*levels, size=16):
    """One image of one grey level for each argument."""
    return torch.tensor(levels, dtype=torch.float64).view(-1, 1, 1, 1).expand(-1, 3, size, size)


def marks(*grey):
    """Which images are grey in their file."""
    return torch.tensor(grey, dtype=torch.bool)


def decibels(*values):
    return pytest.approx(list(values), abs=1e-4)


@pytest.mark.parametrize(
    ("error", "wanted"),
    # -20 log10 of the error; 20 log10(255) = 48.1308.
    [(0.1, 20.0), (0.01, 40.0), (1.0, 0.0), (0.5, 6.0206), (1 / 255, 48.1308)],
)
def test_psnr_of_a_constant_error(error, wanted):
    assert metrics.psnr(flat(error), flat(0)).tolist() == decibels(wanted)


def test_psnr_averages_the_squares_over_pixels_and_channels():
    images = torch.zeros(1, 3, 2, 2)
    images[0, 1, 0, 1] = 0.6  # 0.36 over 12 values: 0.03, 10 log10(1 / 0.03) = 15.2288
    assert metrics.mse_per_image(images, torch.zeros(1, 3, 2, 2)).tolist() == pytest.approx([0.03])
    assert metrics.psnr(images, torch.zeros(1, 3, 2, 2)).tolist() == decibels(15.2288)


def test_psnr_of_equal_images_is_infinite():
    assert metrics.psnr(flat(0.3), flat(0.3)).tolist() == [math.inf]


def test_psnr_is_one_figure_for_each_image_and_not_pooled():
    found = metrics.psnr(flat(0.1, 0.01), flat(0, 0))
    assert found.tolist() == decibels(20, 40)
    # The mean over images is 30 dB; pooled, (0.01 + 0.0001) / 2 = 0.00505 would be 22.967 dB.
    assert float(found.mean()) == pytest.approx(30)
    pooled = metrics.psnr_from_mse(metrics.mse_per_image(flat(0.1, 0.01), flat(0, 0)).mean())
    assert float(pooled) == pytest.approx(22.9671, abs=1e-4)


@pytest.mark.parametrize(
    ("colour", "wanted"),
    [
        ((1, 1, 1), 235),  # 16 + 65.481 + 128.553 + 24.966
        ((0, 0, 0), 16),
        ((1, 0, 0), 81.481),
        ((0, 1, 0), 144.553),
        ((0, 0, 1), 40.966),
        ((0.5, 0.5, 0.5), 125.5),  # 16 + 219 / 2
        ((1, 1, 0), 210.034),
    ],
)
def test_luma_of_a_colour(colour, wanted):
    images = torch.tensor(colour, dtype=torch.float64).view(1, 3, 1, 1).expand(2, 3, 4, 5)
    found = metrics.luma(images)
    assert found.shape == (2, 1, 4, 5)
    assert found.flatten().tolist() == pytest.approx([wanted / 255] * 40, abs=1e-12)


def test_shave_cuts_the_border_off_each_side():
    images = torch.arange(30.0).view(1, 1, 5, 6)
    assert metrics.shave(images, 2).tolist() == [[[[14.0, 15.0]]]]
    assert metrics.shave(images, 1).shape == (1, 1, 3, 4)


def test_shave_of_nothing_is_the_image():
    images = torch.rand(1, 3, 5, 6)
    assert torch.equal(metrics.shave(images, 0), images)


def test_psnr_y_is_psnr_of_luma():
    # A grey error of 0.1 changes Y by 0.1 * 219 / 255 = 0.0858824: 21.3219 dB.
    assert metrics.psnr_y(flat(0.6), flat(0.5), 2).tolist() == decibels(21.3219)


def test_psnr_y_weighs_colours():
    target = torch.zeros(1, 3, 8, 8)
    blue, green = target.clone(), target.clone()
    blue[:, 2], green[:, 1] = 0.1, 0.1
    # 0.1 * 24.966 / 255 = 0.00979059 and 0.1 * 128.553 / 255 = 0.0504129.
    assert metrics.psnr_y(blue, target, 0).tolist() == decibels(40.1838)
    assert metrics.psnr_y(green, target, 0).tolist() == decibels(25.9492)


def test_psnr_y_of_a_grey_image_has_no_studio_swing():
    found = metrics.psnr_y(flat(0.6, 0.6, 0.51), flat(0.5, 0.5, 0.5), 2, marks(1, 0, 1))
    # An error of e in grey is 20 log10(1 / e); 255 / 219 less of it in Y is 1.3219 dB more.
    assert found.tolist() == decibels(20, 21.3219, 40)


def test_psnr_y_of_a_grey_image_weighs_colours_as_grey_does():
    target = flat(0.5, 0.5, 0.5)
    images = target.clone()
    for channel in range(3):
        images[channel, channel] += 0.1
    # 0.0299, 0.0587 and 0.0114.
    found = metrics.psnr_y(images, target, 0, marks(1, 1, 1))
    assert found.tolist() == decibels(30.4866, 24.6272, 38.8619)


def test_figures_of_colour_images_are_bit_for_bit_those_without_grey_ones():
    torch.manual_seed(0)
    images, targets = torch.rand(2, 2, 3, 24, 24)
    for figure in (metrics.psnr_y, metrics.ssim_y):
        alone = figure(images, targets, 2)
        assert torch.equal(figure(images, targets, 2, marks(0, 0)), alone)
        beside = figure(images, targets, 2, marks(1, 0))
        assert beside[1] == alone[1]
        assert beside[0] != alone[0]


def test_psnr_y_is_blind_to_the_border():
    images = flat(0.6).clone()
    images[..., :2, :] = images[..., -2:, :] = images[..., :2] = images[..., -2:] = 1
    assert metrics.psnr_y(images, flat(0.5), 2).tolist() == decibels(21.3219)
    assert metrics.psnr_y(images, flat(0.5), 1)[0] < 20


def test_ssim_of_equal_images_is_one():
    torch.manual_seed(0)
    images = torch.rand(3, 3, 20, 24, dtype=torch.float64)
    assert metrics.ssim_y(images, images, 2).tolist() == pytest.approx([1, 1, 1], abs=1e-9)


def test_ssim_of_two_flat_images_is_the_luminance_term():
    # Without variance the formula of Wang et al. leaves (2ab + C1) / (a^2 + b^2 + C1), C1 = 0.01^2.
    # Grey 0 and 1 are Y = 16/255 and 235/255; 0.2 and 0.7 are 59.8/255 and 169.3/255.
    found = metrics.ssim_y(flat(0, 0.2), flat(1, 0.7), 2)
    black_white = (2 * 16 * 235 + 6.5025) / (16**2 + 235**2 + 6.5025)  # times 255^2: C1 = 2.55^2
    greys = (2 * 59.8 * 169.3 + 6.5025) / (59.8**2 + 169.3**2 + 6.5025)
    assert found.tolist() == pytest.approx([black_white, greys], abs=1e-9)


def test_ssim_of_a_grey_image_is_of_its_grey_values():
    # As above, of 0.2 and 0.7 themselves.
    found = metrics.ssim_y(flat(0.2), flat(0.7), 2, marks(1))
    wanted = (2 * 0.2 * 0.7 + 0.0001) / (0.2**2 + 0.7**2 + 0.0001)
    assert found.tolist() == pytest.approx([wanted], abs=1e-9)


def test_ssim_of_opposite_contrast_is_negative():
    # Y and 1 - Y about the same mean: covariance is minus the variance.
    torch.manual_seed(0)
    images = torch.rand(1, 3, 24, 24, dtype=torch.float64)
    assert metrics.ssim_y(images, 1 - images, 0)[0] < -0.8


def test_ssim_is_one_figure_for_each_image_and_blind_to_the_border():
    torch.manual_seed(0)
    targets = torch.rand(2, 3, 24, 24, dtype=torch.float64)
    images = targets.clone()
    images[0, :, :2] = 0
    images[1, :, 10:14] = 0
    first, second = metrics.ssim_y(images, targets, 2).tolist()
    assert first == pytest.approx(1, abs=1e-9)
    assert second < 0.95


def waves(cycles, size=64, amplitude=0.2):
    """Grey waves of so many cycles a pixel, from left to right."""
    columns = torch.arange(float(size))
    wave = 0.5 + amplitude * torch.sin(2 * math.pi * cycles * columns)
    return wave.expand(1, 3, size, size)


def test_high_frequency_ratio_is_the_ratio_of_energies_above_half_of_nyquist():
    coarse, fine = waves(0.1), waves(0.4)
    both = coarse + fine - 0.5
    # Half the amplitude has a quarter of the energy, whatever the coarse waves are.
    faint = coarse + waves(0.4, amplitude=0.1) - 0.5
    assert metrics.high_frequency_ratio(faint, both).item() == pytest.approx(0.25, rel=1e-3)
    assert metrics.high_frequency_ratio(both, both).item() == 1
    assert metrics.high_frequency_ratio(coarse, both).item() < 1e-3


@pytest.mark.parametrize(("cycles", "is_high"), [(0.2, False), (0.3, True)])
def test_high_frequencies_begin_at_a_quarter_of_a_cycle_in_any_direction(cycles, is_high):
    target = waves(0.4)
    vertical = waves(cycles).transpose(-2, -1)
    ratio = metrics.high_frequency_ratio(vertical, target).item()
    assert ratio == pytest.approx(1 if is_high else 0, abs=0.02)


def test_high_frequencies_are_blind_to_brightness():
    target = waves(0.4)
    assert metrics.high_frequency_ratio(target + 0.1, target).item() == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "count", "scale", "printed"),
    # One image of Set14, bridge, is grey in its file: read as RGB, it would add 0.094 dB.
    [
        ("Set5", 5, 2, 33.66),
        ("Set14", 14, 2, 30.24),
        ("Set14", 14, 3, 27.54),
        ("Set14", 14, 4, 26.00),
    ],
)
def test_bicubic_gives_the_literatures_psnr(name, count, scale, printed):
    files = sorted((BENCHMARKS / name).glob("*.png"))
    if not files:
        pytest.skip(f"{BENCHMARKS / name} is not there: its images make the literature's dB")
    assert len(files) == count
    upscale = Interpolation("bicubic", antialias=True, scale=scale)
    figures = []
    for file in files:
        image = read_image(file)
        target = torch.tensor(image.pixels).permute(2, 0, 1)[None]
        height, width = (side // scale for side in target.shape[-2:])
        target = target[..., : height * scale, : width * scale]
        small = resize_uint8(target, (height, width), "bicubic", antialias=True)
        output = upscale(small / 255).clamp(0, 1)
        grey = torch.tensor([image.is_grey])
        figures.append(float(metrics.psnr_y(output, target / 255, scale, grey)))
    # The literature rounds Y to whole levels, which takes up to 0.03 dB from five images.
    assert sum(figures) / count == pytest.approx(printed, abs=0.03 if count == 5 else 0.005)
