"""What a plan knows of a run before torch is imported."""

from pathlib import Path

import pytest
from composed_plan import compose_plan


def test_argument_that_is_deleted_is_named_as_the_default(tmp_path: Path) -> None:
    images = ("data.count=5", "data.crop=32", "data.target_size=32")
    for deletion in ("~model.features", "~model.features=[64,32]"):
        plan = compose_plan(tmp_path, *images, "model=espcn", deletion, "seed=1")
        assert plan.name == "model=espcn,features=default,seed=1"


def test_run_has_the_hash_of_before_settings_were_added_that_it_leaves_as_they_are(
    tmp_path: Path,
) -> None:
    """Version 5 of the results began without patches, augmentation and averaged weights."""
    plan = compose_plan(tmp_path, "trainer.threads=1", "trainer.accelerate=true")
    assert plan.identity.hash == "f242c09ebce0250b"
    augmented = compose_plan(tmp_path, "trainer.threads=1", "data.augment=true")
    assert augmented.identity.hash != plan.identity.hash


@pytest.mark.parametrize(
    ("settings", "model"),
    [
        (["model=espcn", "degradation.scale=3"], "espcn x3"),
        (["model=bilinear"], "bilinear x2"),
        (["model=mdsr", "degradation.scale=[2,3,4]"], "mdsr x2-3-4"),
        (["model=custom", "model._target_=torch.nn.Upsample"], "torch.nn.Upsample x2"),
    ],
)
def test_row_of_hparams_tells_networks_and_scales_apart(
    tmp_path: Path, settings: list[str], model: str
) -> None:
    images = ("data.count=5", "data.crop=36", "data.target_size=36")
    assert compose_plan(tmp_path, *images, *settings).hyperparameters["model"] == model
