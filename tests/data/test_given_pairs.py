"""data=pairs: inputs that the user gives, beside their images."""

from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from PIL import Image

from srcnn_lightning.data.module import SuperResolutionData
from srcnn_lightning.errors import BadInput

COUNT = 10
RUN = ("data=pairs", "data.hr_root=hr", "data.lr_root=lr", f"data.count={COUNT}")
TINY = ("trainer=cpu", "trainer.threads=1", "trainer.max_epochs=1")


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A folder with ten images of 48x60 pixels in `hr`, and inputs of noise, a third, in `lr`."""
    generator = np.random.default_rng(0)
    for folder, size, ending in (("hr", (48, 60), ""), ("lr", (16, 20), "x3")):
        (tmp_path / folder).mkdir()
        for number in range(COUNT):
            pixels = generator.integers(0, 256, (*size, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / f"{folder}/{number:04}{ending}.png")
    return tmp_path


def test_inputs_are_the_given_files(pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pairs)
    data = SuperResolutionData(
        kind="pairs", hr_root="hr", lr_root="lr", scale=3, count=COUNT, crop=None, target_size=None
    )
    data.prepare()
    name = data.split.val[0]
    pair = data.pairs[3]["val"]
    for images, path in ((pair.lr, f"lr/{name}x3.png"), (pair.hr, f"hr/{name}.png")):
        file = np.asarray(Image.open(pairs / path))
        assert np.array_equal(images[0].permute(1, 2, 0).numpy(), file)


def test_network_trains_and_is_tested_on_pairs(command: Command, pairs: Path) -> None:
    settings = (*RUN, *TINY, "data.batch_size=1", "experiment_name=mine")  # its scale is found
    done = command(*settings, "model=bicubic,srcnn", "-m")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mine/hr-given-x3/batch_size=1,model=srcnn" in done.stdout
    assert " skipped" in command(*settings, "model=srcnn", "-m").stdout
    changed = next((pairs / "lr").iterdir())
    with Image.open(changed) as image:
        image.transpose(Image.Transpose.ROTATE_180).save(changed)
    assert " finished" in command(*settings, "model=srcnn", "-m").stdout


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (("degradation.scale=2",), "degradation.scale=2: 000"),
        (
            ("degradation.scale=2",),
            "has 60x48 pixels in data.hr_root and 20x16 in data.lr_root; give degradation.sc",
        ),
        (("data.lr_root=null",), "data.lr_root=null: give the folder of these images"),
        (("data.lr_root=nowhere",), "data.lr_root=nowhere: there is no such folder"),
        (("data.crop=32",), "data.crop=32: data=pairs takes images and inputs as they are"),
        (("data.root=hr",), "data.root=hr: data=pairs does not use it"),
    ],
)
def test_bad_pairs_get_a_sentence(
    command: Command, pairs: Path, settings: tuple[str, ...], words: str
) -> None:
    done = command(*RUN, *TINY, *settings)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_sizes_that_no_scale_gives_are_named(pairs: Path) -> None:
    with Image.open(pairs / "lr/0003x3.png") as image:
        image.crop((0, 0, 19, 16)).save(pairs / "lr/0003x3.png")
    data = SuperResolutionData(
        kind="pairs",
        hr_root=str(pairs / "hr"),
        lr_root=str(pairs / "lr"),
        scale=3,
        count=COUNT,
        crop=None,
        target_size=None,
        cache_dir=str(pairs / "cache"),
    )
    words = "0003 has 60x48 pixels in data.hr_root and 19x16 in data.lr_root; the first must have 3"
    with pytest.raises(BadInput, match=words):
        data.prepare()
    assert len([*(pairs / "cache").glob("*.npy")]) == 1  # targets alone


def test_missing_partner_is_named(command: Command, pairs: Path) -> None:
    (pairs / "lr/0004x3.png").unlink()
    done = command(*RUN, *TINY, "degradation.scale=3")
    assert done.returncode == 2
    assert "data.lr_root=lr: no image belongs to 0004.png" in done.stderr


def test_other_data_take_no_inputs(command: Command) -> None:
    done = command("data=dead_leaves", "data.lr_root=x", *TINY)
    assert done.stderr == (
        "data.lr_root=x: data=dead_leaves does not use it; leave it out, or give data=pairs.\n"
    )
