"""TIFFs of every kind: read as their 8-bit twins, or refused by name."""

import itertools

import numpy as np
import pytest
import tifffile
from PIL import Image

from srcnn_lightning.errors import BadInput
from srcnn_lightning.image_io import read_image, read_picture

# Numbers whose 257th, rounded, is not the high byte: 129 / 257 = 0.502.
COLOURS = np.random.default_rng(0).integers(0, 65536, (40, 50, 3)).astype(np.uint16)
COLOURS[0, :4, 0] = [129, 4863, 65280, 65535]
TWIN = np.floor(COLOURS / 257 + 0.5).astype(np.uint8)
GREY, GREY_TWIN = COLOURS[..., 0], np.repeat(TWIN[..., :1], 3, axis=2)


@pytest.fixture(autouse=True)
def says_nothing(capfd, caplog):
    """No library prints lines of its own."""
    yield
    assert capfd.readouterr() == ("", "")
    assert caplog.get_records("call") == []  # Python prints what nobody else handles


def planes(pixels):
    return np.moveaxis(pixels, -1, 0)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"byteorder": ">"},
        {"bigtiff": True},
        {"compression": "lzw", "predictor": True},
        {"compression": "zlib", "predictor": True, "byteorder": ">"},
        {"compression": "zstd"},
        {"compression": "packbits", "rowsperstrip": 7},
        {"tile": (16, 16), "compression": "lzw", "predictor": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("planar", [False, True])
def test_rgb_tiff_is_its_8_bit_twin(tmp_path, options, planar):
    pixels, config = (planes(COLOURS), "separate") if planar else (COLOURS, "contig")
    path = tmp_path / "a.tif"
    options = {**options, "metadata": None, "software": False}  # no texts of tifffile's own
    tifffile.imwrite(path, pixels, photometric="rgb", planarconfig=config, **options)
    assert np.array_equal(read_image(path).pixels, TWIN)
    picture = read_picture(path)
    assert np.array_equal(picture.pixels, COLOURS)
    assert picture.changes == ()


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_grey_whose_zero_is_white_is_no_negative(tmp_path, bits, compression):
    pixels = GREY_TWIN[..., 0] if bits == 8 else GREY
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, ~pixels, photometric="miniswhite", compression=compression)
    assert np.array_equal(read_image(path).pixels, GREY_TWIN)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_grey_of_other_depths_is_scaled_by_its_largest_value(tmp_path, bits):
    largest = 2**bits - 1
    levels = np.array([[0, 1, largest // 2, largest - 1, largest]], np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", levels, photometric="minisblack", bitspersample=bits)
    expected = np.floor(levels[0] / largest * 255 + 0.5)
    assert read_image(tmp_path / "a.tif").pixels[0, :, 1].tolist() == expected.tolist()


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
@pytest.mark.parametrize("count", [1, 3])
def test_alpha_of_a_tiff_lies_over_white_as_that_of_its_twin(tmp_path, count, kind, planar):
    alpha = np.linspace(0, 65535, 40 * 50).reshape(40, 50)
    colours = COLOURS[..., :count] / 65535
    # "Associated" is the word for files that hold colour times alpha.
    stored = colours * (alpha[..., None] if kind == "assocalpha" else 65535)
    pixels = np.dstack([stored, alpha]).round().astype(np.uint16)
    tifffile.imwrite(
        tmp_path / "a.tif",
        planes(pixels) if planar else pixels,
        photometric="rgb" if count == 3 else "minisblack",
        extrasamples=[kind],
        planarconfig="separate" if planar else "contig",
    )
    share = alpha[..., None] / 65535
    expected = 255 * (colours * share + 1 - share)
    assert (
        np.abs(read_image(tmp_path / "a.tif").pixels - expected).max() <= 1.5
    )  # rounded three times


def test_channel_that_is_no_alpha_is_not_looked_at(tmp_path):
    pixels = np.dstack([COLOURS, GREY])
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, photometric="rgb", extrasamples=["unspecified"])
    assert np.array_equal(read_image(path).pixels, TWIN)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("bits", [8, 16])
def test_colour_tiff_is_turned_upright(tmp_path, bits, orientation):
    from test_reader import STORED, UPRIGHT

    stored = np.array(STORED[orientation]) * 40
    pixels = np.dstack([stored, stored + 1, stored + 2]) * (257 if bits == 16 else 1)
    tag = (274, "H", 1, orientation, True)
    tifffile.imwrite(
        tmp_path / "a.tif", pixels.astype(f"uint{bits}"), photometric="rgb", extratags=[tag]
    )
    upright = np.array(UPRIGHT) * 40
    expected = np.dstack([upright, upright + 1, upright + 2])
    assert np.array_equal(read_image(tmp_path / "a.tif").pixels, expected)


@pytest.mark.parametrize(
    ("pixels", "options", "words"),
    [
        (COLOURS.astype(np.float32), {"photometric": "rgb"}, "floating-point pixels of 32 bits"),
        (np.zeros((4, 4), np.float16), {}, "floating-point pixels of 16 bits"),
        (GREY.astype(np.float64), {}, "floating-point pixels of 64 bits"),
        (GREY.astype(np.int16), {}, "signed pixels of 16 bits"),
        (GREY.astype(np.int8), {}, "signed pixels of 8 bits"),
        (GREY.astype(np.uint32), {}, "pixels of 32 bits"),
        (np.dstack([COLOURS, GREY]), {"photometric": "separated"}, "16 bits, SEPARATED"),
        (COLOURS, {"photometric": "cielab"}, "16 bits, CIELAB"),
        (
            GREY,
            {"photometric": "palette", "colormap": np.zeros((3, 65536), np.uint16)},
            "16 bits, PALETTE",
        ),
        (TWIN, {"photometric": "cielab"}, "8 bits, CIELAB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_tiff_that_cannot_be_read_is_refused_by_name(tmp_path, pixels, options, words):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, **{"photometric": "minisblack", **options})
    with pytest.raises(BadInput) as refusal:
        read_image(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_grey_with_channels_that_are_no_alpha_is_refused(
    tmp_path, photometric, count, planar, bits
):
    path = tmp_path / "a.tif"
    pixels = (TWIN if bits == 8 else COLOURS)[..., :count]
    tifffile.imwrite(
        path,
        planes(pixels) if planar else pixels,
        photometric=photometric,
        planarconfig="separate" if planar else "contig",
    )
    with pytest.raises(BadInput) as refusal:
        read_image(path)
    assert str(refusal.value) == (
        f"{path}: a grey TIFF of {count} channels that are not grey and alpha is not read; "
        "save it as grey or RGB."
    )


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("photometric", ["rgb", "minisblack"])
def test_colour_map_of_a_file_that_is_no_palette_is_not_used(tmp_path, photometric, bits):
    path = tmp_path / "a.tif"
    colours = COLOURS if bits == 16 else TWIN
    pixels, expected = (colours, TWIN) if photometric == "rgb" else (colours[..., 0], GREY_TWIN)
    colour_map = np.random.default_rng(1).integers(0, 65536, 3 * 256).tolist()
    tag = (320, "H", len(colour_map), colour_map, True)
    tifffile.imwrite(path, pixels, photometric=photometric, extratags=[tag])
    assert np.array_equal(read_image(path).pixels, expected)


@pytest.mark.parametrize("factor", [1, 256, 257])
def test_palette_of_8_or_16_bits_gives_its_8_bit_colours(tmp_path, factor):
    colours = np.random.default_rng(1).integers(0, 256, (256, 3)).astype(np.uint16)
    indices = TWIN[..., 0]
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, indices, photometric="palette", colormap=colours.T * factor)
    assert np.array_equal(read_image(path).pixels, colours[indices])


def test_palette_without_its_colours_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    colour_map = np.zeros((3, 256), np.uint16)
    tifffile.imwrite(path, TWIN[..., 0], photometric="palette", colormap=colour_map)
    content = path.read_bytes()
    tag = (320).to_bytes(2, "little") + (3).to_bytes(2, "little")  # of type 3, SHORT
    assert content.count(tag) == 1
    path.write_bytes(content.replace(tag, (65000).to_bytes(2, "little") + tag[2:]))
    with pytest.raises(BadInput, match="a palette TIFF without its ColorMap; save it as grey"):
        read_image(path)


@pytest.mark.parametrize("kept", [0.95, 0.5, 0.05])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.filterwarnings("ignore")  # Pillow warns besides; test_targets.py sees to silence
def test_truncated_tiff_names_the_file(tmp_path, bits, compression, kept):
    path = tmp_path / "a.tif"
    pixels = TWIN if bits == 8 else COLOURS
    tifffile.imwrite(path, pixels, photometric="rgb", compression=compression, rowsperstrip=5)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(BadInput, match=r"a\.tif: not a readable image"):
        read_image(path)


def test_first_page_is_taken_and_all_are_counted(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.stack([GREY, ~GREY]), photometric="minisblack")
    assert np.array_equal(read_image(path).pixels, GREY_TWIN)
    assert read_picture(path).frames == 2


@pytest.mark.parametrize(
    ("mode", "compression"),
    [
        *itertools.product(["L", "P", "RGB", "CMYK"], ["raw", "tiff_lzw", "packbits"]),
        *itertools.product(["L", "RGB", "CMYK"], ["jpeg"]),
        *itertools.product(["1"], ["raw", "group3", "group4"]),
    ],
)
def test_8_bit_tiff_is_what_pillow_wrote(tmp_path, mode, compression):
    image = Image.fromarray(TWIN).convert(mode)
    image.save(tmp_path / "a.tif", compression=compression)
    with Image.open(tmp_path / "a.tif") as stored:
        expected = np.asarray(stored.convert("RGB"))
    assert np.array_equal(read_image(tmp_path / "a.tif").pixels, expected)


def test_odd_tag_is_no_reason_for_a_line(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, COLOURS, photometric="rgb", extratags=[(65000, "s", 0, "note", True)])
    content = path.read_bytes()
    tag = (65000).to_bytes(2, "little") + (2).to_bytes(2, "little")  # of type 2, text
    assert content.count(tag) == 1
    path.write_bytes(content.replace(tag, tag[:2] + (99).to_bytes(2, "little")))  # of none
    assert np.array_equal(read_image(path).pixels, TWIN)
