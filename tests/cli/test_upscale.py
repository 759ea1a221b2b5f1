"""srcnn-lightning upscale: files and folders of pictures, by a trained network or interpolation."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import icc_profiles
import numpy as np
import pytest
import torch
from commands import start
from conftest import Command
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from upscale_folders import BICUBIC, VERB, contents, noise, write, write_image

from srcnn_lightning.image_io import read_picture
from srcnn_lightning.models import SRCNN


@pytest.fixture(autouse=True)
def image(tmp_path: Path) -> Path:
    return write_image(tmp_path)


def upscaled_at_once(run: Path, image: Path) -> np.ndarray:
    weights = torch.load(run / "checkpoints/best.ckpt", weights_only=True)["state_dict"]
    network = SRCNN().eval()
    network.load_state_dict({key.removeprefix("network."): weights[key] for key in weights})
    pixels = torch.from_numpy(np.asarray(Image.open(image)).copy()).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        whole = network(pixels).clamp(0, 1)
    return (255 * whole[0]).round().byte().permute(1, 2, 0).numpy()


def test_picture_is_what_the_network_makes_of_it(
    command: Command, trained: Path, image: Path, tmp_path: Path
) -> None:
    done = command("image.png", f"--model={trained}", verb=VERB)
    assert (done.returncode, done.stderr) == (0, "")
    first, last = done.stdout.splitlines()
    assert first == "image_x2.png: 860x150 pixels"
    assert re.fullmatch(
        r"1 of 1 pictures upscaled; \d+\.\d\d megapixels of output per second", last
    )
    found = np.asarray(Image.open(tmp_path / "image_x2.png")).astype(int)
    wanted = upscaled_at_once(trained, image)
    # Sums of another tile may round one level apart, in a few places.
    assert np.abs(found - wanted).max() <= 1
    assert (found != wanted).mean() < 1e-3
    with Image.open(tmp_path / "image_x2.png") as picture:
        assert f": {trained.name} x2, " in picture.text["Software"]  # type: ignore[attr-defined]


def mixed_folder(folder: Path) -> dict[str, np.ndarray]:
    """Eleven pictures of all types in a tree, and a broken one."""
    pictures = {
        "a.png": noise(3),
        "b.jpg": noise(3),
        "c.webp": noise(3),
        "d.tif": noise(3),
        "e.bmp": noise(3),
        "deep/f.png": noise(3, 16),
        "deep/g.tif": noise(4, 16),
        "deep/er/h.png": noise(1, 16),
        "deep/er/i.jpeg": noise(1),
        "deep/er/j.png": noise(2),
        "k.PNG": noise(4),
    }
    for name, pixels in pictures.items():
        write(folder / name.lower(), pixels)
    (folder / "k.png").rename(folder / "k.PNG")
    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes()[:200])
    (folder / "notes.txt").write_text("no picture")
    return pictures


def test_folder_of_12_files_with_a_broken_one(command: Command, tmp_path: Path) -> None:
    pictures = mixed_folder(tmp_path / "in")
    done = command("in", BICUBIC, verb=VERB)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("in/broken.png: not a readable image")
    assert done.stdout.splitlines()[-1].startswith("11 of 12 pictures upscaled, 1 not done; ")
    found = {path.relative_to(tmp_path / "in_x2") for path in (tmp_path / "in_x2").rglob("*.*")}
    names = [Path(name) for name in pictures]
    assert found == {name.with_name(f"{name.stem}_x2{name.suffix}") for name in names}
    for name, pixels in pictures.items():
        path = Path("in_x2") / name
        picture = read_picture(tmp_path / path.with_name(f"{path.stem}_x2{path.suffix}"))
        height, width, channels = pixels.shape
        assert picture.pixels.shape == (2 * height, 2 * width, channels)
        assert picture.pixels.dtype == pixels.dtype
    again = command("in", BICUBIC, verb=VERB)
    assert again.returncode == 1
    assert again.stdout.splitlines()[-1] == (
        "0 of 12 pictures upscaled, 11 there already, 1 not done"
    )


def test_killed_folder_goes_on_to_the_same_bytes(command: Command, tmp_path: Path) -> None:
    for number in range(6):
        write(tmp_path / f"in/{number}.tif", noise(3, 16, side=150))
        write(tmp_path / f"in/{number}.png", noise(4, side=150))
    assert command("in", BICUBIC, "--output=whole/", verb=VERB).returncode == 0
    process = start(tmp_path, "in", BICUBIC, "--output=killed/", verb=VERB)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if len(list((tmp_path / "killed").glob("[0-9]*"))) >= 3:
            break
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    before = len(list((tmp_path / "killed").glob("[0-9]*")))
    assert 3 <= before < 12
    # What a kill in the middle of a file leaves behind.
    (tmp_path / f"killed/.5_x2.tif.{process.pid}").write_bytes(b"half a file")
    done = command("in", BICUBIC, "--output=killed/", verb=VERB)
    assert done.returncode == 0, done.stderr
    assert f"{12 - before} of 12 pictures upscaled, {before} there already" in done.stdout
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_output_of_something_else_is_replaced_only_where_asked(
    command: Command, image: Path, tmp_path: Path
) -> None:
    output = tmp_path / "image_x2.png"
    assert command("image.png", BICUBIC, verb=VERB).returncode == 0
    first = output.read_bytes()
    skipped = command("image.png", BICUBIC, verb=VERB)
    assert (skipped.returncode, skipped.stdout.splitlines()[0]) == (
        0,
        "image_x2.png: it is there already",
    )
    changed = np.asarray(Image.open(image)).copy()
    changed[0, 0] ^= 1
    for arguments in (["--model=bilinear"], [BICUBIC, "--self-ensemble"], [BICUBIC, "changed"]):
        if arguments[-1] == "changed":
            Image.fromarray(changed).save(image)
            arguments = arguments[:-1]  # noqa: PLW2901
        refused = command("image.png", *arguments, verb=VERB)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr.startswith("image_x2.png: there is such a file already")
        assert output.read_bytes() == first
    assert command("image.png", BICUBIC, "--overwrite", verb=VERB).returncode == 0
    assert output.read_bytes() != first
    assert {path.name for path in tmp_path.iterdir()} == {"image.png", output.name}


def camera_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "A maker of cameras", 6
    return exif


def test_profile_exif_text_and_resolution_are_kept(command: Command, tmp_path: Path) -> None:
    picture, text = Image.new("RGB", (30, 40)), PngInfo()
    text.add_text("Title", "A title")
    options = {"icc_profile": icc_profiles.DISPLAY_P3, "exif": camera_exif(), "dpi": (300, 300)}
    picture.save(tmp_path / "a.png", pnginfo=text, **options)
    picture.save(tmp_path / "b.jpg", **options)
    done = command("a.png", "b.jpg", BICUBIC, verb=VERB)
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("a_x2.png", "b_x2.jpg"):
        with Image.open(tmp_path / name) as found:
            assert found.size == (80, 60)  # rotated upright
            assert found.info["icc_profile"] == icc_profiles.DISPLAY_P3
            assert found.info["dpi"] == pytest.approx((300, 300), abs=0.02)
            assert found.getexif()[0x010F] == "A maker of cameras"
            assert found.getexif()[0x0112] == 1
            if name == "a_x2.png":
                assert found.text["Title"] == "A title"  # type: ignore[attr-defined]
                software = found.text["Software"]  # type: ignore[attr-defined]
            else:
                software = found.getexif()[0x0131]
            assert re.fullmatch(r"srcnn_lightning [\d.]+: bicubic x2, [0-9a-f]{16}", software)


def test_network_sees_the_files_own_colours(
    command: Command, trained: Path, image: Path, tmp_path: Path
) -> None:
    with Image.open(image) as picture:
        picture.save(tmp_path / "p3.png", icc_profile=icc_profiles.DISPLAY_P3)
    assert command("p3.png", f"--model={trained}", verb=VERB).returncode == 0
    with Image.open(tmp_path / "p3_x2.png") as found:
        wanted = upscaled_at_once(trained, image)
        assert np.abs(np.asarray(found).astype(int) - wanted).max() <= 1


def test_output_may_be_a_file_of_another_type_or_a_folder(command: Command, tmp_path: Path) -> None:
    write(tmp_path / "deep.tif", noise(3, 16))
    done = command("deep.tif", BICUBIC, "--output=small.jpg", "--scale=3", verb=VERB)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:2] == [
        "deep.tif: Its 16 bits a channel are rounded to 8, as JPEG has no more.",
        "small.jpg: 87x72 pixels",
    ]
    with Image.open(tmp_path / "small.jpg") as found:
        assert (found.format, found.size) == ("JPEG", (87, 72))
    assert command("deep.tif", BICUBIC, "--output=new/er/", verb=VERB).returncode == 0
    assert read_picture(tmp_path / "new/er/deep_x2.tif").pixels.dtype == np.uint16


def test_pattern_takes_pictures_and_leaves_out_its_own_outputs(
    command: Command, tmp_path: Path
) -> None:
    write(tmp_path / "b.png", noise(3))
    for wanted in ("2 of 2 pictures upscaled;", "0 of 2 pictures upscaled, 2 there already"):
        done = command("*.png", BICUBIC, verb=VERB)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1].startswith(wanted)
    names = {"b.png", "b_x2.png", "image.png", "image_x2.png"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_models_stand_side_by_side_with_captions(command: Command, tmp_path: Path) -> None:
    write(tmp_path / "a.tif", noise(3, 16, side=60))
    compared = ("--compare=bilinear", "--compare=nearest")
    for _ in range(2):  # the second time everything is there
        done = command("a.tif", BICUBIC, *compared, verb=VERB)
        assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("a_x2.tif: it is there already\n")
    with Image.open(tmp_path / "a_x2_compare.png") as picture:
        found = np.asarray(picture)
        assert "bicubic beside bilinear beside nearest x2" in picture.text["Software"]  # type: ignore[attr-defined]
    height, width = 120, 130
    top = found.shape[0] - height
    column = (found.shape[1] + 4) // 3
    assert top > 12
    for number, model in enumerate(("bicubic", "bilinear", "nearest")):
        assert (
            command("a.tif", f"--model={model}", f"--output={model}.tif", verb=VERB).returncode == 0
        )
        wanted = np.round(read_picture(tmp_path / f"{model}.tif").pixels / 257)
        left = number * column
        assert np.array_equal(found[top:, left : left + width], wanted)
        caption = found[:top, left : left + column]
        assert (caption == 0).any()


@pytest.mark.slow
def test_self_ensemble_of_a_network_is_the_mean_over_8(
    command: Command, trained: Path, image: Path, tmp_path: Path
) -> None:
    assert command("image.png", f"--model={trained}", "--self-ensemble", verb=VERB).returncode == 0
    found = np.asarray(Image.open(tmp_path / "image_x2.png")).astype(float)
    given = np.asarray(Image.open(image))
    total = np.zeros(found.shape)
    for turns in range(4):
        for is_flipped in (False, True):
            seen = np.rot90(given, turns)
            seen = seen[:, ::-1] if is_flipped else seen
            Image.fromarray(seen).save(tmp_path / "rotated.png")
            output = upscaled_at_once(trained, tmp_path / "rotated.png").astype(float)
            output = output[:, ::-1] if is_flipped else output
            total += np.rot90(output, -turns)
    # Each of the 8 is rounded and clamped here, and only the mean there.
    is_inside = (found > 30) & (found < 225)
    assert np.abs(found - total / 8)[is_inside].max() < 3
    assert np.abs(found - total / 8).mean() < 0.5


@pytest.mark.slow  # a minute, of 24 megapixels
def test_memory_is_a_gigabyte_and_8_bytes_a_pixel_of_the_output(
    trained: Path, tmp_path: Path
) -> None:
    content = np.random.default_rng(0).integers(0, 256, (400, 600, 4)).astype(np.uint8)
    Image.fromarray(np.tile(content, (10, 10, 1))).save(tmp_path / "large.png")
    command = [sys.executable, "-m", "srcnn_lightning", VERB, "large.png", f"--model={trained}"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.read().startswith("large_x2.png: 12000x8000 pixels\n")
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    kilobyte = 1 if sys.platform == "darwin" else 1024
    assert kilobyte * usage.ru_maxrss < 1e9 + 8 * 12000 * 8000
