"""The file of a run record: written whole, read as it is, found."""

import json
import math
import subprocess
import sys

import pytest

from srcnn_lightning import run_record


def test_record_reads_back_as_written(tmp_path):
    written = {
        "name": "lr=0.001",
        "metrics": {"test_psnr": 26.123456789012345, "test_loss": 1e-300, "max_val_psnr": None},
        "history": [{"epoch": 1, "val_psnr": 0.1 + 0.2}],
        "split": {"train": ["ä.png", 'a "b".png']},
        "diverged": False,
    }
    run_record.write(tmp_path, written)
    assert run_record.read(tmp_path) == {"format": 1, **written}


def test_record_can_be_written_again_as_read(tmp_path):
    run_record.write(tmp_path, {"status": "finished"})
    found = run_record.read(tmp_path)
    run_record.write(tmp_path, found)
    assert run_record.read(tmp_path) == found


def test_record_is_replaced_whole(tmp_path):
    run_record.write(tmp_path, {"status": "failed", "error": "x" * 10_000})
    run_record.write(tmp_path, {"status": "finished"})
    assert run_record.read(tmp_path) == {"format": 1, "status": "finished"}


def test_record_makes_its_folder(tmp_path):
    run_record.write(tmp_path / "experiment" / "run", {"status": "finished"})
    assert run_record.read(tmp_path / "experiment" / "run") is not None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_becomes_null(tmp_path, value):
    written = {"a": value, "b": [1.5, value], "c": {"d": (value, {"e": value})}}
    run_record.write(tmp_path, written)
    assert run_record.read(tmp_path) == {
        "format": 1,
        "a": None,
        "b": [1.5, None],
        "c": {"d": [None, {"e": None}]},
    }
    # Plain JSON, for readers other than Python's, which takes NaN.
    text = (tmp_path / "metrics.json").read_text()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_no_temporary_file_is_left(tmp_path):
    run_record.write(tmp_path, {"status": "finished"})
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]


def test_failed_writing_leaves_the_old_record_and_nothing_else(tmp_path):
    run_record.write(tmp_path, {"status": "finished"})
    with pytest.raises(TypeError):
        run_record.write(tmp_path, {"status": object()})
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]
    assert run_record.read(tmp_path)["status"] == "finished"


def test_no_record_is_none(tmp_path):
    assert run_record.read(tmp_path) is None
    assert run_record.read(tmp_path / "nothing") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"format": 1, "status": "fin',
        b'{"format": 2, "status": "finished"}',
        b'{"status": "finished"}',
        b"[1, 2]",
        b"null",
        b"\xff\xfe\x00",
    ],
)
def test_broken_record_and_other_format_are_refused(tmp_path, content):
    (tmp_path / "metrics.json").write_bytes(content)
    with pytest.raises(ValueError):
        run_record.read(tmp_path)


def test_reading_and_writing_import_no_pydantic(tmp_path):
    code = (
        "import sys; from pathlib import Path; from srcnn_lightning import run_record;"
        "run_record.write(Path('.'), {'hash': '0'}); run_record.read(Path('.'));"
        "sys.exit('pydantic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def test_find_gives_every_folder_with_a_record_in_order(tmp_path):
    for name in ("b/run", "a/run-2", "a/run-1"):
        run_record.write(tmp_path / name, {})
    (tmp_path / "empty" / "run").mkdir(parents=True)
    found = [folder.relative_to(tmp_path).as_posix() for folder in run_record.find(tmp_path)]
    assert found == ["a/run-1", "a/run-2", "b/run"]


def test_find_leaves_hidden_folders_out(tmp_path):
    for name in ("a/run", "a/.replaced/run-20261123", ".hydra/run", "a/run/.old"):
        run_record.write(tmp_path / name, {})
    assert list(run_record.find(tmp_path)) == [tmp_path / "a" / "run"]


def test_find_looks_below_a_hidden_folder_it_is_given(tmp_path):
    # Somebody's outputs may lie under ~/.cache.
    run_record.write(tmp_path / ".cache" / "run", {})
    assert list(run_record.find(tmp_path / ".cache")) == [tmp_path / ".cache" / "run"]
