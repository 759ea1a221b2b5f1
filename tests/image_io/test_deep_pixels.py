"""Files of more than 8 bits a channel: read as their 8-bit twins."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from png_files import chunk

from srcnn_lightning.image_io import read_image, read_picture

# Numbers whose 257th, rounded, is not the high byte: 129 / 257 = 0.502.
COLOURS = np.random.default_rng(0).integers(0, 65536, (40, 50, 3)).astype(np.uint16)
COLOURS[0, :4, 0] = [129, 4863, 65280, 65535]
TWIN = np.floor(COLOURS / 257 + 0.5).astype(np.uint8)


@pytest.fixture(autouse=True)
def says_nothing(capfd, caplog):
    """No library prints lines of its own."""
    yield
    assert capfd.readouterr() == ("", "")
    assert caplog.get_records("call") == []  # Python prints what nobody else handles


def png(pixels, kind, *chunks):
    """`(H, W, ...)` of uint8 or uint16; `kind` is PNG's colour type."""
    bits = 8 * pixels.itemsize
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], bits, kind, 0, 0, 0)
    rows = pixels.astype(pixels.dtype.newbyteorder(">"))
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), *chunks, chunk(b"IDAT", data)]
    ) + chunk(b"IEND", b"")


@pytest.mark.parametrize("bits", [8, 16])
def test_transparent_grey_of_a_png_is_white(tmp_path, bits):
    scale = 257 if bits == 16 else 1
    pixels = np.array([[0, 7, 8]], f"uint{bits}") * np.array(scale, f"uint{bits}")
    transparent = chunk(b"tRNS", struct.pack(">H", 7 * scale))
    (tmp_path / "a.png").write_bytes(png(pixels, 0, transparent))
    assert read_image(tmp_path / "a.png").pixels[0].tolist() == [[0] * 3, [255] * 3, [8] * 3]


def test_transparent_colour_of_a_png_is_compared_in_all_its_16_bits(tmp_path):
    pixels = np.array([[[257, 514, 771], [257, 514, 772]]], np.uint16)
    transparent = chunk(b"tRNS", struct.pack(">HHH", 257, 514, 771))
    (tmp_path / "a.png").write_bytes(png(pixels, 2, transparent))
    assert read_image(tmp_path / "a.png").pixels[0].tolist() == [[255] * 3, [1, 2, 3]]


def test_grey_and_alpha_of_a_png_lie_over_white(tmp_path):
    pixels = np.array([[[25700, 65535], [25700, 0], [0, 257 * 128]]], np.uint16)
    (tmp_path / "a.png").write_bytes(png(pixels, 4))
    assert read_image(tmp_path / "a.png").pixels[0].tolist() == [[100] * 3, [255] * 3, [127] * 3]


def test_odd_metadata_of_a_16_bit_png_are_no_reason_for_a_line(tmp_path):
    # libpng warns of each: a text that ends early, a profile that is none.
    odd = [chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 99)[:-6]), chunk(b"iCCP", b"a\0\0bc")]
    (tmp_path / "a.png").write_bytes(png(COLOURS, 2, *odd))
    assert np.array_equal(read_image(tmp_path / "a.png").pixels, TWIN)


@pytest.mark.parametrize("bits", ["BGR;15", "BGR;16"])
def test_bmp_of_16_bits_a_pixel_is_no_16_bit_image(tmp_path, bits):
    # Five or six bits a channel: the last pixel is white, the first pure red.
    red, white = {"BGR;15": (0x7C00, 0x7FFF), "BGR;16": (0xF800, 0xFFFF)}[bits]
    masks = (0x7C00, 0x3E0, 0x1F) if bits == "BGR;15" else (0xF800, 0x7E0, 0x1F)
    header = struct.pack("<IiiHHIIiiII", 40, 2, 1, 1, 16, 3, 4, 0, 0, 0, 0)
    start = 14 + 40 + 12
    content = struct.pack("<2sIII", b"BM", start + 4, 0, start) + header
    content += struct.pack("<III", *masks) + struct.pack("<HH", red, white)
    (tmp_path / "a.bmp").write_bytes(content)
    assert read_image(tmp_path / "a.bmp").pixels[0].tolist() == [[255, 0, 0], [255, 255, 255]]


def test_16_bit_grey_stays_grey(tmp_path):
    Image.fromarray(COLOURS[..., 0]).save(tmp_path / "a.png")
    assert np.array_equal(read_picture(tmp_path / "a.png").pixels, COLOURS[..., :1])
