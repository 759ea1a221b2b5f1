"""From Python: pictures of any kind go in and come out, scored and refused as by the command."""

import doctest
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Command
from documents import ROOT
from evaluation_folders import drawn_folder
from PIL import Image

import srcnn_lightning as sr
from srcnn_lightning import api
from srcnn_lightning.data.dead_leaves import draw
from srcnn_lightning.errors import BadInput
from srcnn_lightning.image_io import read_picture

RGBA = np.random.default_rng(0).integers(0, 256, (14, 19, 4), dtype=np.uint8)
RGBA[:7, :, 3] = 255
RGBA[-5:, :, 3] = 0
CHANNELS = {"L": [0], "LA": [0, 3], "RGB": [0, 1, 2], "RGBA": [0, 1, 2, 3]}
each_mode = pytest.mark.parametrize("mode", CHANNELS)


@pytest.fixture(scope="module")
def model():
    return sr.load("srcnn-x2", device="cpu")


def by_command(command: Command, folder: Path, image: Image.Image) -> np.ndarray:
    """What the command makes of an image, `(H, W, C)`."""
    image.save(folder / "in.png")
    done = command("in.png", "--model=srcnn-x2", "--output=out.png", "--device=cpu", verb="upscale")
    assert (done.returncode, done.stderr) == (0, "")
    return read_picture(folder / "out.png").pixels


@each_mode
def test_image_becomes_what_the_command_makes_of_it(
    mode: str, model, command: Command, tmp_path: Path
) -> None:
    image = Image.fromarray(RGBA[..., CHANNELS[mode]].squeeze(), mode=None)
    assert image.mode == mode
    found = sr.upscale(image, model)
    assert (found.mode, found.size) == (mode, (38, 28))
    wanted = by_command(command, tmp_path, image)
    assert np.array_equal(np.asarray(found).reshape(wanted.shape), wanted)
    if "A" in mode:
        alpha = np.asarray(found)[..., -1]
        assert (alpha[:8] == 255).all()
        assert (alpha[-4:] == 0).all()


@each_mode
def test_arrays_and_tensors_agree_in_each_type(mode: str, model) -> None:
    pixels = RGBA[..., CHANNELS[mode]]
    wanted = sr.upscale(pixels, model)
    assert (wanted.shape, wanted.dtype) == ((28, 38, pixels.shape[-1]), np.uint8)
    # The rounding to 8 bits, and that of the colours that hidden pixels take from neighbours.
    limit = 1.6 if "A" in mode else 0.51
    deep = sr.upscale(pixels.astype(np.uint16) * 257, model)
    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - wanted).max() < limit
    exact = sr.upscale(pixels / 255, model)
    assert exact.dtype == np.float64
    assert 0 <= exact.min() < exact.max() <= 1
    assert np.abs(exact * 255 - wanted).max() < limit
    assert np.abs(exact * 255 - wanted).max() > 0.4
    planes = torch.from_numpy(pixels.copy()).permute(2, 0, 1)
    for tensor, digits in (
        (planes, 0),
        (planes.to(torch.uint16) * 257, 0),
        (planes / 255, 1e-6),
        ((planes / 255).double(), 1e-6),
        ((planes / 255).half(), 2e-3),
        ((planes / 255).bfloat16(), 2e-2),
    ):
        found = sr.upscale(tensor, model)
        assert (found.shape, found.dtype) == ((pixels.shape[-1], 28, 38), tensor.dtype)
        values = found.float() if tensor.is_floating_point() else found
        by_array = {torch.uint8: wanted, torch.uint16: deep}.get(tensor.dtype, exact)
        difference = values.permute(1, 2, 0).numpy().astype(float) - by_array
        assert np.abs(difference).max() <= digits


def test_two_dimensions_and_batches_keep_their_layout(model) -> None:
    grey = RGBA[..., 0]
    wanted = sr.upscale(grey[..., None], model)[..., 0]
    assert np.array_equal(sr.upscale(grey, model), wanted)
    assert np.array_equal(sr.upscale(torch.from_numpy(grey.copy()), model).numpy(), wanted)
    batch = torch.rand(2, 3, 9, 7)
    found = sr.upscale(batch, model)
    assert found.shape == (2, 3, 18, 14)
    assert torch.equal(found[1], sr.upscale(batch[1], model))
    assert torch.equal(sr.upscale(batch[0].requires_grad_(), model), found[0])


def test_image_of_palette_1_bit_and_16_bits(model) -> None:
    colours = Image.fromarray(RGBA[..., :3])
    palette = colours.convert("P")
    palette.info = {"transparency": 3, "icc_profile": b"profile"}
    found = sr.upscale(palette, model)
    assert (found.mode, found.info) == ("RGBA", {"icc_profile": b"profile"})
    assert sr.upscale(colours.convert("1"), model).mode == "L"
    deep = RGBA[..., 0].astype(np.uint16) * 257
    found = sr.upscale(Image.fromarray(deep), model)
    assert found.mode == "I;16"
    assert np.array_equal(np.asarray(found), sr.upscale(deep, model))


def test_tiles_give_the_whole_picture(model) -> None:
    pixels = draw(60, 0, 0)
    whole, tiled = (sr.upscale(pixels, model, tile=tile).astype(int) for tile in (0, 16))
    assert np.abs(whole - tiled).max() <= 1


