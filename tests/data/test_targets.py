import dataclasses
import os
import re

import numpy as np
import pytest
from data_settings import data_settings
from PIL import Image

from srcnn_lightning.config import DegradationConfig
from srcnn_lightning.data.sources import open_source
from srcnn_lightning.data.split import Split
from srcnn_lightning.data.targets import load_pairs, load_targets
from srcnn_lightning.errors import BadInput


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)


def gradient(height, width):
    """Red is the column, green the row, blue their sum: each pixel tells where it was."""
    rows, columns = np.mgrid[:height, :width]
    return np.dstack([columns, rows, rows + columns]).astype(np.uint8)


def constant(value, side=8):
    return np.full((side, side, 3), value)


def folder(root):
    return open_source(data_settings(kind="folder", name="photos", root=str(root)))


def load(source, names, crop, size, antialias, cache):
    """Targets of images that all train."""
    data = data_settings(crop=crop, target_size=size, cache_dir=str(cache))
    degradation = DegradationConfig(name="any", kernel="bicubic", antialias=antialias, scale=2)
    targets = load_targets(source, Split(list(names), [], []), data, degradation)
    return targets._replace(pixels=np.stack(targets.pixels))


def three_images(root):
    for index, value in enumerate((10, 20, 30)):
        save(root / f"{index}.png", constant(value))
    return folder(root)


def unreadable(source):
    """The same source, which fails when an image is wanted: only the cache can answer."""

    def read(name):
        raise AssertionError(f"{name} was read")

    return dataclasses.replace(source, read=read)


def files(cache):
    return sorted(path.name for path in cache.glob("[!.]*"))


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize(
    ("height", "width", "top", "left"),
    # An odd remainder has one row or column less above or left of the crop.
    [(30, 40, 5, 10), (31, 41, 5, 10), (20, 20, 0, 0), (20, 23, 0, 1)],
)
def test_load_targets_crops_the_centre(tmp_path, antialias, height, width, top, left):
    save(tmp_path / "in" / "a.png", gradient(height, width))
    source = folder(tmp_path / "in")
    targets = load(source, ["a.png"], 20, 20, antialias, tmp_path / "cache").pixels
    assert (targets.shape, targets.dtype) == ((1, 20, 20, 3), np.uint8)
    # As large as the crop: no resize, so the very pixels.
    assert np.array_equal(targets[0], gradient(height, width)[top : top + 20, left : left + 20])


def test_load_targets_resizes_the_crop_alone(tmp_path):
    # White all around a grey crop: resized before it is cut, white would bleed in.
    image = np.full((24, 24, 3), 255)
    image[8:16, 8:16] = 100
    save(tmp_path / "in" / "a.png", image)
    targets = load(folder(tmp_path / "in"), ["a.png"], 8, 4, True, tmp_path / "cache").pixels
    assert np.array_equal(targets, np.full((1, 4, 4, 3), 100))


def test_load_targets_antialias_changes_the_pixels(tmp_path):
    stripes = np.zeros((16, 16, 3))
    stripes[:, ::4] = 255
    save(tmp_path / "in" / "a.png", stripes)
    source = folder(tmp_path / "in")
    plain, smooth = (
        load(source, ["a.png"], 16, 4, antialias, tmp_path / "cache").pixels
        for antialias in (False, True)
    )
    # A quarter of the pixels is white. Between stripes, samples taken without antialiasing miss it.
    assert abs(smooth.mean() - 255 / 4) < 8
    assert abs(plain.mean() - 255 / 4) > 30


def test_load_targets_follow_the_order_of_names(tmp_path):
    source = three_images(tmp_path / "in")
    for names in (["2.png", "0.png", "1.png"], ["0.png", "1.png", "2.png"], ["1.png"]):
        targets = load(source, names, 8, 8, True, tmp_path / "cache").pixels
        assert targets[:, 0, 0, 0].tolist() == [10 * (int(name[0]) + 1) for name in names]


