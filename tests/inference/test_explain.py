"""PSNR under every convention, beside that of each convention alone."""

from pathlib import Path

import pytest
import torch.nn.functional as F
from evaluation_folders import drawn_folder, noisy_copies, save
from test_evaluation import flat

from srcnn_lightning.errors import BadInput
from srcnn_lightning.inference.conventions import InputKernel
from srcnn_lightning.inference.evaluation import evaluate
from srcnn_lightning.inference.explain import INPUT_KERNELS, Combination, explain, nearest_first
from srcnn_lightning.models import Interpolation


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn_folder(tmp_path_factory.mktemp("explained") / "hr")


@pytest.fixture(scope="module")
def found(targets: Path) -> list[Combination]:
    return explain(targets, "bicubic", Interpolation())


def named(found: list[Combination], name: str) -> Combination:
    (combination,) = (one for one in found if one.name == name)
    return combination


def test_every_choice_stands_beside_every_other(found: list[Combination]) -> None:
    # Y and full Y with three roundings, RGB with two; borders of 0, 2 and 8; three reductions.
    assert len(found) == 8 * 3 * 3 * len(INPUT_KERNELS)
    assert len({one.convention for one in found}) == len(found)
    assert {one.convention.border for one in found} == {0, 2, 8}
    assert [one.psnr for one in found] == sorted((one.psnr for one in found), reverse=True)


@pytest.mark.parametrize("name", ["literature", "matlab", "paper"])
def test_named_convention_has_the_value_that_evaluate_gives(
    name: str, found: list[Combination], targets: Path
) -> None:
    (model,) = evaluate(targets, {"bicubic": Interpolation()}, 2, name).models
    assert named(found, name).psnr == pytest.approx(model.psnr, abs=1e-9)


def test_convention_without_a_name_has_the_value_that_evaluate_gives(
    found: list[Combination], targets: Path
) -> None:
    for combination in found[::17]:
        convention = combination.convention
        model = Interpolation(antialias=convention.input_kernel.antialias)
        (scores,) = evaluate(targets, {"bicubic": model}, 2, convention).models
        assert combination.psnr == pytest.approx(scores.psnr, abs=1e-9)


@pytest.mark.parametrize("name", ["literature", "matlab", "paper"])
def test_convention_of_a_printed_value_comes_first(name: str, found: list[Combination]) -> None:
    target = round(named(found, name).psnr, 2)
    nearest = nearest_first(found, target)
    # The two of the literature may be nearer to one another than programs of one convention.
    assert name in [one.name for one in nearest[:2]]
    assert nearest[0].name
    assert len(nearest) == len(found)
    distances = [abs(one.psnr - target) for one in nearest]
    assert distances[-1] == max(distances)


def test_unnamed_convention_comes_first_where_no_named_one_is_near(
    found: list[Combination],
) -> None:
    combination = found[0]  # of an aliased input, which no named convention has
    assert not combination.convention.input_kernel.antialias
    assert nearest_first(found, combination.psnr)[0].psnr == combination.psnr


def test_interpolation_upscales_in_the_way_in_which_it_shrinks(
    found: list[Combination], targets: Path
) -> None:
    """The pair of torch's defaults, which is that of OpenCV's cubic."""
    aliased = InputKernel("bicubic", antialias=False)
    (scores,) = evaluate(
        targets,
        {"torch": lambda lr: F.interpolate(lr, scale_factor=2, mode="bicubic")},
        2,
        convention := next(
            one.convention for one in found if one.convention.input_kernel == aliased
        ),
    ).models
    combination = next(one for one in found if one.convention == convention)
    assert combination.psnr == pytest.approx(scores.psnr, abs=1e-4)


def test_images_that_are_given_have_one_input(targets: Path, tmp_path: Path) -> None:
    noisy = noisy_copies(tmp_path / "sr", targets, "_x2")
    found = explain(targets, "noisy", None, sr_dir=noisy)
    assert len(found) == 8 * 3 * 3
    (scores,) = evaluate(targets, {}, sr_dirs={"noisy": noisy}).models
    assert named(found, "literature").psnr == pytest.approx(scores.psnr, abs=1e-9)


def test_image_within_the_border_is_a_sentence(tmp_path: Path) -> None:
    save(tmp_path / "hr/small.png", flat(100, 16, 40))
    with pytest.raises(BadInput, match=r"small\.png: it has 40x16 pixels, and a border of 8"):
        explain(tmp_path / "hr", "bicubic", Interpolation())
