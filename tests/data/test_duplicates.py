"""The same image under two names, whatever made it so."""

import json
import os
import re
import shutil

import numpy as np
import pytest
from data_settings import ANTIALIASED, data_settings
from PIL import Image

from srcnn_lightning.data.sources import open_source
from srcnn_lightning.data.split import Split, make_split
from srcnn_lightning.data.targets import load_targets
from srcnn_lightning.errors import BadInput


def pixels(number):
    return np.random.default_rng(number).integers(0, 256, (16, 16, 3), np.uint8)


def images(root, count):
    """0.png, 1.png and so on, all different."""
    root.mkdir()
    for number in range(count):
        Image.fromarray(pixels(number)).save(root / f"{number}.png")


def copy(original, path):
    """Another file of the same image, in the way that its name says."""
    if path.stem == "link":
        path.symlink_to(original)
    elif path.stem == "hard":
        os.link(original, path)
    elif path.stem == "copy":
        shutil.copyfile(original, path)
    else:
        Image.open(original).save(path, lossless=True)  # which WebP alone needs to be told


def settings(tmp_path, **changed):
    folders = {"root": str(tmp_path / "in"), "cache_dir": str(tmp_path / "cache")}
    return data_settings(kind="folder", **folders, **changed)


def load(data, *parts):
    split = Split(*(part.split() for part in parts))
    return load_targets(open_source(data), split, data, ANTIALIASED)


@pytest.mark.parametrize(
    "name", ["copy.png", "link.png", "hard.png", "saved.bmp", "saved.webp", "saved.tif"]
)
def test_an_image_in_two_parts_is_refused(tmp_path, name):
    images(tmp_path / "in", 3)
    copy(tmp_path / "in" / "0.png", tmp_path / "in" / name)
    sentence = (
        f"data.root={tmp_path / 'in'}: 0.png (train) and {name} (test) are the same image, "
        "so metrics of one part would be of images of another; remove one of the two, or give a "
        "data.split_file that has both in one part."
    )
    for _ in range(2):  # also where the targets lie in the cache
        with pytest.raises(BadInput, match="^" + re.escape(sentence) + "$"):
            load(settings(tmp_path), "0.png 1.png", "2.png", name)


def test_further_pairs_are_counted(tmp_path):
    images(tmp_path / "in", 4)
    for name, number in {"copy.png": 0, "saved.bmp": 1, "link.png": 0}.items():
        copy(tmp_path / "in" / f"{number}.png", tmp_path / "in" / name)
    with pytest.raises(BadInput, match=r"0\.png \(train\) and copy\.png \(val\)") as caught:
        load(settings(tmp_path), "0.png 1.png", "copy.png saved.bmp", "2.png 3.png link.png")
    assert "same image (2 further such pairs), so" in str(caught.value)


def test_a_cache_made_for_one_split_is_refused_for_another(tmp_path):
    # The same names in the same order: the same file of targets.
    images(tmp_path / "in", 3)
    copy(tmp_path / "in" / "0.png", tmp_path / "in" / "copy.png")
    load(settings(tmp_path), "0.png copy.png", "1.png", "2.png")
    with pytest.raises(BadInput, match=r"0\.png \(train\) and copy\.png \(val\)"):
        load(settings(tmp_path), "0.png", "copy.png 1.png", "2.png")
    assert len(list((tmp_path / "cache").glob("[!.]*"))) == 1


def test_images_of_one_part_that_are_the_same_are_named_once(tmp_path, capsys):
    images(tmp_path / "in", 4)
    for name, number in {"copy.png": 0, "saved.bmp": 3}.items():
        copy(tmp_path / "in" / f"{number}.png", tmp_path / "in" / name)
    for _ in range(2):
        targets = load(settings(tmp_path), "0.png 1.png copy.png", "2.png", "3.png saved.bmp")
        assert len(targets.pixels) == 6
    assert capsys.readouterr().out == (
        f"data.root={tmp_path / 'in'}: the same image stands in one part under two names: "
        "0.png and copy.png (train), 3.png and saved.bmp (test)\n"
    )


def test_a_split_file_is_named_where_it_puts_an_image_into_two_parts(tmp_path):
    images(tmp_path / "in", 3)
    copy(tmp_path / "in" / "1.png", tmp_path / "in" / "link.png")
    parts = {"train": ["0.png"], "val": ["1.png"], "test": ["link.png", "2.png"]}
    (tmp_path / "split.json").write_text(json.dumps(parts))
    data = settings(tmp_path, split_file=str(tmp_path / "split.json"), count=4, seed=0)
    source = open_source(data)
    split = make_split(source.names, data)
    with pytest.raises(BadInput, match=r"^data\.split_file=.*1\.png \(val\) and link\.png \(test"):
        load_targets(source, split, data, ANTIALIASED)


def test_copies_that_are_not_chosen_do_not_matter(tmp_path, capsys):
    images(tmp_path / "in", 3)
    copy(tmp_path / "in" / "0.png", tmp_path / "in" / "copy.png")
    load(settings(tmp_path), "0.png", "1.png", "2.png")
    assert capsys.readouterr().out == ""