def test_load_targets_tell_what_is_grey_in_its_file_and_which_pixels_have_one_size(tmp_path):
    three_images(tmp_path / "in")
    save(tmp_path / "in" / "3.bmp", constant(20))  # the pixels of 1.png
    Image.new("L", (8, 8), 30).save(tmp_path / "in" / "4.png")  # and of 2.png, but grey
    source = folder(tmp_path / "in")
    names = ["4.png", "3.bmp", "2.png", "1.png", "0.png"]
    for _ in range(2):  # made, then read
        targets = load(source, names, 8, 4, True, tmp_path / "cache")
        assert targets.is_grey.tolist() == [True, False, False, False, False]
        assert targets.first_equal.tolist() == [0, 1, 0, 1, 4]


def test_load_targets_second_call_reads_the_cache_alone(tmp_path):
    source = three_images(tmp_path / "in")
    first = load(source, source.names, 8, 4, True, tmp_path / "cache")
    second = load(unreadable(source), source.names, 8, 4, True, tmp_path / "cache")
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one, other)
        assert one.dtype == other.dtype
    assert second.pixels.dtype == np.uint8


def test_load_targets_leaves_one_file_named_after_the_source(tmp_path):
    source = three_images(tmp_path / "in")
    load(source, source.names, 8, 4, True, tmp_path / "deep" / "cache")
    names = files(tmp_path / "deep" / "cache")
    assert len(names) == 1, "a temporary file was left"
    assert re.fullmatch(r"photos-[0-9a-f]{16}\.npy", names[0])


@pytest.mark.parametrize("changed", [(7, 4, True), (8, 2, True), (8, 4, False)])
def test_load_targets_of_other_settings_are_other_files(tmp_path, changed):
    source = three_images(tmp_path / "in")
    load(source, source.names, 8, 4, True, tmp_path / "cache")
    load(source, source.names, *changed, tmp_path / "cache")
    assert len(files(tmp_path / "cache")) == 2


def test_load_targets_of_a_changed_image_are_made_anew(tmp_path):
    source = three_images(tmp_path / "in")
    load(source, source.names, 8, 8, True, tmp_path / "cache")
    time = (tmp_path / "in" / "1.png").stat().st_mtime_ns
    save(tmp_path / "in" / "1.png", constant(99))
    # The clock of a file system may be too coarse to tell two writes of one test apart.
    os.utime(tmp_path / "in" / "1.png", ns=(time, time + 1))
    source = folder(tmp_path / "in")
    targets = load(source, source.names, 8, 8, True, tmp_path / "cache").pixels
    assert targets[:, 0, 0, 0].tolist() == [10, 99, 30]
    assert len(files(tmp_path / "cache")) == 2


def break_file(path, kind):
    content = path.read_bytes()
    path.write_bytes(
        {"empty": b"", "text": b"no array", "cut": content[:-10], "zip": b"PK\x03\x04" + content}[
            kind
        ]
    )


@pytest.mark.parametrize("kind", ["empty", "text", "cut", "zip"])
def test_load_targets_make_a_broken_cache_anew(tmp_path, kind):
    source = three_images(tmp_path / "in")
    first = load(source, source.names, 8, 4, True, tmp_path / "cache").pixels
    (path,) = (tmp_path / "cache").glob("[!.]*")
    break_file(path, kind)
    again = load(source, source.names, 8, 4, True, tmp_path / "cache").pixels
    assert np.array_equal(again, first)
    # And mended it: the next call needs no image.
    load(unreadable(source), source.names, 8, 4, True, tmp_path / "cache")
    assert files(tmp_path / "cache") == [path.name]


@pytest.mark.parametrize("kind", ["empty", "text", "cut", "zip"])
def test_load_pairs_make_broken_inputs_anew(tmp_path, kind):
    source = three_images(tmp_path / "in")
    data = data_settings(crop=8, target_size=8, cache_dir=str(tmp_path / "cache"))
    degradation = DegradationConfig(name="any", kernel="bicubic", antialias=True, scale=2)
    split = Split(list(source.names), [], [])
    load_targets(source, split, data, degradation)
    (targets,) = (tmp_path / "cache").glob("[!.]*")
    lr = np.stack(load_pairs(source, split, data, degradation).lr)
    assert (lr.shape, lr[:, 0, 0, 0].tolist()) == ((3, 4, 4, 3), [10, 20, 30])
    (inputs,) = set((tmp_path / "cache").glob("[!.]*")) - {targets}
    whole = inputs.read_bytes()
    break_file(inputs, kind)
    assert np.array_equal(load_pairs(unreadable(source), split, data, degradation).lr, lr)
    assert inputs.read_bytes() == whole


