import os
import re
import sys

import numpy as np
import pytest
from data_settings import data_settings
from PIL import Image

from srcnn_lightning.data.sources import open_source
from srcnn_lightning.errors import BadInput


def settings(kind, root=None, **changed):
    if kind == "div2k":
        changed = {"subset": "valid", "url": "http://127.0.0.1:9/", **changed}
    return data_settings(kind=kind, root=None if root is None else str(root), **changed)


def save(path, colour=(1, 2, 3)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 3), colour).save(path)


def test_folder_lists_images_sorted_and_reads_them(tmp_path):
    for name, colour in {"b.png": (4, 5, 6), "a.bmp": (1, 2, 3)}.items():
        save(tmp_path / name, colour)
    source = open_source(settings("folder", tmp_path))
    assert source.names == ["a.bmp", "b.png"]
    assert source.read("b.png").pixels.tolist() == [[[4, 5, 6]] * 4] * 3


def test_folder_takes_every_extension_in_either_case(tmp_path):
    names = ["a.png", "b.JPG", "c.Jpeg", "d.WEBP", "e.bmp", "f.TIF", "g.tiff", "h.jfif", "i.jpe"]
    for name in names:
        save(tmp_path / name)
    source = open_source(settings("folder", tmp_path))
    assert source.names == names
    assert [source.read(name).pixels.shape for name in names] == [(3, 4, 3)] * len(names)


def test_folder_ignores_hidden_files_other_files_and_folders(tmp_path):
    # macOS lays ._a.png beside a.png on foreign file systems; it is no image.
    for name in ("a.png", "._a.png", ".hidden.png", "deeper/b.png", "folder.png/c.png"):
        save(tmp_path / name)
    for name in ("notes.txt", "png", "a.png.part"):
        (tmp_path / name).write_text("no image")
    assert open_source(settings("folder", tmp_path)).names == ["a.png"]


