"""python -m srcnn_lightning.cli.upscale: an image of any size through a trained network."""

from pathlib import Path

import numpy as np
import pytest
import torch
from commands import run
from conftest import Command
from kills import LEAVES
from PIL import Image

from srcnn_lightning.models import SRCNN

MODULE = "upscale"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder."""
    folder = tmp_path_factory.mktemp("trained")
    assert run(folder, *LEAVES, "trainer.max_epochs=2").returncode == 0
    (record,) = folder.rglob("metrics.json")
    return record.parent


@pytest.fixture(autouse=True)
def image(tmp_path: Path) -> Path:
    """Of odd sides, and larger than any that the network was trained on."""
    pixels = np.random.default_rng(0).integers(0, 256, (75, 430, 3), dtype=np.uint8)
    path = tmp_path / "image.png"
    Image.fromarray(pixels).save(path)
    return path


def enlarged_at_once(run: Path, image: Path) -> np.ndarray:
    weights = torch.load(run / "checkpoints/best.ckpt", weights_only=True)["state_dict"]
    network = SRCNN().eval()
    network.load_state_dict({key.removeprefix("network."): weights[key] for key in weights})
    pixels = torch.from_numpy(np.asarray(Image.open(image)).copy()).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        whole = network(pixels).clamp(0, 1)
    return (255 * whole[0]).round().byte().permute(1, 2, 0).numpy()


def test_image_is_what_the_network_makes_of_it(
    command: Command, trained: Path, image: Path, tmp_path: Path
) -> None:
    done = command(str(trained), "image.png", verb=MODULE)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "image-enlarged.png: 860x150 pixels\n"
    found = np.asarray(Image.open(tmp_path / "image-enlarged.png")).astype(int)
    wanted = enlarged_at_once(trained, image)
    # Sums of another tile may round one level apart, in a few places.
    assert np.abs(found - wanted).max() <= 1
    assert (found != wanted).mean() < 1e-3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere", "image.png"), "nowhere: there is no nowhere; give a run's folder"),
        (("RUN", "gone.png"), "gone.png: there is no such file"),
        (("RUN", "gone.png", "--output=image.png"), "gone.png: there is no such file"),
        (("image.png", "image.png"), "image.png: it is no checkpoint of this program"),
        (("RUN", "image.png", "--output=image.png"), "--output=image.png: it is the image itself"),
        (
            ("RUN", "image.png", "--output=image.png/b.png"),
            "--output=image.png/b.png: it cannot be written",
        ),
        (("RUN", "image.png", "--output=image.jpg"), "--output=image.jpg: it will be a PNG"),
        (("RUN", "image.png", "--output=."), "--output=.: it is no file"),
        (("RUN", "image.png", "--output=/dev/full"), "--output=/dev/full: it is no file"),
        (("RUN", "image.png", f"--output={'a' * 300}.png"), "--output=aaaa"),
        (("RUN", "image.png", "--tile=-1"), "--tile=-1: it must be 0 or more"),
        (("RUN",), "the following arguments are required: image"),
    ],
)
def test_bad_input_gets_one_sentence(
    arguments: tuple[str, ...], words: str, command: Command, trained: Path, image: Path
) -> None:
    before = image.read_bytes()
    done = command(
        *(str(trained) if argument == "RUN" else argument for argument in arguments), verb=MODULE
    )
    assert done.returncode == 2
    assert done.stderr.startswith(words)
    assert len(done.stderr.splitlines()) == 1
    assert image.read_bytes() == before
    assert list(image.parent.iterdir()) == [image]
