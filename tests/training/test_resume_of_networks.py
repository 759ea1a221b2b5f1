"""A run of every registered network that goes on is the undisturbed one."""

from pathlib import Path

import pytest
from conftest import Command
from kills import LEAVES, TOLD_APART, record
from small_networks import ALL_SCALES, SEVERAL, SMALL

from srcnn_lightning import models, run_record

# The network of several scales has most to keep.
NAMES = [
    pytest.param(name, marks=[pytest.mark.slow] * (name not in SEVERAL))
    for name in models.list_models()
]


@pytest.mark.parametrize("name", NAMES)
def test_run_that_goes_on_is_the_undisturbed_one(
    name: str, command: Command, tmp_path: Path
) -> None:
    model = "bicubic" if name == "interpolation" else name
    values = [f"model.{key}={value}".replace(" ", "") for key, value in SMALL[name].items()]
    scales = str(ALL_SCALES).replace(" ", "") if name in SEVERAL else 2
    sizes = (f"degradation.scale={scales}", "data.target_size=48", "data.crop=48")
    run = (*LEAVES, f"model={model}", *values, *sizes)
    for epochs in (1, 2):
        assert command(*run, f"trainer.max_epochs={epochs}", "output_dir=on").returncode == 0
    assert command(*run, "trainer.max_epochs=2", "output_dir=whole").returncode == 0
    # Of several scales, each has a record below that of the run.
    on, whole = (next(run_record.find(tmp_path / one)) for one in ("on", "whole"))
    resumed, undisturbed = record(on), record(whole)
    assert all(resumed[key] == undisturbed[key] for key in TOLD_APART)
    if undisturbed["parameters"]:
        assert (resumed["resumed_after"], undisturbed["resumed_after"]) == (1, None)
