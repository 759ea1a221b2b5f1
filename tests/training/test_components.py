"""What the settings for speed do to the parts of a run, and to what makes it the same."""

from pathlib import Path

import pytest
import torch

from benchmarks.compose import request
from srcnn_lightning.acceleration.convolution import CPUConv2d
from srcnn_lightning.training.components import Components, build

SMALL = ("data.count=10", "data.crop=64", "data.target_size=32")


def parts_with(folder: Path, *overrides: str) -> Components:
    return build(request(folder, *SMALL, *overrides), None)


def convolutions(parts: Components) -> list[CPUConv2d]:
    return [layer for layer in parts.task.network.modules() if isinstance(layer, CPUConv2d)]


@pytest.mark.parametrize("given", [True, False])
def test_memory_order_of_weights_is_the_one_asked_for(tmp_path: Path, given: bool) -> None:
    parts = parts_with(tmp_path, f"trainer.channels_last={given}")
    for layer in convolutions(parts):
        if layer.kernel_size != (1, 1):  # which is both
            assert layer.weight.is_contiguous(memory_format=torch.channels_last) is given


@pytest.mark.parametrize("given", [True, False])
def test_forms_of_convolutions_are_those_asked_for(tmp_path: Path, given: bool) -> None:
    assert {
        layer.plain for layer in convolutions(parts_with(tmp_path, f"model.cpu_forms={given}"))
    } == {not given}


@pytest.mark.parametrize("given", [True, False])
def test_a_gpus_convolutions_round_as_asked_for(tmp_path: Path, given: bool) -> None:
    before = torch.backends.cudnn.allow_tf32
    parts_with(tmp_path, f"trainer.tf32={given}")
    found, torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.allow_tf32, before
    assert found is given


@pytest.mark.parametrize(
    ("override", "is_another_run"),
    [
        ("model.cpu_forms=false", True),
        ("trainer.channels_last=false", True),
        ("trainer.compile=true", True),
        ("trainer.threads=7", True),
        ("+optimizer.fused=true", True),
        ("data.eval_batch_size=5", True),
        ("data.on_device=false", False),
        ("trainer.keep_memory=false", False),
        ("trainer.jobs_per_gpu=7", False),
        ("trainer.tf32=false", False),  # on a CPU
    ],
)
def test_what_changes_figures_makes_another_run(tmp_path: Path, override, is_another_run) -> None:
    usual, changed = (
        request(tmp_path, *SMALL, "trainer.threads=1", *more).identity.hash
        for more in ((), (override,))
    )
    assert (usual != changed) is is_another_run
