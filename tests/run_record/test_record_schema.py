"""What a record is checked for, and what its reading keeps."""

import json
import math

import pytest
from record_places import GONE, changed
from report_outputs import make_run
from run_records import make_content

from srcnn_lightning import run_record
from srcnn_lightning.run_record import MOST_EPOCHS, UNNAMED_VERSION, check, load


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
        ("cost.time_device", 5, "it must be text"),
        ("config.trainer.accumulate_grad_batches", 0, "it must be greater than or equal to 1"),
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
