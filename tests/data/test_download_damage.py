"""Zips with wrong bytes: over HTTP they are asked for again, on a disk they are a sentence."""

import random

import pytest
from small_div2k import CHOSEN, FOLDER, SUBSET, ZIP, assert_nothing_half, assert_right, fetch
from zip_server import Behaviour, serving

from srcnn_lightning.data import div2k
from srcnn_lightning.errors import BadInput

ENTRY = ZIP.index(b"PK\x01\x02") + 2 * 69  # of 0803.png in the directory: 69 bytes each
END = ZIP.index(b"PK\x05\x06")

# The byte, the bits that are flipped, and what zipfile makes of it.
FLIPS = {
    "version, NotImplementedError": (ENTRY + 6, 0x80),
    "encrypted, RuntimeError": (ENTRY + 8, 0x01),
    "patched data, NotImplementedError": (ENTRY + 8, 0x20),
    "deflate, zlib.error": (ENTRY + 10, 0x08),
    "bzip2, OSError": (ENTRY + 10, 0x0C),
    "lzma": (ENTRY + 10, 0x0E),
    "unknown method, NotImplementedError": (ENTRY + 10, 0x40),
    "CRC": (ENTRY + 16, 0x01),
    "stored size": (ENTRY + 21, 0x40),
    "size": (ENTRY + 25, 0x10),
    "name, NotInZip": (ENTRY + 46 + len(FOLDER) + 2, 0x01),
    "length of the name": (ENTRY + 28, 0x10),
    "length of the extra field": (ENTRY + 30, 0x08),
    "offset": (ENTRY + 42, 0x04),
    "signature": (ENTRY, 0x01),
    "signature of the end": (END, 0x01),
    "size of the directory": (END + 14, 0x40),
    "offset of the directory": (END + 18, 0x40),
}


def flipped(place, bits):
    wrong = bytearray(ZIP)
    wrong[place] ^= bits
    return bytes(wrong)


@pytest.mark.parametrize("flip", FLIPS)
def test_passing_wrong_byte_ends_right(tmp_path, flip):
    place, bits = FLIPS[flip]
    # The directory is read for the sizes of the images first, and then for an image.
    with serving(Behaviour(ZIP, wrong_byte=place, flip=bits, wrongs=2)) as server:
        fetch(tmp_path, server, CHOSEN[:1])
    assert_right(tmp_path, CHOSEN[:1])
    assert server.wrongs == 0


@pytest.mark.parametrize("flip", FLIPS)
def test_wrong_byte_on_a_disk_is_a_sentence(tmp_path, flip):
    (tmp_path / f"{FOLDER}.zip").write_bytes(flipped(*FLIPS[flip]))
    words = r"HR\.zip: it is damaged .*; remove it"
    with pytest.raises(BadInput, match=words) as caught:
        div2k.fetch(tmp_path, "http://127.0.0.1:9/", SUBSET, CHOSEN)
    assert "\n" not in str(caught.value)
    assert_nothing_half(tmp_path)


def test_any_byte_of_the_directory_may_be_wrong(tmp_path):
    dice = random.Random(0)
    sentences = 0
    for number in range(150):
        root = tmp_path / str(number)
        root.mkdir()
        place, bits = dice.randrange(END - 12 * 69, len(ZIP)), 1 << dice.randrange(8)
        (root / f"{FOLDER}.zip").write_bytes(flipped(place, bits))
        try:
            div2k.fetch(root, "http://127.0.0.1:9/", SUBSET, CHOSEN)
        except BadInput as error:
            assert str(error).startswith(str(root / f"{FOLDER}.zip"))
            sentences += 1
        else:
            assert_right(root)
    assert sentences > 20


@pytest.mark.slow
def test_any_byte_may_be_wrong_on_the_way(tmp_path):
    dice = random.Random(1)
    for number in range(40):
        place, bits = dice.randrange(END - 12 * 69, len(ZIP)), 1 << dice.randrange(8)
        with serving(Behaviour(ZIP, wrong_byte=place, flip=bits, wrongs=2)) as server:
            fetch(tmp_path / str(number), server)
        assert_right(tmp_path / str(number))


# 1980-00-00 becomes 1980-01-01, and 2107-15-31 becomes 2107-12-31.
DATES = [(b"\x00\x00", 315576000), (b"\xff\xff", 4354776000)]


@pytest.mark.parametrize(("date", "seconds"), DATES)
def test_zip_with_an_impossible_date_is_unpacked(tmp_path, date, seconds):
    content = bytearray(ZIP)
    content[ENTRY + 14 : ENTRY + 16] = date
    (tmp_path / f"{FOLDER}.zip").write_bytes(content)
    div2k.fetch(tmp_path, "http://127.0.0.1:9/", SUBSET, CHOSEN)
    assert (tmp_path / FOLDER / "0803.png").stat().st_mtime == seconds
