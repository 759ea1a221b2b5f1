"""Files that are no whole image, and headers that only look dangerous."""

import contextlib
import os
import threading
import time
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from png_files import chunk, one_bit_png

from srcnn_lightning.errors import BadInput
from srcnn_lightning.image_io import read_image


@pytest.mark.filterwarnings("ignore")  # Pillow warns besides; test_targets.py sees to silence
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.bmp", "16.png", "16.tif"])
@pytest.mark.parametrize("kept", [0.95, 0.5, 0.05])
def test_read_image_truncated_names_the_file(tmp_path, name, kept):
    path = tmp_path / name
    bits = np.uint16 if name.startswith("16") else np.uint8
    pixels = np.random.default_rng(0).integers(0, np.iinfo(bits).max, (64, 64, 3), bits)
    cv2.imwrite(str(path), pixels)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(BadInput, match=name):
        read_image(path)


@pytest.mark.parametrize("content", [b"", b"not an image, but a text\n"])
def test_read_image_of_no_image_names_the_file(tmp_path, content):
    (tmp_path / "text.png").write_bytes(content)
    with pytest.raises(BadInput, match=r"text\.png: not a readable image"):
        read_image(tmp_path / "text.png")


def test_image_of_another_type_than_those_that_are_read_names_those(tmp_path):
    Image.new("P", (8, 8)).save(tmp_path / "a.gif")
    path = (tmp_path / "a.gif").rename(tmp_path / "a.png")
    with pytest.raises(BadInput) as refusal:
        read_image(path)
    assert str(refusal.value) == (
        f"{path}: not a readable image (damaged, or a type that is not read); "
        "save it as PNG, JPEG, WebP, BMP or TIFF."
    )


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that fails")
def test_read_image_of_a_disk_that_fails_says_so(tmp_path):
    (tmp_path / "a.png").symlink_to("/proc/self/mem")  # its first bytes cannot be read
    with pytest.raises(BadInput) as refusal:
        read_image(tmp_path / "a.png")
    sentence = "it cannot be read (Input/output error); make it readable or remove it."
    assert str(refusal.value) == f"{tmp_path / 'a.png'}: {sentence}"


@pytest.mark.parametrize("size", [(11000, 10000), (20000, 20000)])
def test_read_image_does_not_take_a_large_image_for_an_attack(tmp_path, size):
    # Pillow warns from 89 megapixels on and refuses from 179 on, both by the header alone.
    (tmp_path / "a.png").write_bytes(one_bit_png(*size) + chunk(b"IDAT", b"x\x9c"))
    with pytest.raises(BadInput, match="truncated"):
        read_image(tmp_path / "a.png")


def test_read_image_of_a_damaged_chunk_names_the_file(tmp_path):
    data = chunk(b"IDAT", b"x\x9c") + chunk(b"\0\0\0\0", b"no letters, no chunk")
    (tmp_path / "a.png").write_bytes(one_bit_png(8, 8) + data)
    with pytest.raises(BadInput, match=r"a\.png: not a readable image"):
        read_image(tmp_path / "a.png")


@pytest.mark.slow  # ten seconds and 1.5 GB
def test_read_image_reads_110_megapixels(tmp_path):
    Image.new("1", (11000, 10000), 1).save(tmp_path / "large.png")
    assert read_image(tmp_path / "large.png").pixels.shape == (10000, 11000, 3)


def refused(path):
    with pytest.raises(BadInput):
        read_image(path)


def writer_to(path):
    """A descriptor, once a reader has opened the pipe; None if none does."""
    for _ in range(200):
        with contextlib.suppress(OSError):
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.01)
    return None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_read_image_in_two_threads_leaves_the_warning_filters_alone(tmp_path):
    # Filters belong to the process: what one thread sets aside, another may put back for good.
    before = list(warnings.filters)
    readers, writers = [], []
    for name in ("first", "second"):
        # A pipe holds its reader inside the file, so that the two overlap for certain.
        os.mkfifo(tmp_path / name)
        readers.append(threading.Thread(target=refused, args=(tmp_path / name,), daemon=True))
        readers[-1].start()
        writers.append(writer_to(tmp_path / name))
    for reader, writer in zip(readers, writers, strict=True):
        assert writer is not None, "the file was never opened"
        os.close(writer)
        reader.join(timeout=10)
    assert warnings.filters == before
