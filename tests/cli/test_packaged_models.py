"""Packaged networks in the commands, and files of safetensors that are damaged or hostile."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Command
from evaluation_folders import drawn_folder
from PIL import Image
from safetensors.torch import load_file, save_file
from upscale_folders import VERB, write_image

import srcnn_lightning as sr
from srcnn_lightning.inference import packaged


@pytest.fixture(autouse=True)
def image(tmp_path: Path) -> Path:
    return write_image(tmp_path)


@pytest.mark.parametrize(
    ("given", "name"),
    [((), "edsr-small-x2"), (("--scale=3",), "edsr-small-x3"), (("--scale=4",), "edsr-small-x4")],
)
def test_upscale_takes_the_strong_network_and_says_so(
    given: tuple[str, ...], name: str, command: Command, image: Path, tmp_path: Path
) -> None:
    done = command("image.png", *given, verb=VERB)
    assert (done.returncode, done.stderr) == (0, "")
    scale = int(name[-1])
    assert done.stdout.splitlines()[:2] == [
        f"No --model is given, so {name} is taken",
        f"image_x{scale}.png: {430 * scale}x{75 * scale} pixels",
    ]
    with Image.open(tmp_path / f"image_x{scale}.png") as found, Image.open(image) as picture:
        assert f": {name} x{scale}, " in found.text["Software"]  # type: ignore[attr-defined]
        assert np.array_equal(np.asarray(found), np.asarray(sr.upscale(picture, name)))


def test_models_are_named_in_evaluate(command: Command, tmp_path: Path) -> None:
    drawn_folder(tmp_path / "hr")
    names = ("srcnn-x2", "edsr-small-x2")
    models = [f"--model={name}" for name in names]
    done = command("--data=hr", "--format=json", *models, verb="evaluate")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)["models"]
    assert [one["model"] for one in found] == [*names]
    refused = command("--data=hr", "--model=srcnn-x3", verb="evaluate")
    assert refused.returncode == 2
    assert refused.stderr == (
        "--model=srcnn-x3: there is no srcnn-x3; give a run's folder, a checkpoint, a file .onnx "
        "or .safetensors, or bicubic, bilinear, nearest, edsr-small-x2, edsr-small-x3, "
        "edsr-small-x4, srcnn-x2.\n"
    )


def test_packaged_name_goes_before_a_file_of_that_name(command: Command, tmp_path: Path) -> None:
    (tmp_path / "srcnn-x2").write_text("no network")
    assert command("image.png", "--model=srcnn-x2", verb=VERB).returncode == 0
    refused = command("image.png", "--model=./srcnn-x2", verb=VERB)
    assert refused.stderr.startswith("srcnn-x2: it is no checkpoint of this program")


def test_file_of_safetensors_is_a_model(command: Command, tmp_path: Path) -> None:
    shutil.copy(packaged.weights_file("srcnn-x2"), tmp_path / "mine.safetensors")
    for number, model in enumerate(("mine.safetensors", "srcnn-x2")):
        given = ("image.png", f"--model={model}", f"--output={number}.bmp")
        assert command(*given, verb=VERB).returncode == 0
    pictures = [Image.open(tmp_path / f"{number}.bmp") for number in (0, 1)]
    assert np.array_equal(*(np.asarray(picture) for picture in pictures))


def write_weights(path: Path, network: object, **changes: torch.Tensor) -> None:
    weights = load_file(packaged.weights_file("srcnn-x2"))
    save_file({**weights, **changes}, path, {"network": json.dumps(network), "scale": "2"})


@pytest.mark.parametrize("damage", ["cut", "empty", "header", "no metadata", "no JSON"])
def test_damaged_file_is_one_sentence(damage: str, command: Command, tmp_path: Path) -> None:
    path = tmp_path / "bad.safetensors"
    whole = packaged.weights_file("srcnn-x2").read_bytes()
    if damage == "no metadata":
        save_file({"weight": torch.zeros(3)}, path)
    elif damage == "no JSON":
        save_file({"weight": torch.zeros(3)}, path, {"network": "{", "scale": "2"})
    else:
        cut = {"cut": whole[:-100], "empty": b"", "header": b"\xff" * 16 + whole[16:]}
        path.write_bytes(cut[damage])
    done = command("image.png", "--model=bad.safetensors", verb=VERB)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "bad.safetensors: it is no checkpoint of this program, or a damaged one; give a run's "
        "folder or another checkpoint.\n"
    )


@pytest.mark.parametrize(
    ("network", "changes", "words"),
    [
        (
            {"_target_": "os.system", "command": "touch canary"},
            {},
            "os.system: the file names this as its network, which is none of this program's",
        ),
        ({"name": "gone"}, {}, "model.name=gone: there is no such network"),
        ({"name": "espcn"}, {}, "its weights do not fit the network that it names, espcn"),
        (
            {"name": "srcnn"},
            {"layers.0.bias": torch.full((64,), torch.inf)},
            "its weights are not finite",
        ),
    ],
)
def test_file_builds_registered_networks_alone(
    network: object,
    changes: dict[str, torch.Tensor],
    words: str,
    command: Command,
    tmp_path: Path,
) -> None:
    write_weights(tmp_path / "foreign.safetensors", network, **changes)
    done = command("image.png", "--model=foreign.safetensors", verb=VERB)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"foreign.safetensors: {words}")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "canary").exists()


def test_upscale_imports_no_lightning(fresh_command: Command) -> None:
    done = fresh_command("image.png", verb=VERB, PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "torch" in imported
    assert not imported & {"lightning", "hydra", "torchmetrics", "tensorboard", "pydantic"}
