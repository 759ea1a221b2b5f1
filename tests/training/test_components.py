"""The settings for speed: their effect on the components of a run, and on its identity."""

from pathlib import Path

import pytest
import torch
from composed_plan import compose_plan
from torch import nn

from srcnn_lightning.acceleration.convolution import CPUConv2d
from srcnn_lightning.training.components import Components, build

SMALL = ("data.count=10", "data.crop=64", "data.target_size=32")


def components_with(folder: Path, *overrides: str) -> Components:
    plan = compose_plan(folder, *SMALL, *overrides)
    return build(
        plan.config,
        plan.source,
        plan.split,
        plan.folder,
        lineage=plan.identity.lineage,
        label=plan.name,
    )


def convolutions(components: Components) -> list[nn.Conv2d]:
    return [layer for layer in components.task.network.modules() if isinstance(layer, nn.Conv2d)]


@pytest.mark.parametrize("setting", [True, False])
def test_memory_order_of_weights_is_that_of_the_setting(tmp_path: Path, setting: bool) -> None:
    components = components_with(tmp_path, f"trainer.channels_last={setting}")
    for layer in convolutions(components):
        if layer.kernel_size != (1, 1):  # a kernel of one pixel lies in both orders
            assert layer.weight.is_contiguous(memory_format=torch.channels_last) is setting


@pytest.mark.parametrize("setting", [True, False])
def test_forms_of_convolutions_are_those_of_the_setting(tmp_path: Path, setting: bool) -> None:
    components = components_with(tmp_path, f"trainer.accelerate={setting}")
    assert {isinstance(layer, CPUConv2d) for layer in convolutions(components)} == {setting}


@pytest.mark.parametrize("setting", [True, False])
def test_a_gpus_convolutions_round_as_the_setting_says(tmp_path: Path, setting: bool) -> None:
    before = torch.backends.cudnn.allow_tf32
    components_with(tmp_path, f"trainer.tf32={setting}")
    allowed, torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.allow_tf32, before
    assert allowed is setting


@pytest.mark.parametrize(
    ("override", "is_another_run"),
    [
        ("trainer.accelerate=false", True),
        ("trainer.channels_last=false", True),
        ("trainer.compile=true", True),
        ("trainer.threads=7", True),
        ("+optimizer.fused=true", True),
        ("data.eval_batch_size=5", False),
        ("data.on_device=false", False),
        ("trainer.keep_memory=false", False),
        ("trainer.jobs_per_gpu=7", False),
        ("trainer.tf32=false", False),  # on a CPU
    ],
)
def test_setting_that_changes_results_makes_another_run(
    tmp_path: Path, override, is_another_run
) -> None:
    usual, changed = (
        compose_plan(tmp_path, *SMALL, "trainer.threads=1", *more).identity.hash
        for more in ((), (override,))
    )
    assert (usual != changed) is is_another_run


@pytest.mark.parametrize("part", ["val", "test"])
def test_size_of_a_batch_counts_where_the_number_of_batches_is_limited(
    tmp_path: Path, part: str
) -> None:
    limited = f"trainer.limit_{part}_batches=1"
    usual, changed = (
        compose_plan(tmp_path, *SMALL, limited, f"data.eval_batch_size={size}").identity.hash
        for size in (1, 2)
    )
    assert usual != changed
