import json
import math
import os
import subprocess
import sys

import pytest
from record_places import GONE, changed
from report_outputs import make_run
from run_records import make_content

from srcnn_lightning import files, run_record
from srcnn_lightning.run_record import MOST_EPOCHS, UNNAMED_VERSION, check, load


def file_names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


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
    assert file_names(tmp_path) == ["metrics.json"]


def test_failed_writing_leaves_the_old_record_and_nothing_else(tmp_path):
    run_record.write(tmp_path, {"status": "finished"})
    with pytest.raises(TypeError):
        run_record.write(tmp_path, {"status": object()})
    assert file_names(tmp_path) == ["metrics.json"]
    assert run_record.read(tmp_path)["status"] == "finished"


def test_failed_replacing_leaves_no_temporary_file(tmp_path):
    (tmp_path / "table.md").mkdir()
    with pytest.raises(OSError):
        files.write_text(tmp_path / "table.md", "text")
    assert file_names(tmp_path) == ["table.md"]


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


def good(variant="base", **changes):
    return make_run(variant, settings={"init_from": None}, **changes)


@pytest.mark.parametrize("status", ["finished", "diverged", "failed"])
@pytest.mark.parametrize("variant", ["base", "l2_1e-3", "bicubic", None])
def test_record_of_a_run_is_taken(variant, status):
    for content in (make_content(variant, status=status), make_run(variant, status=status)):
        record = check(content)
        assert (record.variant, record.status) == (variant, status)


def test_record_of_a_network_of_ones_own_is_taken_with_all_its_settings():
    own = {"_target_": "mine.Network", "width": [8, 8], "deep": {"er": None}}
    optimizer = {"_target_": "torch.optim.SGD", "lr": 1, "momentum": 0.9}
    content = make_content(None, settings={"model": own, "optimizer": optimizer})
    assert check({**content, "of_a_later_version": [{}]}).config == content["config"]


def test_metrics_that_were_not_finite_are_null():
    content = good()
    content["metrics"] |= {"test_psnr": None, "max_val_psnr": None}
    content["history"][0] |= {"val_loss": None, "val_psnr": None}
    content["per_image"][0]["psnr"] = None
    assert check(content).metrics["test_psnr"] is None


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("experiment", GONE, "it is missing"),
        ("hash", None, "it must be text"),
        ("status", "running", "it must be 'finished', 'diverged' or 'failed'"),
        ("variant", 3.5, "it must be text"),
        ("data", ["x"], "it must be text"),
        ("config", "a text", "it must be a group of keys"),
        ("config.seed", GONE, "it is missing"),
        ("config.seed", 2.0, "it must be a whole number"),
        ("config.seed", True, "it must be a whole number"),
        ("config.seed", 10**400, "it must be less than or equal to"),
        ("config.model", None, "it must be a group of keys"),
        ("config.degradation.antialias", GONE, "it is missing"),
        ("config.optimizer.lr", "a text", "it must be a valid number"),
        ("config.optimizer.lr", 10**400, "it must be a finite number"),
        ("config.optimizer.weight_decay", None, "it must be a valid number"),
        ("config.trainer.max_epochs", 0, "it must be greater than or equal to 1"),
        ("config.trainer.precision", ["x"], "it must be text"),
        ("config.init_from", ["x"], "it must be text"),
        ("split.test", GONE, "it is missing"),
        ("split.test.0", None, "it must be text"),
        ("split.test.0", "", "it must not lead to another folder"),
        ("split.test.0", "a\0", "it must not lead to another folder"),
        ("metrics", GONE, "it is missing"),
        ("metrics.test_psnr", GONE, "it is missing"),
        ("metrics.test_psnr", "a text", "it must be a valid number"),
        ("per_image", GONE, "it is missing"),
        ("per_image.0.name", GONE, "it is missing"),
        ("per_image.0.psnr", math.inf, "it must be a finite number"),
        ("parameters", GONE, "it is missing"),
        ("cost.multiply_adds", 1.5, "it must be a whole number"),
        ("cost.seconds_per_megapixel", "a text", "it must be a valid number"),
        ("history.0.epoch", 0, "it must be greater than or equal to 1"),
        ("history.0.epoch", 2.0, "it must be a whole number"),
        ("history.0.epoch", MOST_EPOCHS + 1, "it must be less than or equal to 1000000"),
        ("history.0.val_loss", GONE, "it is missing"),
        ("environment.versions", ["x"], "it must be a group of keys"),
        ("durations.fit_s", None, "it must be a valid number"),
        ("date", -7, "it must be text"),
        ("test_images", 3, "it must be text"),
        ("test_images", "elsewhere/d0", "it must not lead to another folder"),
        ("name", "\udcff", "no character"),
    ],
)
def test_what_is_wrong_is_one_short_reason_with_its_place(tmp_path, place, value, reason):
    keys = [int(key) if key.isdigit() else key for key in place.split(".")]
    content = {"format": 1, **changed(good(), keys, value)}
    (tmp_path / "metrics.json").write_text(json.dumps(content))
    with pytest.raises(ValueError) as refusal:
        load(tmp_path)
    words = str(refusal.value)
    assert reason in words
    assert words.startswith(f"{place}: ") or reason == "no character"
    assert len(words) <= 200


def test_record_that_did_not_finish_needs_no_results():
    for status in ("diverged", "failed"):
        content = good(status=status)
        for name in ("metrics", "per_image", "parameters", "history", "environment"):
            content.pop(name, None)
        assert check(content).metrics == {}
        with pytest.raises(ValueError, match="it is missing"):
            check({**content, "status": "finished"})


def test_record_of_a_version_without_costs_is_taken():
    content = good()
    del content["cost"]
    assert check(content).cost == {}


def test_no_record_cannot_be_loaded(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"metrics\.json"):
        load(tmp_path)


def test_switches_in_the_name_of_an_earlier_sweep_have_the_spelling_of_today():
    name = "augment=True,batch_norm=False,note=Truest"
    assert check(good() | {"name": name}).name == "augment=true,batch_norm=false,note=Truest"


def test_loaded_record_is_written_as_it_was(tmp_path):
    content = good() | {"resumed_after": 3, "lineage": "1", "error": "x", "same_as": "a/b/c"}
    content["config"]["of_a_plugin"] = {"a": [1, None]}
    content["history"][0]["of_a_plugin"] = 1.5
    run_record.write(tmp_path / "first", content)
    run_record.write(tmp_path / "second", load(tmp_path / "first"))
    first, second = (run_record.read(tmp_path / name) for name in ("first", "second"))
    assert second == first | {"results_version": UNNAMED_VERSION}


def test_none_is_left_out_but_where_it_says_something(tmp_path):
    run_record.write(tmp_path, check(make_content(None, status="failed")))
    content = run_record.read(tmp_path)
    assert content["variant"] is content["resumed_after"] is None
    assert not {"same_as", "parameters", "test_images"} & {*content}


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
