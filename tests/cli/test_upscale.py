"""srcnn-lightning upscale: an image of any size through a trained network."""

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import icc_profiles
import numpy as np
import pytest
import tifffile
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


def upscaled_at_once(run: Path, image: Path) -> np.ndarray:
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
    assert done.stdout == "image-upscaled.png: 860x150 pixels\n"
    found = np.asarray(Image.open(tmp_path / "image-upscaled.png")).astype(int)
    wanted = upscaled_at_once(trained, image)
    # Sums of another tile may round one level apart, in a few places.
    assert np.abs(found - wanted).max() <= 1
    assert (found != wanted).mean() < 1e-3


def test_weights_that_are_not_finite_are_refused(
    command: Command, trained: Path, image: Path, tmp_path: Path
) -> None:
    content = torch.load(trained / "checkpoints/best.ckpt", weights_only=True)
    content["state_dict"]["network.layers.0.weight"][0, 0, 0, 0] = float("nan")
    torch.save(content, tmp_path / "broken.ckpt")
    done = command("broken.ckpt", "image.png", verb=MODULE)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("broken.ckpt: its weights are not finite")
    assert not (tmp_path / "image-upscaled.png").exists()


def test_archive_of_torchscript_is_one_sentence(command: Command, tmp_path: Path) -> None:
    with ZipFile(tmp_path / "scripted.pt", "w") as archive:
        for name in ("data.pkl", "constants.pkl", "version"):
            archive.writestr(f"scripted/{name}", b"3\n")
    done = command("scripted.pt", "image.png", verb=MODULE)
    assert done.returncode == 2
    assert done.stderr.startswith("scripted.pt: it is no checkpoint of this program")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere", "image.png"), "nowhere: there is no nowhere; give a run's folder"),
        (("RUN", "gone.png"), "gone.png: there is no such file"),
        (("RUN", "."), ".: it is a folder; give one image file"),
        (("RUN", "gone.png", "--output=image.png"), "gone.png: there is no such file"),
        (("image.png", "image.png"), "image.png: it is no checkpoint of this program"),
        (("RUN", "image.png", "--output=image.png"), "--output=image.png: it is the image itself"),
        (
            ("RUN", "image.png", "--output=image.png", "--overwrite"),
            "--output=image.png: it is the image itself",
        ),
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


def test_output_that_is_there_is_replaced_only_where_asked(
    command: Command, trained: Path, image: Path, tmp_path: Path
) -> None:
    output = tmp_path / "image-upscaled.png"
    Image.new("RGB", (40, 30)).save(tmp_path / "image.jpg")
    assert command(str(trained), "image.png", verb=MODULE).returncode == 0
    first = output.read_bytes()
    for arguments in (("image.jpg",), ("image.jpg", "--output=image-upscaled.png")):
        refused = command(str(trained), *arguments, verb=MODULE)
        assert refused.returncode == 2
        assert refused.stderr == (
            "--output=image-upscaled.png: there is such a file already; "
            "give another one, or --overwrite to replace it.\n"
        )
        assert output.read_bytes() == first
    assert command(str(trained), "image.jpg", "--overwrite", verb=MODULE).returncode == 0
    with Image.open(output) as found:
        assert found.size == (80, 60)
    assert {path.name for path in tmp_path.iterdir()} == {"image.png", "image.jpg", output.name}


def test_output_keeps_the_colour_profile_and_the_network_sees_the_files_own_colours(
    command: Command, trained: Path, image: Path, tmp_path: Path
) -> None:
    with Image.open(image) as picture:
        picture.save(tmp_path / "p3.png", icc_profile=icc_profiles.DISPLAY_P3)
    done = command(str(trained), "p3.png", verb=MODULE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "p3-upscaled.png: 860x150 pixels\n"
    with Image.open(tmp_path / "p3-upscaled.png") as found:
        assert found.info["icc_profile"] == icc_profiles.DISPLAY_P3
        wanted = upscaled_at_once(trained, image)
        assert np.abs(np.asarray(found).astype(int) - wanted).max() <= 1


def grey_and_alpha(path: Path) -> None:
    Image.new("LA", (40, 30), (100, 128)).save(path)


def rotated(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 40)).save(path, exif=exif)


def frames(path: Path) -> None:
    pictures = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    pictures[0].save(path, save_all=True, append_images=pictures[1:])


def deep(path: Path) -> None:
    pixels = np.full((30, 40, 3), 9999, np.uint16)
    tifffile.imwrite(path, pixels, photometric="rgb", metadata=None, software=False)


def cmyk(path: Path) -> None:
    Image.new("CMYK", (40, 30)).save(path)


def camera(path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "A maker of cameras"
    Image.new("RGB", (40, 30)).save(path, exif=exif, xmp=b"<x:xmpmeta/>")


def broken_profile(path: Path) -> None:
    Image.new("RGB", (40, 30)).save(path, icc_profile=b"none")


@pytest.mark.parametrize(
    ("write", "name", "mode", "words"),
    [
        (grey_and_alpha, "a.png", "LA", None),
        (rotated, "a.jpg", "RGB", None),
        (frames, "a.webp", "RGB", "The first of its 2 frames or pages is taken."),
        (deep, "a.tif", "RGB", "Its 16 bits a channel are rounded to 8."),
        (cmyk, "a.jpg", "RGB", "Its CMYK is converted to sRGB."),
        (camera, "a.jpg", "RGB", "Its metadata (EXIF, XMP) is not kept."),
        (broken_profile, "a.png", "RGB", "Its colour profile is broken"),
    ],
)
def test_output_holds_what_the_file_holds_or_a_line_says_what_not(
    write, name: str, mode: str, words: str | None, command: Command, trained: Path, tmp_path: Path
) -> None:
    write(tmp_path / name)
    done = command(str(trained), name, verb=MODULE)
    assert (done.returncode, done.stderr) == (0, "")
    *lines, last = done.stdout.splitlines()
    assert last == "a-upscaled.png: 80x60 pixels"
    assert len(lines) == (words is not None)
    if words:
        assert lines[0].startswith(f"{name}: {words}")
    with Image.open(tmp_path / "a-upscaled.png") as found:
        assert found.mode == mode


@pytest.mark.slow  # a minute, of 24 megapixels
def test_memory_is_a_gigabyte_and_8_bytes_a_pixel_of_the_output(
    trained: Path, tmp_path: Path
) -> None:
    content = np.random.default_rng(0).integers(0, 256, (400, 600, 4)).astype(np.uint8)
    Image.fromarray(np.tile(content, (10, 10, 1))).save(tmp_path / "large.png")
    command = [sys.executable, "-m", "srcnn_lightning", MODULE, str(trained), "large.png"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.read() == "large-upscaled.png: 12000x8000 pixels\n"
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    kilobyte = 1 if sys.platform == "darwin" else 1024
    assert kilobyte * usage.ru_maxrss < 1e9 + 8 * 12000 * 8000
