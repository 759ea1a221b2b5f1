"""srcnn-lightning evaluate: tables of models and of upscaled images."""

import csv
import io
import json
import os
import pty
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from evaluation_folders import drawn_folder, noisy_copies, save
from PIL import Image

from srcnn_lightning.cli.models import short_names
from srcnn_lightning.data.dead_leaves import draw
from srcnn_lightning.inference.published import IMAGES

VERB = "evaluate"


@pytest.fixture(autouse=True)
def images(tmp_path: Path) -> Path:
    return drawn_folder(tmp_path / "hr")


def evaluated(command: Command, *arguments: str) -> str:
    done = command("--data=hr", *arguments, verb=VERB)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def table(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_models_and_folders_stand_side_by_side(
    command: Command, trained: Path, images: Path, tmp_path: Path
) -> None:
    noisy_copies(tmp_path / "sr", images, "_x2_SR")
    checkpoint = trained / "checkpoints/last.ckpt"
    models = [f"--model={one}" for one in ("bicubic", trained, checkpoint)]
    given = [*models, "--sr-dir=sr"]
    head, _, *rows = table(evaluated(command, *given))
    assert head == ["Image", "bicubic", trained.name, "last.ckpt", "sr"]
    assert [row[0] for row in rows] == ["one", "three (grey)", "two", "Mean"]
    scores = [[[float(x) for x in cell.split("/")] for cell in row[1:]] for row in rows]
    for column in range(4):
        psnr, ssim = ([row[column][i] for row in scores] for i in (0, 1))
        assert psnr[3] == pytest.approx(sum(psnr[:3]) / 3, abs=0.011)
        assert ssim[3] == pytest.approx(sum(ssim[:3]) / 3, abs=1.1e-4)
        assert 15 < psnr[3] < 45
    lines = csv_rows(evaluated(command, *given, "--format=csv"))
    assert len(lines) == 4 * 4
    for line in lines:
        row = [*("one", "three", "two"), ""].index(line["image"])
        cell = scores[row][head.index(line["model"]) - 1]
        assert [float(line["psnr"]), float(line["ssim"])] == [
            pytest.approx(cell[0], abs=0.0051),
            pytest.approx(cell[1], abs=5.1e-5),
        ]
        assert (line["color"], line["border"], line["rounding"]) == ("y", "2", "uint8")
        assert line["kind"] == ("image" if line["image"] else "all")


def test_network_has_the_score_of_the_images_that_upscale_writes(
    command: Command, trained: Path, tmp_path: Path, images: Path
) -> None:
    """Of the colour images: `upscale` writes grey for grey."""
    (images / "three.png").unlink()
    (tmp_path / "sr").mkdir()
    for name, size in (("one", (36, 36)), ("two", (32, 36))):
        image = Image.open(images / f"{name}.png").resize(size)
        save(tmp_path / f"lr/{name}x2.png", np.asarray(image))
        given = (f"lr/{name}x2.png", f"--model={trained}", f"--output=sr/{name}-upscaled.png")
        assert command(*given, verb="upscale").returncode == 0
    both = evaluated(command, f"--model={trained}", "--lr-dir=lr", "--sr-dir=sr", "--format=csv")
    network, folder = (
        [float(line["psnr"]) for line in csv_rows(both) if line["model"] == model]
        for model in (trained.name, "sr")
    )
    assert network == pytest.approx(folder, abs=0.01)


def test_every_choice_is_printed(command: Command, tmp_path: Path, images: Path) -> None:
    text = evaluated(command, "--scale=3")
    for words in (
        "**hr, x3: PSNR in dB/SSIM**",
        "- Convention: literature",
        "- Colour: Y of BT.601, 16 to 235; grey images: their values, 0 to 255",
        "- Border: 3 pixels left out at each side",
        "- Rounding: the output to uint8",
        "- Reduction: the mean of the images' PSNRs",
        "- Input: bicubic, antialiased, rounded to uint8",
        "- SSIM: Gaussian window of 11 pixels, sigma 1.5",
    ):
        assert words in text
    text = evaluated(command, "--convention=paper")
    assert "- Colour: RGB\n- Border: 0 pixels" in text
    assert "- Rounding: none" in text
    noisy_copies(tmp_path / "sr", images)
    assert "- Input: as the images are given" in evaluated(command, "--sr-dir=sr")


def test_set5_has_the_printed_values_in_lines_of_their_own(
    command: Command, tmp_path: Path
) -> None:
    for index, (name, (height, width)) in enumerate(IMAGES["Set5"].items()):
        save(tmp_path / f"any/{name}.png", draw(512, 0, index)[:height, :width])
    done = command("--data=any", verb=VERB)
    assert done.stdout.startswith("**Set5, x2: PSNR in dB/SSIM**")
    rows = table(done.stdout)
    assert rows[-4] == ["Set5 as printed", "Bicubic", "SRCNN", "FSRCNN", "VDSR", "DRCN", "EDSR"]
    assert rows[-2] == ["PSNR", "33.66", "36.66", "37.00", "37.53", "37.63", "38.19"]
    assert rows[-1] == ["SSIM", "0.9299", "0.9542", "0.9558", "0.9587", "0.9588", "0.9609"]


def test_json_holds_null_for_an_infinite_psnr(
    command: Command, images: Path, tmp_path: Path
) -> None:
    for path in images.iterdir():
        (tmp_path / "same").mkdir(exist_ok=True)
        (tmp_path / "same" / path.name).write_bytes(path.read_bytes())
    content = json.loads(evaluated(command, "--sr-dir=same", "--format=json"))
    assert content["convention"]["name"] == "literature"
    assert content["convention"]["border"] == 2
    (model,) = content["models"]
    assert (model["psnr"], model["images"][0]["psnr"]) == (None, None)
    assert model["ssim"] == pytest.approx(1)
    assert "inf/1.0000" in evaluated(command, "--sr-dir=same")


def test_scale_is_that_of_the_model(command: Command, trained: Path) -> None:
    assert "**hr, x2:" in evaluated(command, f"--model={trained}")
    assert "**hr, x4:" in evaluated(command, "--scale=4")


def test_convention_of_a_printed_value_is_named_first(command: Command) -> None:
    rows = csv_rows(evaluated(command, "--format=csv"))
    printed = f"{float(rows[-1]['psnr']):.2f}"
    text = evaluated(command, "--explain", f"--target={printed}")
    assert text.startswith(f"Nearest to {float(printed):g} dB:\n- ")
    assert "is the literature's convention, as its Python programs" in " ".join(text.split())
    head, _, first, second, *_ = table(text)
    assert head == ["PSNR", "Colour", "Border", "Rounded", "Pooled", "Input", "Name"]
    assert [printed, "Y", "2", "uint8", "no", "bicubic", "literature"] in (first, second)
    assert "combinations are farther; --format csv lists all." in text
    assert max(map(len, text.splitlines())) <= 80


def test_explanation_lists_all_combinations(command: Command) -> None:
    text = evaluated(command, "--explain")
    values = [float(row[0]) for row in table(text)[2:]]
    assert len(values) == 360
    assert values == sorted(values, reverse=True)
    assert max(map(len, text.splitlines())) <= 80
    rows = csv_rows(evaluated(command, "--explain", "--target=20", "--format=csv"))
    assert len(rows) == 360
    content = json.loads(evaluated(command, "--explain", "--format=json"))
    assert [row["psnr"] for row in content] == sorted(
        (row["psnr"] for row in content), reverse=True
    )
    assert {row["name"] for row in content} == {"literature", "matlab", "paper", None}


def test_value_that_no_convention_gives_is_said_to_be_one(command: Command) -> None:
    text = evaluated(command, "--explain", "--target=70")
    assert text.startswith("No convention gives 70 dB; the nearest is ")
    assert "Look for another cause" in text


@pytest.mark.parametrize(("columns", "parts"), [(80, 2), (120, 1)])
@pytest.mark.slow
def test_terminal_gets_the_models_that_fit(
    columns: int, parts: int, command: Command, tmp_path: Path, images: Path
) -> None:
    folders = [f"folder_{number}" for number in range(5)]
    for name in folders:
        noisy_copies(tmp_path / name, images)
    given = [f"--sr-dir={name}" for name in folders]
    assert len([row for row in table(evaluated(command, *given)) if row[0] == "Image"]) == 1
    text = on_terminal(tmp_path, columns, VERB, "--data=hr", *given)
    heads = [row for row in table(text) if row[0] == "Image"]
    assert len(heads) == parts
    assert [name for head in heads for name in head[1:]] == folders
    assert max(map(len, text.splitlines())) <= columns


def on_terminal(folder: Path, columns: int, *arguments: str) -> str:
    """What a command prints on a terminal of so many columns, without a bar's signs."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.environ.update(COLUMNS=str(columns), TERM="dumb")
        os.execv(sys.executable, [sys.executable, "-m", "srcnn_lightning", *arguments])
    printed = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the end of a terminal on Linux
            break
        if not part:
            break
        printed += part
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, printed
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", printed.decode()).replace("\r", "")


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["bicubic", "outputs/grid/lr=0.01"], ["bicubic", "lr=0.01"]),
        (["a/one/best.ckpt", "b/one/best.ckpt"], ["a/one/best.ckpt", "b/one/best.ckpt"]),
        (["x/a/one", "x/b/one", "x/c/two"], ["a/one", "b/one", "two"]),
        (["sr", "x/sr"], ["sr", "x/sr"]),
        ([".", "/"], [".", "/"]),
    ],
)
def test_name_has_the_parts_that_tell_it_from_others(given: list[str], names: list[str]) -> None:
    assert list(short_names(given).values()) == names
