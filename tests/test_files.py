"""Files are replaced whole, and digests are those of equal settings."""

import os

import pytest

from srcnn_lightning import files


def test_failed_replacing_leaves_no_temporary_file(tmp_path):
    (tmp_path / "table.md").mkdir()
    with pytest.raises(OSError):
        files.write_text(tmp_path / "table.md", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["table.md"]


def test_writing_replaces_the_file_instead_of_filling_it(tmp_path):
    # Whoever has it open keeps reading the old text: nobody ever sees half of the new one.
    path = tmp_path / "table.md"
    files.write_text(path, "old")
    with path.open() as reader:
        number = os.fstat(reader.fileno()).st_ino
        files.write_text(path, "new")
        assert reader.read() == "old"
        assert path.stat().st_ino != number
    assert path.read_text() == "new"


def test_digest_is_equal_for_equal_settings():
    one = {"lr": 1e-3, "data": {"crop": 800, "split": [0.6, 0.2, 0.2]}}
    # The order of keys says nothing; 1e-3 and 0.001 are one number; JSON knows no tuples.
    other = {"data": {"split": (0.6, 0.2, 0.2), "crop": 800}, "lr": 0.001}
    assert files.digest(one) == files.digest(other)


@pytest.mark.parametrize(
    "other",
    [
        {"lr": 1e-4, "split": [0.6, 0.2, 0.2], "name": None},
        {"lr": 1e-3, "split": [0.2, 0.6, 0.2], "name": None},
        {"lr": 1e-3, "split": [0.6, 0.2, 0.2], "name": "None"},
        {"lr": 1e-3, "split": [0.6, 0.2, 0.2]},
        {"lr": "0.001", "split": [0.6, 0.2, 0.2], "name": None},
        {"lr": 1e-3 + 1e-18, "split": [0.6, 0.2, 0.2], "name": None},
    ],
)
def test_digest_is_different_for_different_settings(other):
    settings = {"lr": 1e-3, "split": [0.6, 0.2, 0.2], "name": None}
    assert files.digest(other) != files.digest(settings)


def test_digest_is_the_same_in_every_process():
    # sha256 of '{"a": 1}', by sha256sum: no salt, as Python's own hash has.
    assert files.digest({"a": 1}) == "f9d86028c6e0d64e"
