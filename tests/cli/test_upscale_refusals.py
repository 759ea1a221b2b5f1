"""What srcnn-lightning upscale does not take: sentences, and nothing lost."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import tifffile
import torch
from conftest import Command
from PIL import Image
from upscale_folders import BICUBIC, VERB, contents, noise, write, write_image


@pytest.fixture(autouse=True)
def image(tmp_path: Path) -> Path:
    return write_image(tmp_path)


def animated(path: Path) -> None:
    pictures = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    pictures[0].save(path, save_all=True, append_images=pictures[1:])


def cmyk(path: Path) -> None:
    Image.new("CMYK", (40, 30)).save(path)


def bomb(path: Path) -> None:
    Image.new("1", (20000, 10000)).save(path)


def pages(path: Path) -> None:
    tifffile.imwrite(path, np.zeros((2, 30, 40), np.uint8), photometric="minisblack")


@pytest.mark.parametrize(
    ("save", "name", "words"),
    [
        (animated, "a.webp", "it holds 2 frames or pages; save them one by one."),
        (pages, "a.tif", "it holds 2 frames or pages; save them one by one."),
        (cmyk, "a.jpg", "it is CMYK, which no network knows; convert it to RGB."),
        (bomb, "a.png", "it declares 20000x10000 pixels, and the limit"),
    ],
)
def test_what_is_not_upscaled_is_said_and_counted(
    save, name: str, words: str, command: Command, tmp_path: Path
) -> None:
    save(tmp_path / name)
    alone = command(name, BICUBIC, verb=VERB)
    assert (alone.returncode, alone.stdout) == (2, "")
    assert alone.stderr.startswith(f"{name}: {words}")
    assert len(alone.stderr.splitlines()) == 1
    beside = command(name, "image.png", BICUBIC, verb=VERB)
    assert (beside.returncode, beside.stderr) == (1, alone.stderr)
    assert "1 of 2 pictures upscaled, 1 not done" in beside.stdout


def test_broken_profile_is_left_out_with_a_line(command: Command, tmp_path: Path) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png", icc_profile=b"none")
    done = command("a.png", BICUBIC, verb=VERB)
    assert done.returncode == 0
    assert done.stdout.startswith("a.png: Its colour profile is broken")


def test_weights_that_are_not_finite_are_refused(
    command: Command, trained: Path, tmp_path: Path
) -> None:
    content = torch.load(trained / "checkpoints/best.ckpt", weights_only=True)
    content["state_dict"]["network.layers.0.weight"][0, 0, 0, 0] = float("nan")
    torch.save(content, tmp_path / "broken.ckpt")
    done = command("image.png", "--model=broken.ckpt", verb=VERB)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("broken.ckpt: its weights are not finite")
    assert not (tmp_path / "image_x2.png").exists()


def test_archive_of_torchscript_is_one_sentence(command: Command, tmp_path: Path) -> None:
    with ZipFile(tmp_path / "scripted.pt", "w") as archive:
        for name in ("data.pkl", "constants.pkl", "version"):
            archive.writestr(f"scripted/{name}", b"3\n")
    done = command("image.png", "--model=scripted.pt", verb=VERB)
    assert done.returncode == 2
    assert done.stderr.startswith("scripted.pt: it is no checkpoint of this program")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("image.png", "--model=gone"),
            "--model=gone: there is no gone; give a run's folder, a checkpoint, a file .onnx or "
            ".safetensors, or bicubic, "
            "bilinear, nearest, edsr-small-x2, edsr-small-x3, edsr-small-x4, srcnn-x2.",
        ),
        (
            ("image.png", "--model=srcnn-x2", "--scale=4"),
            "--scale=4: srcnn-x2 upscales by 2; give one of these.",
        ),
        (
            ("image.png", "--scale=3", "--compare=RUN"),
            "--scale=3: RUN upscales by 2; give one of these.",
        ),
        (("image.png", "--compare=edsr-small-x2"), "--compare=edsr-small-x2: it is --model"),
        (("image.png", "--compare=gone", BICUBIC), "--compare=gone: there is no gone"),
        (("image.png", BICUBIC, "--compare=bicubic"), "--compare=bicubic: it is --model"),
        (("gone.png", BICUBIC), "gone.png: there is no such file"),
        (("*.jpg", BICUBIC), "*.jpg: no image fits it"),
        (("empty", BICUBIC), "empty: it holds no images"),
        (("image.png", "--model=image.png"), "image.png: it is no checkpoint of this program"),
        (
            ("image.png", BICUBIC, "--output=image.png"),
            "--output=image.png: it is the image itself",
        ),
        (
            ("image.png", BICUBIC, "--output=image.png", "--overwrite"),
            "--output=image.png: it is the image itself",
        ),
        (
            ("image.png", BICUBIC, "--output=image.png/b.png"),
            "image.png/b.png: it cannot be written",
        ),
        (("image.png", BICUBIC, "--output=a.gif"), "--output=a.gif: .gif is no type"),
        (("image.png", BICUBIC, "--output=/dev/null/"), "/dev/null/image_x2.png: it cannot be"),
        (("image.png", BICUBIC, f"--output={'a' * 300}.png"), "--output=aaaa"),
        ((".", BICUBIC, "--output=empty"), "--output=empty: it lies in the input folder ."),
        ((".", BICUBIC, "--output=a.png"), "--output=a.png: it is one file"),
        (("text", BICUBIC), "text: its ending is none of the types"),
        (("image.png", BICUBIC, "--tile=-1"), "--tile=-1: it must be 0 or more"),
        (("image.png", BICUBIC, "--scale=5"), "argument --scale: invalid choice: 5"),
        (("image.png", "--model=RUN", "--scale=3"), "--scale=3: RUN"),
        (
            ("image.png", BICUBIC, "--precision=16", "--device=cpu"),
            "--precision=16: it needs a GPU",
        ),
        ((BICUBIC,), "the following arguments are required: INPUT"),
    ],
)
def test_bad_input_gets_one_sentence(
    arguments: tuple[str, ...], words: str, command: Command, trained: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("no picture")
    before = contents(tmp_path)
    run_folder = str(trained)
    done = command(*(one.replace("RUN", run_folder) for one in arguments), verb=VERB)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith(words.replace("RUN", run_folder))
    assert len(done.stderr.splitlines()) == 1
    assert contents(tmp_path) == before


def test_two_pictures_of_one_output_are_refused(command: Command, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write(tmp_path / folder / "image.png", noise(3))
    done = command("a/image.png", "b/image.png", BICUBIC, verb=VERB)
    assert done.returncode == 2
    assert done.stderr.startswith("b/image.png: it would become image_x2.png, as a/image.png does")


def test_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    # A limit on the size of a file is an error of writing like a full disk's.
    command = [sys.executable, "-m", "srcnn_lightning", VERB, "image.png", BICUBIC]
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 20; exec "$@"', "bash", *command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("image_x2.png: it cannot be written (File too large); make room")
    assert {path.name for path in tmp_path.iterdir()} == {"image.png"}