def test_folder_says_once_what_it_skips(tmp_path, capsys):
    for name in ("a.png", ".hidden.gif", "more/b.png", "c.png/d.png"):
        save(tmp_path / name)
    for name in ("1.gif", "2.GIF", "notes.txt", "README"):
        (tmp_path / name).write_text("no image")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    for _ in range(3):  # as the jobs of a sweep do
        open_source(settings("folder", tmp_path))
    assert capsys.readouterr().out == (
        f"data.root={tmp_path}: skipped 4 files of other types than PNG, JPEG, WebP, BMP or TIFF "
        "(.gif 2, .txt 1, no ending 1), 2 subfolders and 1 broken link\n"
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_folder_tells_a_pipe_from_a_broken_link(tmp_path, capsys):
    save(tmp_path / "a.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "pipe.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    open_source(settings("folder", tmp_path))
    assert capsys.readouterr().out == (
        f"data.root={tmp_path}: skipped 1 broken link and 2 special files\n"
    )


def test_folder_of_images_alone_is_silent(tmp_path, capsys):
    save(tmp_path / "a.png")
    (tmp_path / ".DS_Store").write_text("no image")
    open_source(settings("folder", tmp_path))
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems take no such name")
def test_folder_says_of_an_ending_that_cannot_be_printed_that_it_is_there(tmp_path, capsys):
    save(tmp_path / "a.png")
    (tmp_path / os.fsdecode(b"b.\xff")).write_text("no image")
    open_source(settings("folder", tmp_path))
    assert capsys.readouterr().out.endswith(
        "skipped 1 file of other types than PNG, JPEG, WebP, BMP or TIFF (.? 1)\n"
    )


def test_folder_ignores_a_link_to_nothing(tmp_path):
    save(tmp_path / "a.png")
    (tmp_path / "b.png").symlink_to(tmp_path / "gone.png")
    assert open_source(settings("folder", tmp_path)).names == ["a.png"]


def test_folder_missing_names_setting_and_value(tmp_path):
    with pytest.raises(BadInput, match=re.escape(f"data.root={tmp_path / 'gone'}: there is no")):
        open_source(settings("folder", tmp_path / "gone"))


@pytest.mark.parametrize("kind", ["folder", "div2k"])
def test_root_not_given_names_the_setting(kind):
    with pytest.raises(BadInput, match=r"data\.root=null: give the folder"):
        open_source(settings(kind))


def test_folder_that_is_a_file_names_setting_and_value(tmp_path):
    save(tmp_path / "a.png")
    with pytest.raises(BadInput, match=re.escape(f"data.root={tmp_path / 'a.png'}")):
        open_source(settings("folder", tmp_path / "a.png"))


def test_folder_without_images_names_setting_value_and_formats(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    save(tmp_path / "holiday" / "a.png")
    with pytest.raises(BadInput, match=r"data\.root=.* holds no images \(PNG, JPEG,") as caught:
        open_source(settings("folder", tmp_path))
    assert str(tmp_path) in str(caught.value)
    assert "only 1 file of other types" in str(caught.value)
    assert "(.txt 1) and 1 subfolder; give the folder" in str(caught.value)


def test_folder_is_named_after_its_last_component_or_as_set(tmp_path):
    save(tmp_path / "photos" / "a.png")
    assert open_source(settings("folder", tmp_path / "photos")).name == "photos"
    assert open_source(settings("folder", tmp_path / "photos" / ".")).name == "photos"
    assert open_source(settings("folder", tmp_path / "photos", name="mine")).name == "mine"


def test_folder_root_may_start_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    save(tmp_path / "photos" / "a.png")
    assert open_source(settings("folder", "~/photos")).names == ["a.png"]


def test_identity_changes_with_a_files_size_and_with_its_time(tmp_path):
    save(tmp_path / "a.png")
    save(tmp_path / "b.png")
    first = open_source(settings("folder", tmp_path)).identity
    assert open_source(settings("folder", tmp_path)).identity == first
    time = (tmp_path / "a.png").stat().st_mtime_ns
    # One nanosecond: a rewrite within the same second must show.
    os.utime(tmp_path / "a.png", ns=(time, time + 1))
    second = open_source(settings("folder", tmp_path)).identity
    assert second["a.png"] != first["a.png"]
    assert second["b.png"] == first["b.png"]
    with (tmp_path / "a.png").open("ab") as file:
        file.write(b"longer")
    os.utime(tmp_path / "a.png", ns=(time, time))
    third = open_source(settings("folder", tmp_path)).identity
    assert third["a.png"] not in (first["a.png"], second["a.png"])


def test_div2k_reads_the_png_files_of_its_folder(tmp_path):
    save(tmp_path / "DIV2K_valid_HR" / "0801.png", (7, 8, 9))
    save(tmp_path / "0802.png", (4, 5, 6))
    source = open_source(settings("div2k", tmp_path)).ensure(["0801.png", "0802.png"])
    assert (source.name, source.names) == ("DIV2K", ["0801.png", "0802.png"])
    assert source.read("0801.png").pixels[0, 0].tolist() == [7, 8, 9]
    assert source.read("0802.png").pixels[0, 0].tolist() == [4, 5, 6]
    assert source.identity["0801.png"][0] == (tmp_path / "DIV2K_valid_HR/0801.png").stat().st_size


@pytest.mark.parametrize(
    ("subset", "name", "count", "ends"),
    [
        ("valid", "DIV2K", 100, ("0801.png", "0900.png")),
        ("train", "DIV2K_train", 800, ("0001.png", "0800.png")),
    ],
)
def test_div2k_knows_its_names_whatever_lies_there(tmp_path, subset, name, count, ends):
    # A choice by data.seed must not depend on which images were fetched before.
    save(tmp_path / "DIV2K_valid_HR" / "0801.png")
    save(tmp_path / "DIV2K_valid_HR" / "other.png")
    source = open_source(settings("div2k", tmp_path, subset=subset))
    assert source.name == name
    assert len(source.names) == count
    assert (source.names[0], source.names[-1]) == ends


@pytest.mark.slow
def test_div2k_unreachable_names_the_setting_and_both_ways_out(tmp_path):
    with pytest.raises(BadInput, match=re.escape("data.url=http://127.0.0.1:9/: ")) as caught:
        open_source(settings("div2k", tmp_path)).ensure(["0801.png"])
    sentence = str(caught.value)
    assert "data.root=DIR" in sentence
    assert "DIV2K_valid_HR.zip" in sentence
    assert "data=dead_leaves" in sentence


def test_div2k_subset_unknown_names_both():
    with pytest.raises(BadInput, match=r"data\.subset=test: choose valid or train"):
        open_source(settings("div2k", "anywhere", subset="test"))


def test_dead_leaves_has_count_images_of_the_crops_size():
    source = open_source(settings("dead_leaves", crop=24, count=12))
    assert source.name == "dead_leaves"
    assert len(source.names) == 12
    assert source.read(source.names[11]).pixels.shape == (24, 24, 3)


def test_blurred_leaves_are_other_images_of_their_own_name():
    sharp, blurred = (
        open_source(settings(kind, count=12)) for kind in ("dead_leaves", "blurred_leaves")
    )
    assert (blurred.name, blurred.names[0]) == ("blurred_leaves", "blurred_leaves_0000")
    pairs = zip(sharp.names, blurred.names, strict=True)
    same = [np.array_equal(sharp.read(a).pixels, blurred.read(b).pixels) for a, b in pairs]
    assert 0 < sum(same) < 12


def test_dead_leaves_follow_data_seed_and_index():
    def image(seed, index):
        source = open_source(settings("dead_leaves", seed=seed))
        return source.read(source.names[index]).pixels

    assert np.array_equal(image(0, 1), image(0, 1))
    assert not np.array_equal(image(0, 1), image(1, 1))
    assert not np.array_equal(image(0, 1), image(0, 2))
    # Neighbours in seed and index must not share images, as seed + index would.
    assert not np.array_equal(image(0, 1), image(1, 0))


def test_dead_leaves_keep_an_image_when_there_are_more():
    few, many = (open_source(settings("dead_leaves", count=count)) for count in (3, 300))
    assert np.array_equal(few.read(few.names[2]).pixels, many.read(few.names[2]).pixels)


def test_dead_leaves_identity_tells_seeds_and_crops_apart():
    sources = [
        open_source(settings("dead_leaves", **changed))
        for changed in ({}, {}, {"seed": 1}, {"crop": 17})
    ]
    first, same, other_seed, other_crop = (source.identity for source in sources)
    assert first == same
    assert first["dead_leaves_0000"] != other_seed["dead_leaves_0000"]
    assert first["dead_leaves_0000"] != other_crop["dead_leaves_0000"]
