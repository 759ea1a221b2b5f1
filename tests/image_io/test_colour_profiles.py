"""Colours of files with an ICC profile, in sRGB."""

import icc_profiles
import numpy as np
import pytest
import tifffile
from PIL import Image

from srcnn_lightning.image_io import read_image, read_picture

# Linear light of Display P3 to that of sRGB: both have D65 as white, and their primaries are
# (0.68, 0.32), (0.265, 0.69), (0.15, 0.06) and (0.64, 0.33), (0.30, 0.60), (0.15, 0.06).
P3_TO_SRGB = np.array(
    [[1.22494, -0.22494, 0], [-0.04206, 1.04206, 0], [-0.01964, -0.07865, 1.09829]]
)
P3_COLOURS = [(60, 200, 60), (200, 100, 50), (30, 40, 200), (128, 128, 128), (255, 255, 255)]


def p3_in_srgb(colour):
    """Both have the same tone curve."""
    levels = np.array(colour) / 255
    light = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    light = (P3_TO_SRGB @ light).clip(0, 1)
    levels = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return (255 * levels).round()


def test_matrix_of_this_test_gives_the_known_value():
    # By hand: the green light 0.578 of P3 is 0.600 of sRGB's less 0.002, and red falls below 0.
    assert p3_in_srgb((60, 200, 60)).tolist() == [0, 203, 11]


@pytest.mark.parametrize("kind", ["8.png", "8.tif", "8.webp", "8.jpg", "16.tif", "16 planar.tif"])
def test_display_p3_becomes_srgb(tmp_path, kind):
    path = tmp_path / kind
    # Squares of 16x16 pixels, so that JPEG's blocks are constant.
    colours = np.kron(np.array([P3_COLOURS]), np.ones((16, 16, 1))).astype(np.uint16)
    profile = icc_profiles.DISPLAY_P3
    if "planar" in kind:
        planes = np.moveaxis(colours * 257, -1, 0)
        tifffile.imwrite(
            path, planes, photometric="rgb", planarconfig="separate", iccprofile=profile
        )
    elif "16" in kind:
        tifffile.imwrite(path, colours * 257, photometric="rgb", iccprofile=profile)
    else:
        options = {"8.webp": {"lossless": True}, "8.jpg": {"quality": 100, "subsampling": 0}}
        image = Image.fromarray(colours.astype(np.uint8))
        image.save(path, icc_profile=profile, **options.get(kind, {}))
    expected = [p3_in_srgb(colour) for colour in P3_COLOURS]
    difference = np.abs(read_image(path).pixels[8, 8::16] - expected).max()
    # A level of blue more or less, which is what JPEG rounds to, is 4 of the dark blue 11.
    assert difference <= (4 if kind == "8.jpg" else 1)


def test_display_p3_of_a_palette_becomes_srgb(tmp_path):
    image = Image.new("P", (1, 1), 0)
    image.putpalette([60, 200, 60])
    image.save(tmp_path / "a.png", icc_profile=icc_profiles.DISPLAY_P3)
    assert np.abs(read_image(tmp_path / "a.png").pixels[0, 0] - [0, 203, 11.0]).max() <= 1


def test_colour_is_converted_before_it_is_laid_over_white(tmp_path):
    image = Image.new("RGBA", (1, 1), (60, 200, 60, 51))  # a fifth of the green, four of white
    image.save(tmp_path / "a.png", icc_profile=icc_profiles.DISPLAY_P3)
    expected = [0.8 * 255, 0.2 * 203 + 0.8 * 255, 0.2 * 11 + 0.8 * 255]
    assert np.abs(read_image(tmp_path / "a.png").pixels[0, 0] - expected).max() <= 1


@pytest.mark.parametrize("bits", [8, 16])
def test_grey_of_another_gamma_becomes_srgb_and_stays_grey(tmp_path, bits):
    levels = np.arange(256)
    profile = icc_profiles.grey(icc_profiles.gamma(1.8))
    scale = {8: 1, 16: 257}[bits]
    pixels = (levels[None] * scale).astype(f"uint{bits}")
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack", iccprofile=profile)
    light = (levels / 255) ** 1.8
    expected = 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    found = read_image(tmp_path / "a.tif").pixels[0]
    assert np.abs(found[:, 0] - expected).max() <= 1
    assert (found == found[:, :1]).all()


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_profile_that_is_srgb_changes_no_pixel(tmp_path, mode):
    shape = (200, 200, 3) if mode == "RGB" else (200, 200)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    grey = icc_profiles.grey(icc_profiles.SRGB_CURVE)
    profile = icc_profiles.SRGB if mode == "RGB" else grey
    Image.fromarray(pixels).save(tmp_path / "a.png", icc_profile=profile)
    assert (read_image(tmp_path / "a.png").pixels == pixels.reshape(200, 200, -1)).all()


@pytest.mark.parametrize(
    "profile",
    [
        b"no profile",
        icc_profiles.DISPLAY_P3[:300],
        icc_profiles.grey(icc_profiles.gamma(1.8)),  # of other pixels than the file's
    ],
)
def test_broken_profile_is_left_out(tmp_path, profile):
    Image.new("RGB", (1, 1), (60, 200, 60)).save(tmp_path / "a.png", icc_profile=profile)
    assert read_image(tmp_path / "a.png").pixels.tolist() == [[[60, 200, 60]]]
    picture = read_picture(tmp_path / "a.png")
    assert picture.profile is None
    assert picture.changes == ("Its colour profile is broken, or of other pixels, and left out.",)


def test_picture_keeps_its_own_colours_and_their_profile(tmp_path):
    image = Image.new("RGB", (1, 1), (60, 200, 60))
    image.save(tmp_path / "a.png", icc_profile=icc_profiles.DISPLAY_P3)
    picture = read_picture(tmp_path / "a.png")
    assert picture.pixels.tolist() == [[[60, 200, 60]]]
    assert picture.profile == icc_profiles.DISPLAY_P3
    assert picture.changes == ()


@pytest.mark.parametrize("bits", [8, 16])
def test_profile_and_texts_of_megabytes_are_read(tmp_path, bits):
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    for number in range(70):  # more than 64 MB of text in all
        texts.add_text(f"text {number}", "x" * 1_100_000, zip=True)
    # A profile is as long as its header says; what follows is padding.
    profile = icc_profiles.DISPLAY_P3 + bytes(2_000_000)
    if bits == 8:
        image = Image.new("RGB", (1, 1), (60, 200, 60))
    else:
        image = Image.new("I;16", (1, 1), 257 * 60)
        profile = icc_profiles.grey(icc_profiles.SRGB_CURVE) + bytes(2_000_000)
    image.save(tmp_path / "a.png", icc_profile=profile, pnginfo=texts)
    expected = [0, 203, 11] if bits == 8 else [60, 60, 60]
    assert np.abs(read_image(tmp_path / "a.png").pixels[0, 0] - np.array(expected)).max() <= 1
