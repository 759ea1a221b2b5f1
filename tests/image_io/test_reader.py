"""The pixels that a file gives: types, depths, orientations and grey."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image
from png_files import chunk

from srcnn_lightning.image_io import read_image

# An upright picture of six grey levels, and how a file of each EXIF orientation stores it (the
# standard says which side of the picture the first row and the first column of the file are).
UPRIGHT = [[1, 2, 3], [4, 5, 6]]
STORED = {
    1: [[1, 2, 3], [4, 5, 6]],
    2: [[3, 2, 1], [6, 5, 4]],
    3: [[6, 5, 4], [3, 2, 1]],
    4: [[4, 5, 6], [1, 2, 3]],
    5: [[1, 4], [2, 5], [3, 6]],
    6: [[3, 6], [2, 5], [1, 4]],
    7: [[6, 3], [5, 2], [4, 1]],
    8: [[4, 1], [5, 2], [6, 3]],
}
# From 16-bit values to 8-bit ones: v / 257, rounded. 129, 4863 and 65280 tell it from v >> 8.
SIXTEEN_BIT = {0: 0, 128: 0, 129: 1, 257: 1, 4863: 19, 65280: 254, 65535: 255}


def written(path, pixels, **options):
    """The path of an image file of `pixels`: `[(value, ...), ...]`, one row."""
    mode = options.pop("mode", "RGB")
    image = Image.new(mode, (len(pixels), 1))
    image.putdata(pixels)
    if "palette" in options:
        image.putpalette(options.pop("palette"))
    image.save(path, **options)
    return path


def test_read_image_rgb_is_exact(tmp_path):
    image = read_image(written(tmp_path / "a.png", [(1, 2, 3), (250, 128, 0)])).pixels
    assert (image.shape, image.dtype) == ((1, 2, 3), np.uint8)
    assert image.tolist() == [[[1, 2, 3], [250, 128, 0]]]


@pytest.mark.parametrize("extension", ["png", "bmp", "webp", "tif"])
def test_read_image_lossless_formats_are_exact(tmp_path, extension):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    options = {"lossless": True} if extension == "webp" else {}
    Image.fromarray(pixels).save(tmp_path / f"a.{extension}", **options)
    assert np.array_equal(read_image(tmp_path / f"a.{extension}").pixels, pixels)


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    # Magenta and yellow ink make red.
    [("RGB", (200, 100, 50), [200, 100, 50]), ("CMYK", (0, 255, 255, 0), [255, 0, 0])],
)
def test_read_image_jpeg_becomes_rgb(tmp_path, mode, colour, expected):
    Image.new(mode, (16, 16), colour).save(tmp_path / "a.jpg", quality=95)
    image = read_image(tmp_path / "a.jpg").pixels
    assert image.shape == (16, 16, 3)
    assert np.abs(image.astype(int) - expected).max() <= 3


@pytest.mark.parametrize("extension", ["png", "bmp", "tif"])
@pytest.mark.parametrize(("mode", "values"), [("L", [0, 77, 255]), ("1", [0, 255])])
def test_read_image_grey_has_three_equal_channels(tmp_path, mode, values, extension):
    path = written(tmp_path / f"a.{extension}", values, mode=mode)
    assert read_image(path).pixels.tolist() == [[[value] * 3 for value in values]]


@pytest.mark.parametrize(
    ("transparency", "expected"),
    [
        (None, [[10, 20, 30], [200, 100, 50]]),
        (0, [[255, 255, 255], [200, 100, 50]]),
        # 10 * 128/255 + 255 * 127/255 = 132.02, and so on
        (b"\x80\xff", [[132, 137, 142], [200, 100, 50]]),
    ],
)
def test_read_image_palette_takes_its_colours(tmp_path, transparency, expected):
    options = {} if transparency is None else {"transparency": transparency}
    palette = [10, 20, 30, 200, 100, 50]
    path = written(tmp_path / "a.png", [0, 1], mode="P", palette=palette, **options)
    assert read_image(path).pixels.tolist() == [expected]


@pytest.mark.parametrize("extension", ["png", "webp", "tif"])
def test_read_image_alpha_lies_over_white(tmp_path, extension):
    options = {"lossless": True, "exact": True} if extension == "webp" else {}
    pixels = [(9, 8, 7, 0), (9, 8, 7, 255), (0, 100, 255, 128)]
    path = written(tmp_path / f"a.{extension}", pixels, mode="RGBA", **options)
    # 100 * 128/255 + 127 = 177.2
    assert read_image(path).pixels.tolist() == [[[255, 255, 255], [9, 8, 7], [127, 177, 255]]]


def test_read_image_grey_alpha_lies_over_white(tmp_path):
    path = written(tmp_path / "a.png", [(0, 128), (100, 0), (100, 255)], mode="LA")
    assert read_image(path).pixels.tolist() == [[[127] * 3, [255] * 3, [100] * 3]]


def test_read_image_transparent_colour_is_white(tmp_path):
    path = written(tmp_path / "a.png", [(7, 8, 9), (9, 9, 9)], transparency=(7, 8, 9))
    assert read_image(path).pixels.tolist() == [[[255, 255, 255], [9, 9, 9]]]


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_read_image_16_bit_grey_is_divided_by_257(tmp_path, extension):
    cv2.imwrite(str(tmp_path / f"a.{extension}"), np.array([list(SIXTEEN_BIT)], np.uint16))
    expected = [[[value] * 3 for value in SIXTEEN_BIT.values()]]
    assert read_image(tmp_path / f"a.{extension}").pixels.tolist() == expected


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_read_image_16_bit_colour_is_divided_by_257_in_rgb_order(tmp_path, extension):
    path = tmp_path / f"a.{extension}"
    red = np.array([list(SIXTEEN_BIT)], np.uint16)
    cv2.imwrite(str(path), np.dstack([0 * red + 51400, 0 * red + 25700, red]))  # OpenCV wants BGR
    assert read_image(path).pixels.tolist() == [
        [[value, 100, 200] for value in SIXTEEN_BIT.values()]
    ]


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_read_image_16_bit_alpha_lies_over_white(tmp_path, extension):
    path = tmp_path / f"a.{extension}"
    bgra = [[0, 129, 4863, 65535], [0, 129, 4863, 0], [0, 25700, 65535, 128 * 257]]
    cv2.imwrite(str(path), np.array([bgra], np.uint16))
    assert read_image(path).pixels.tolist() == [[[19, 1, 0], [255, 255, 255], [255, 177, 127]]]


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize(
    "kind",
    ["rgb.png", "rgb.jpg", "rgb.webp", "rgb.tif", "8.tif", "16.png", "16.tif", "rgb16.png"],
)
def test_read_image_applies_the_orientation(tmp_path, kind, orientation):
    path = tmp_path / kind
    # Squares of 8x8 pixels, so that JPEG's blocks are constant.
    stored = np.kron(np.array(STORED[orientation]) * 40, np.ones((8, 8))).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    if kind == "rgb16.png":
        cv2.imwrite(str(path), np.dstack([stored.astype(np.uint16) * 257] * 3))
        content = path.read_bytes()
        exif_chunk = chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
        path.write_bytes(content[:33] + exif_chunk + content[33:])  # after signature and IHDR
    else:
        image = Image.fromarray(stored.astype(np.uint16) * 257 if "16" in kind else stored)
        image = image.convert("RGB") if "rgb" in kind else image
        image.save(path, exif=exif, **({"lossless": True} if kind == "rgb.webp" else {}))
    squares = read_image(path).pixels[4::8, 4::8]
    assert np.rint(squares / 40).tolist() == [[[v, v, v] for v in row] for row in UPRIGHT]


@pytest.mark.parametrize(
    ("name", "mode", "wanted"),
    [
        ("a.png", "L", True),
        ("a.jpg", "L", True),
        ("a.tif", "L", True),
        ("a.png", "LA", True),
        ("a.tif", "LA", True),
        ("a.png", "1", True),
        ("a.tif", "1", True),
        ("a.bmp", "1", True),
        ("a.bmp", "L", True),  # as a palette of all greys in their order: BMP has nothing else
        ("a.png", "I;16", True),
        ("a.tif", "I;16", True),
        ("a.png", "P", False),
        ("a.bmp", "P", False),
        ("a.png", "RGB", False),
        ("a.jpg", "RGB", False),
        ("a.bmp", "RGB", False),
        ("a.tif", "RGBA", False),
        ("a.tif", "P", False),
        ("a.tif", "CMYK", False),
        ("a.webp", "L", False),  # WebP has no grey
    ],
)
def test_is_grey_goes_by_the_files_type_and_not_by_its_pixels(tmp_path, name, mode, wanted):
    # Every pixel is grey: equal channels, and palettes of greys that are no ramp.
    palette = {"palette": [100, 100, 100, 7, 7, 7]} if mode == "P" else {}
    pixel = 0 if mode in ("1", "P", "L", "I;16") else (0, 255) if mode == "LA" else (0,) * len(mode)
    assert read_image(written(tmp_path / name, [pixel], mode=mode, **palette)).is_grey is wanted


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_is_grey_of_16_bits_goes_by_the_channels(tmp_path, extension):
    for name, shape in {"grey": (2, 3), "colour": (2, 3, 3)}.items():
        cv2.imwrite(str(tmp_path / f"{name}.{extension}"), np.full(shape, 1000, np.uint16))
    assert read_image(tmp_path / f"grey.{extension}").is_grey is True
    assert read_image(tmp_path / f"colour.{extension}").is_grey is False


def test_is_grey_of_16_bits_and_alpha(tmp_path):
    header = struct.pack(">IIBBBBB", 1, 1, 16, 4, 0, 0, 0)
    row = struct.pack(">BHH", 0, 1000, 65535)
    chunks = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(row)), chunk(b"IEND", b"")]
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    assert read_image(tmp_path / "a.png").pixels.tolist() == [[[4] * 3]]
    assert read_image(tmp_path / "a.png").is_grey is True