@pytest.mark.parametrize(
    ("picture", "sentence"),
    [
        ("a.png", "picture: it is a str; give a PIL image, a numpy array or a torch tensor."),
        (
            np.zeros((3, 20, 20), np.uint8),
            "picture: an array of 3x20x20; give (H, W), or (H, W, C) with 1 to 4 channels.",
        ),
        (
            torch.zeros(20, 20, 3),
            "picture: a tensor of 20x20x3; give (H, W), (C, H, W) or (B, C, H, W) with 1 to 4 "
            "channels.",
        ),
        (
            np.zeros((4, 4), np.int64),
            "picture: its type is int64; give uint8, uint16, or floating point in [0, 1].",
        ),
        (
            np.full((4, 4), 255.0),
            "picture: its values are from 255 to 255; floating point must be in [0, 1].",
        ),
        (
            torch.full((4, 4), torch.nan),
            "picture: its values are from nan to nan; floating point must be in [0, 1].",
        ),
        (np.zeros((0, 4), np.uint8), "picture: an array of 0x4 has no pixels; give some."),
        (torch.zeros(0, 3, 4, 4), "picture: a tensor of 0x3x4x4; give (H, W), (C, H, W)"),
        (
            Image.new("CMYK", (4, 4)),
            "picture: it is CMYK, which no network knows; convert it to RGB.",
        ),
        (Image.new("F", (4, 4)), "picture: its mode is F; convert it to RGB or L."),
    ],
)
def test_picture_that_is_none_gets_a_sentence(picture, sentence: str, model) -> None:
    with pytest.raises(BadInput) as error:
        sr.upscale(picture, model)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: sr.load("gone"), "--model=gone: there is no gone; give a run's folder, a check"),
        (lambda: sr.load(""), "--model=: give a run's folder"),
        (lambda: sr.load("bicubic", scale=1), "--scale=1: it must be at least 2."),
        (lambda: sr.load("srcnn-x2", scale=4), "--scale=4: srcnn-x2 upscales by 2; give one of"),
        (lambda: sr.load("bicubic", device="gpu"), "--device=gpu: choose auto, cpu or cuda."),
        (lambda: sr.upscale(RGBA, "bicubic", tile=-1), "--tile=-1: it must be at least 0."),
        (lambda: sr.evaluate("bicubic", "gone"), "--data=gone: there is no such folder"),
        (lambda: sr.evaluate("bicubic", ".", convention="y"), "--convention=y: choose literature"),
    ],
)
def test_bad_arguments_get_a_sentence(call, sentence: str) -> None:
    with pytest.raises(BadInput) as error:
        call()
    assert str(error.value).startswith(sentence)


def test_run_and_checkpoint_are_loaded(trained: Path) -> None:
    found = [
        sr.upscale(RGBA, sr.load(path, device="cpu"))
        for path in (trained, str(trained / "checkpoints/best.ckpt"))
    ]
    assert np.array_equal(*found)
    assert not np.array_equal(found[0], sr.upscale(RGBA, "srcnn-x2"))


def test_scores_are_those_of_the_command_as_plain_values(command: Command, tmp_path: Path) -> None:
    folder = drawn_folder(tmp_path / "hr")
    found = sr.evaluate("srcnn-x2", folder)
    done = command("--data=hr", "--model=srcnn-x2", "--format=json", verb="evaluate")
    wanted = json.loads(done.stdout)
    (scores,) = wanted.pop("models")
    assert scores.pop("model") == "srcnn-x2"
    assert json.loads(json.dumps(found)) == {**wanted, **scores}
    assert [one["image"] for one in found["images"]] == ["one", "three", "two"]
    mean = sum(one["psnr"] for one in found["images"]) / 3
    assert found["psnr"] == pytest.approx(mean, abs=1e-5)
    by_rgb = sr.evaluate(sr.load("srcnn-x2"), str(folder), convention="paper")
    assert by_rgb["convention"]["color"] == "rgb"
    assert by_rgb["psnr"] != found["psnr"]


def test_import_and_list_need_no_torch() -> None:
    code = (
        "import sys, srcnn_lightning as sr; assert len(sr.list_models()) >= 4; "
        "assert set(sr.__all__) <= set(dir(sr)); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'lightning', 'hydra')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_missing_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module srcnn_lightning has no attribute gone"):
        _ = sr.gone


def doctests() -> list[doctest.DocTest]:
    """The examples of the docstrings, and of the documents."""
    found = [one for one in doctest.DocTestFinder().find(api, "api") if one.examples]
    for page in sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text()
        for number, block in enumerate(re.findall(r"^```pycon\n(.*?)^```", text, re.M | re.S)):
            parser, name = doctest.DocTestParser(), f"{page.name}-{number}"
            found.append(parser.get_doctest(block, {}, name, str(page), 0))
    return found


@pytest.mark.parametrize("examples", doctests(), ids=lambda one: one.name)
def test_examples_are_true(examples: doctest.DocTest, tmp_path: Path) -> None:
    drawn_folder(tmp_path / "photos")
    Image.fromarray(draw(64, 0, 0)).save(tmp_path / "photo.jpg")
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples)
    finally:
        os.chdir(before)
    assert result.failed == 0
    assert result.attempted > 0