@pytest.mark.parametrize("changed", [{"kernel": "nearest"}, {"antialias": False}, {"scale": 4}])
def test_inputs_of_another_degradation_are_another_file(tmp_path, changed):
    source = three_images(tmp_path / "in")
    data = data_settings(crop=8, target_size=None, cache_dir=str(tmp_path / "cache"))
    degradation = DegradationConfig(name="any", kernel="bicubic", antialias=True, scale=2)
    split = Split(list(source.names), [], [])
    for one in (degradation, dataclasses.replace(degradation, **changed)):
        load_pairs(source, split, data, one)
    assert len(files(tmp_path / "cache")) == 3  # one of targets, two of inputs


@pytest.mark.parametrize(("height", "width"), [(7, 9), (9, 7)])
def test_load_targets_of_a_too_small_image_name_it(tmp_path, height, width):
    three_images(tmp_path / "in")
    save(tmp_path / "in" / "small.png", gradient(height, width))
    source = folder(tmp_path / "in")
    sentence = f"data.crop=8: small.png has {width}x{height} pixels; set data.crop=7 or less"
    with pytest.raises(BadInput, match=re.escape(sentence)):
        load(source, source.names, 8, 4, True, tmp_path / "cache")
    assert not any((tmp_path / "cache").glob("[!.]*"))


def test_load_targets_of_an_unreadable_image_name_it(tmp_path):
    three_images(tmp_path / "in")
    (tmp_path / "in" / "broken.png").write_bytes(b"no image")
    source = folder(tmp_path / "in")
    with pytest.raises(BadInput, match=r"broken\.png: not a readable image"):
        load(source, source.names, 8, 4, True, tmp_path / "cache")


def test_load_targets_are_silent_about_odd_metadata(tmp_path):
    # EXIF data that promise five entries and end: Pillow warns, and reads the pixels well.
    exif = b"Exif\0\0II*\0\x08\0\0\0\x05\0"
    (tmp_path / "in").mkdir()
    for index in range(4):
        Image.new("L", (8, 8), 128).save(tmp_path / "in" / f"{index}.jpg", exif=exif)
    with pytest.warns(UserWarning, match="EXIF"), Image.open(tmp_path / "in" / "0.jpg") as image:
        image.getexif()
    source = folder(tmp_path / "in")
    targets = load(source, source.names, 8, 4, True, tmp_path / "cache").pixels
    assert np.abs(targets.astype(int) - 128).max() <= 1


@pytest.mark.parametrize("below", ["", "deeper"])
def test_load_targets_into_a_file_name_the_setting(tmp_path, below):
    # A file in the folder's place: permissions would not stop root.
    source = three_images(tmp_path / "in")
    (tmp_path / "file").write_text("")
    cache = tmp_path / "file" / below
    with pytest.raises(BadInput, match=re.escape(f"data.cache_dir={cache}: it cannot be written")):
        load(source, source.names, 8, 4, True, cache)
    assert (tmp_path / "file").read_text() == ""


def test_load_targets_where_a_folder_has_the_files_name_leave_nothing(tmp_path):
    source = three_images(tmp_path / "in")
    load(source, source.names, 8, 4, True, tmp_path / "cache")
    (path,) = (tmp_path / "cache").glob("[!.]*")
    path.unlink()
    path.mkdir()
    with pytest.raises(BadInput, match=re.escape(f"data.cache_dir={tmp_path / 'cache'}")):
        load(source, source.names, 8, 4, True, tmp_path / "cache")
    assert files(tmp_path / "cache") == [path.name]


def test_image_that_a_source_cannot_read_is_named_and_not_the_cache(tmp_path):
    def read(name):
        return Image.open(tmp_path / f"gone/{name}")

    source = dataclasses.replace(three_images(tmp_path / "in"), read=read)
    with pytest.raises(BadInput, match=r"^photos: 0\.png cannot be read \(No such file or dir"):
        load(source, source.names, 8, None, False, tmp_path / "cache")
    assert files(tmp_path / "cache") == []
