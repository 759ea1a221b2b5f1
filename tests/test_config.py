"""The rules for single settings: the value, and what would be right."""

import re

import pytest
from data_settings import data_settings

from srcnn_lightning.config import DegradationConfig
from srcnn_lightning.errors import BadInput


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"kind": "flickr"},
            "data.kind=flickr: choose div2k, folder, pairs, dead_leaves or blurred_leaves.",
        ),
        ({"count": 2}, "data.count=2: it must be from 3 to 100000."),
        ({"count": 100_001}, "data.count=100001: it must be from 3 to 100000."),
        ({"target_size": 18}, "data.target_size=18: it must not exceed data.crop=16."),
        ({"batch_size": 0}, "data.batch_size=0: it must be at least 1."),
        ({"eval_batch_size": -1}, "data.eval_batch_size=-1: it must be at least 1."),
        ({"target_size": 0}, "data.target_size=0: it must be at least 1."),
        ({"crop": 0}, "data.crop=0: it must be at least 1."),
        (
            {"patch_size": 4, "steps_per_epoch": 10**11},
            "data.steps_per_epoch=100000000000: it must be at most 1000000.",
        ),
        # Python takes -1 for 1, NumPy refuses it: one split for two seeds, or a crash.
        ({"seed": -1}, "data.seed=-1: it must be at least 0."),
    ],
)
def test_data_that_no_run_can_use_names_setting_and_value(changed, sentence):
    with pytest.raises(BadInput, match=f"^{re.escape(sentence)}$"):
        data_settings(**changed)


@pytest.mark.parametrize("changed", [{"count": 3}, {"count": 100_000}, {"target_size": 16}])
def test_data_at_its_limits_are_taken(changed):
    (key,) = changed
    assert getattr(data_settings(**changed), key) == changed[key]


@pytest.mark.parametrize("scale", [1, 0, -2, 17, 1_000_000])
def test_scale_out_of_its_range_names_setting_and_value(scale):
    sentence = rf"^degradation\.scale={scale}: it must be a whole number from 2 to 16\.$"
    with pytest.raises(BadInput, match=sentence):
        DegradationConfig(name="aliased", kernel="bicubic", antialias=False, scale=scale)


@pytest.mark.parametrize(("name", "antialias"), [("aliased", True), ("antialiased", False)])
def test_degradation_against_its_name_is_refused(name, antialias):
    shown = "true" if antialias else "false"
    sentence = rf"degradation\.antialias={shown}: degradation\.name={name} says the opposite"
    with pytest.raises(BadInput, match=sentence):
        DegradationConfig(name=name, kernel="bicubic", antialias=antialias, scale=2)


def test_degradation_of_any_other_name_is_taken():
    assert DegradationConfig(name="blurred", kernel="bicubic", antialias=False, scale=3).scale == 3
