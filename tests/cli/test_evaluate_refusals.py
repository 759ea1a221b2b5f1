"""Bad input of srcnn-lightning evaluate: sentences."""

from pathlib import Path

import pytest
from conftest import Command
from evaluation_folders import drawn_folder, save

from srcnn_lightning.data.dead_leaves import draw

VERB = "evaluate"


@pytest.fixture(autouse=True)
def images(tmp_path: Path) -> Path:
    return drawn_folder(tmp_path / "hr")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--data=nowhere",), "--data=nowhere: there is no such folder; give one of images."),
        (("--data=empty",), "--data=empty: it holds no images (PNG, JPEG, WebP, BMP or TIFF)"),
        (("--data=twice",), "--data=twice: a.bmp and a.png are two images of one name; leave one"),
        (("--data=broken",), "broken/a.png: not a readable image"),
        (("--data=tiny",), "tiny/a.png: it has 12x40 pixels, and SSIM needs 11 a side within"),
        ((), "the following arguments are required: --data"),
        (
            ("--data=hr", "--model=nobody"),
            "--model=nobody: there is no nobody; give a run's folder",
        ),
        (("--data=hr", "--model=hr/one.png"), "hr/one.png: it is no checkpoint of this program"),
        (
            ("--data=hr", "--model=RUN", "--scale=3"),
            "--scale=3: RUN upscales by 2; give one of these.",
        ),
        (
            ("--data=hr", "--model=edsr-small-x3", "--model=srcnn-x2"),
            "srcnn-x2: it upscales by 2, and edsr-small-x3 by 3; give models of one scale.",
        ),
        (("--data=hr", "--model=nearest", "--model=nearest"), "--model=nearest: it is given twice"),
        (("--data=hr", "--scale=1"), "--scale=1: it must be at least 2."),
        (("--data=hr", "--scale=two"), "argument --scale: invalid int value: 'two'"),
        (("--data=hr", "--sr-dir=nowhere"), "--sr-dir=nowhere: there is no such folder"),
        (("--data=hr", "--sr-dir=half"), "--sr-dir=half: no image belongs to one.png; name it"),
        (("--data=hr", "--lr-dir=half"), "--lr-dir=half: no image belongs to one.png; name it"),
        (
            ("--data=hr", "--sr-dir=small"),
            "small/one.png: it has 50x40 pixels and hr/one.png 72x72; at scale 2 it must have "
            "72x72.",
        ),
        (
            ("--data=hr", "--lr-dir=small", "--scale=3"),
            "small/one.png: it has 50x40 pixels and hr/one.png 72x72; at scale 3 it must have "
            "24x24.",
        ),
        (("--data=hr", "--sr-dir=hr", "--lr-dir=hr"), "--lr-dir=hr: --sr-dir takes no inputs"),
        (("--data=hr", "--target=33.66"), "--target=33.66: it belongs to --explain; give both."),
        (("--data=hr", "--explain", "--target=nan"), "--target=nan: it must be a PSNR in dB."),
        (
            ("--data=hr", "--explain", "--convention=paper"),
            "--convention=paper: --explain shows every convention; give one of the two.",
        ),
        (
            ("--data=hr", "--explain", "--sr-dir=hr", "--model=bicubic"),
            "--explain: it takes one --model or one --sr-dir; give one of them.",
        ),
        (("--data=hr", "--convention=mine"), "argument --convention: invalid choice: 'mine'"),
    ],
)
def test_bad_input_gets_one_sentence(
    arguments: tuple[str, ...], words: str, command: Command, trained: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("twice/a.png", "twice/a.bmp", "half/three.png"):
        save(tmp_path / name, draw(64, 0, 0))
    save(tmp_path / "tiny/a.png", draw(40, 0, 0)[:, :12])
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/a.png").write_bytes(b"no image")
    for name in ("one", "two", "three"):
        save(tmp_path / f"small/{name}.png", draw(50, 0, 0)[:40])
    (tmp_path / "RUN").symlink_to(trained)
    done = command(*arguments, verb=VERB)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(words)
    assert len(done.stderr.splitlines()) == 1
