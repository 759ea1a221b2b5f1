"""Degradations that are more than a resize: what the realistic one draws, and those of users."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import TINY, Command
from PIL import Image
from torch import Tensor

from srcnn_lightning.config import DegradationConfig
from srcnn_lightning.data.array_file import map_arrays
from srcnn_lightning.data.degradations import Realistic, build, degrade
from srcnn_lightning.errors import BadInput

REALISTIC = "srcnn_lightning.data.degradations.Realistic"
NOTHING: dict[str, Any] = {"blur": (0, 0), "kernels": ["nearest"], "noise": (0, 0), "jpeg": None}
FOGGY = """\
import torch


class Foggy:
    def __init__(self, grey: int = 7):
        self.grey = grey

    def __call__(self, target, scale, generator):
        height, width = (side // scale for side in target.shape[-2:])
        return torch.full((3, height, width), self.grey, dtype=torch.uint8)
"""


def made(target: Tensor, scale: int = 1, seed: int = 0, **strengths: Any) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return Realistic(**NOTHING | strengths)(target, scale, generator)


def photo() -> Tensor:
    """Smooth waves, `(3, 64, 96)` uint8."""
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(96.0), indexing="ij")
    waves = [
        128 + 60 * torch.sin(x / a) + 60 * torch.cos(y / b) for a, b in ((5, 7), (9, 4), (6, 6))
    ]
    return torch.stack(waves).to(torch.uint8)


def test_without_strength_it_is_the_resize() -> None:
    target = photo()
    assert torch.equal(made(target), target)
    assert torch.equal(made(target, scale=2), target[:, 1::2, 1::2])


def test_blur_has_the_deviation_that_is_drawn() -> None:
    target = torch.zeros(3, 61, 61)
    target[:, 30, 30] = 255 * 20  # of one pixel of 255, rounding would leave little
    blurred = made(target.to(torch.int32), blur=(2, 2))[0].double()
    place = torch.arange(61) - 30.0
    for axis in (0, 1):
        share = blurred.sum(axis) / blurred.sum()
        assert float((share * place).sum()) == pytest.approx(0, abs=1e-6)
        assert float((share * place**2).sum()) == pytest.approx(4, rel=0.05)


def test_noise_has_the_deviation_that_is_drawn() -> None:
    grey = torch.full((3, 200, 200), 128, dtype=torch.uint8)
    noisy = [made(grey, seed=seed, noise=(10, 10)).double() - 128 for seed in range(8)]
    for noise in noisy:
        assert float(noise.std()) == pytest.approx(10, rel=0.03)
    is_grey = {bool(torch.equal(noise[0], noise[1])) for noise in noisy}
    assert is_grey == {True, False}


def test_lower_quality_is_farther_from_the_target() -> None:
    target = photo()
    error = {
        quality: float((made(target, jpeg=(quality, quality)).double() - target).square().mean())
        for quality in (5, 50, 95)
    }
    assert error[5] > 2 * error[50] > 4 * error[95] > 0


def test_image_has_the_same_draws_in_every_run_and_another_has_others() -> None:
    settings = DegradationConfig("realistic", "bicubic", True, 2, REALISTIC, {"noise": [5, 9]})
    target = photo().permute(1, 2, 0).numpy()
    first, again, other = (
        degrade(build(settings), target, name, settings) for name in ("a.png", "a.png", "b.png")
    )
    assert first.shape == (32, 48, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"blur": [2, 1]}, "degradation.arguments.blur=[2, 1]: it must be a range"),
        ({"noise": [0, 300]}, "degradation.arguments.noise=[0, 300]: it must be a range"),
        ({"jpeg": [0, 50]}, "within 1 and 95"),
        ({"kernels": ["lanczos"]}, "degradation.arguments.kernels=lanczos"),
        ({"kernels": []}, "it must name a kernel"),
        ({"fog": 1}, "Realistic takes no such argument; it takes blur, kernels, noise, jpeg"),
    ],
)
def test_strengths_that_are_none_are_refused(arguments: dict[str, Any], words: str) -> None:
    settings = DegradationConfig("realistic", "bicubic", True, 2, REALISTIC, arguments)
    with pytest.raises(BadInput) as refused:
        build(settings)
    assert words in str(refused.value)


def test_network_trains_on_realistic_inputs_and_the_record_has_their_strengths(
    command: Command, tmp_path: Path
) -> None:
    done = command("data=dead_leaves", *TINY, "degradation=realistic", "degradation.scale=4")
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.rglob("dead_leaves-realistic-x4/*/metrics.json")
    degradation = json.loads(path.read_text())["config"]["degradation"]
    assert degradation["_target_"] == REALISTIC
    assert degradation["arguments"]["jpeg"] == [60, 95]


def test_degradation_of_ones_own_makes_the_inputs(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FOGGY)
    (tmp_path / "conf/degradation").mkdir(parents=True)
    (tmp_path / "conf/degradation/foggy.yaml").write_text(
        "name: foggy\nantialias: true\nscale: 2\n_target_: mine.Foggy\narguments: {grey: 9}\n"
    )
    run = ("data=dead_leaves", *TINY, "--config-dir", "conf", "degradation=foggy")
    assert command(*run).returncode == 0
    (picture, *_) = tmp_path.glob("outputs/test_images/*foggy*/bicubic/*.png")
    assert Image.open(picture).getextrema() == ((9, 9),) * 3
    assert "skipped" in command(*run).stdout
    # Another code is another degradation.
    (tmp_path / "mine.py").write_text(FOGGY.replace("self.grey,", "self.grey + 1,"))
    assert "skipped" not in command(*run).stdout
    pictures = tmp_path.glob("outputs/test_images/*foggy*/bicubic/*.png")
    assert {Image.open(one).getextrema()[0] for one in pictures} == {(9, 9), (10, 10)}
    inputs = [
        array for path in (tmp_path / "data/cache").glob("*.npy") for array in map_arrays(path)
    ]
    assert {int(array.max()) for array in inputs if array.shape == (16, 16, 3)} == {9, 10}


def test_strengths_of_all_jobs_are_checked_before_the_first(
    command: Command, tmp_path: Path
) -> None:
    ranges = "degradation.arguments.noise=[0,10],[0,300]"
    done = command("data=dead_leaves", *TINY, "degradation=realistic", ranges, "-m")
    assert done.returncode == 2
    assert done.stderr.startswith("degradation.arguments.noise=[0, 300]: it must be a range")
    assert not [*tmp_path.rglob("metrics.json")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            ("(3, height", "(1, height"),
            "it makes a uint8 tensor of (1, 16, 16) of a target of 32x32",
        ),
        (("torch.uint8", "torch.float32"), "it makes a float32 tensor of (3, 16, 16)"),
        (("return torch", "torch"), "it makes NoneType"),
    ],
)
def test_degradation_that_makes_no_input_is_a_sentence(
    change: tuple[str, str], words: str, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(FOGGY.replace(*change))
    own = ("degradation._target_=mine.Foggy", "degradation.name=foggy")
    done = command("data=dead_leaves", *TINY, *own)
    assert done.returncode == 2
    assert done.stderr.startswith(f"degradation._target_=mine.Foggy: {words}")
    assert len(done.stderr.splitlines()) == 1
    assert not [*tmp_path.rglob("metrics.json")]
