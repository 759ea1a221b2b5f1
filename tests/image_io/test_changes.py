"""Sentences for the properties of a file that a picture does not keep."""

import icc_profiles
import pytest
from PIL import Image
from png_files import chunk

from srcnn_lightning.image_io import read_image, read_picture

BROKEN_PROFILE = "Its colour profile is broken, or of other pixels, and left out."
NOT_READ = "Its cICP colour declaration is not read."


def with_chunk(path, kind, content):
    """Write a PNG of one pixel, (60, 200, 60), with a further chunk behind its header."""
    Image.new("RGB", (1, 1), (60, 200, 60)).save(path)
    data = path.read_bytes()
    further = chunk(kind, content)
    path.write_bytes(data[:33] + further + data[33:])  # a signature of 8 bytes, a header of 25
    return path


def test_profile_of_a_png_that_cannot_be_decompressed_is_left_out_with_a_sentence(tmp_path):
    path = with_chunk(tmp_path / "a.png", b"iCCP", b"name\0\0no deflated data")
    assert read_picture(path).profile is None
    assert read_picture(path).changes == (BROKEN_PROFILE,)
    assert read_image(path).pixels.tolist() == [[[60, 200, 60]]]


def test_profile_of_a_jpeg_that_lacks_a_part_is_left_out_with_a_sentence(tmp_path):
    path = tmp_path / "a.jpg"
    Image.new("RGB", (8, 8)).save(path, icc_profile=icc_profiles.DISPLAY_P3)
    content = path.read_bytes()
    assert content.count(b"ICC_PROFILE\0\1\1") == 1  # part 1 of 1
    path.write_bytes(content.replace(b"ICC_PROFILE\0\1\1", b"ICC_PROFILE\0\1\2"))
    assert read_picture(path).changes == (BROKEN_PROFILE,)


@pytest.mark.parametrize(
    ("numbers", "changes"),
    [
        ((12, 13, 0, 1), (NOT_READ,)),  # Display P3
        ((9, 16, 0, 1), (NOT_READ,)),  # BT.2020 with PQ
        ((1, 13, 0, 1), ()),  # sRGB, as which it is read
    ],
)
def test_colours_that_a_png_declares_by_numbers_are_not_read_and_a_sentence_says_so(
    tmp_path, numbers, changes
):
    path = with_chunk(tmp_path / "a.png", b"cICP", bytes(numbers))
    assert read_picture(path).changes == changes
    assert read_image(path).pixels.tolist() == [[[60, 200, 60]]]
