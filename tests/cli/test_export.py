"""srcnn-lightning export: a verified file, or one sentence and no file."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from conftest import Command
from own_network import write_network
from PIL import Image
from safetensors import safe_open
from small_networks import settings_of
from upscale_folders import contents, write_image

from srcnn_lightning import models
from srcnn_lightning.models.checkpoint import load_network

VERB = "export"
# Another output each time: no file gives what it gives.
NOISY = (
    "class Net(torch.nn.Upsample):\n"
    "    def __init__(self, scale=2):\n"
    "        super().__init__(scale_factor=scale)\n"
    "    def forward(self, images):\n"
    "        return super().forward(images * (1 - 0.1 * torch.rand(1)))\n"
)


def test_onnx_file_of_a_run_gives_what_its_network_gives(
    command: Command, trained: Path, tmp_path: Path
) -> None:
    done = command(f"--model={trained}", "--format=onnx", verb=VERB)
    assert (done.returncode, done.stderr) == (0, "")
    name = f"{trained.name}_x2.onnx"
    assert done.stdout.startswith(f"{name}: 0.08")
    assert "MB; verified, with " in done.stdout and len(done.stdout.splitlines()) == 1
    assert [*contents(tmp_path)] == [name]
    network, _ = load_network(trained / "checkpoints/best.ckpt")
    image = torch.rand(1, 3, 31, 20)
    session = onnxruntime.InferenceSession(tmp_path / name, providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {"image": image.numpy()})
    with torch.inference_mode():
        wanted = network.eval()(image).clamp(0, 1).numpy()
    assert np.abs(output - wanted).max() < 1e-5


@pytest.mark.slow
def test_file_keeps_what_the_run_was_trained_on_and_its_scores(
    command: Command, trained: Path, tmp_path: Path
) -> None:
    record = json.loads((trained / "metrics.json").read_text())
    safe = ("--format=safetensors", "--output=a.safetensors")
    assert command(f"--model={trained}", *safe, verb=VERB).returncode == 0
    again = ("--model=a.safetensors", "--format=onnx", "--output=b.onnx")
    assert command(*again, verb=VERB).returncode == 0
    with safe_open(tmp_path / "a.safetensors", "pt") as file:
        kept = file.metadata()
    exported = {one.key: one.value for one in onnx.load(tmp_path / "b.onnx").metadata_props}
    for texts in (kept, exported):
        data = json.loads(texts["training_data"])
        assert (data["name"], data["images"]) == ("dead_leaves", 6)
        assert data["degradation"]["kernel"] == "bicubic"
        score = json.loads(texts["scores"])["test_psnr"]
        assert score["value"] == record["metrics"]["test_psnr"]
        assert score["convention"] == "dB, on RGB, without a border, mean over the test images"


@pytest.mark.parametrize("ending", ["onnx", "safetensors"])
@pytest.mark.slow
def test_upscale_by_the_file_is_upscale_by_the_run(
    ending: str, command: Command, trained: Path, tmp_path: Path
) -> None:
    write_image(tmp_path)
    made = command(f"--model={trained}", f"--format={ending}", f"--output=a.{ending}", verb=VERB)
    assert made.returncode == 0
    for model, output in ((trained, "run.png"), (f"a.{ending}", "file.png")):
        # Tiles of 32 pixels of a picture of 75x430: each needs the radius of the metadata.
        given = ("image.png", f"--model={model}", f"--output={output}", "--tile=32")
        done = command(*given, verb="upscale")
        assert (done.returncode, done.stderr) == (0, "")
        assert "takes pictures as a whole" not in done.stdout
    by_run, by_file = (
        np.asarray(Image.open(tmp_path / name)).astype(int) for name in ("run.png", "file.png")
    )
    # Other sums round one level apart in a few places; the clamp is in the file.
    assert np.abs(by_run - by_file).max() <= 1
    assert (by_run != by_file).mean() < 1e-3


@pytest.mark.slow
def test_evaluate_and_compare_take_the_file(
    command: Command, trained: Path, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    write_image(tmp_path / "photos")
    assert (
        command(f"--model={trained}", "--format=onnx", "--output=a.onnx", verb=VERB).returncode == 0
    )
    models = (f"--model={trained}", "--model=a.onnx")
    done = command("--data=photos", *models, "--format=json", verb="evaluate")
    assert (done.returncode, done.stderr) == (0, "")
    by_run, by_file = (one["psnr"] for one in json.loads(done.stdout)["models"])
    assert by_file == pytest.approx(by_run, abs=1e-3)
    given = ("photos/image.png", "--model=bicubic", "--compare=a.onnx")
    assert command(*given, verb="upscale").returncode == 0
    assert (tmp_path / "image_x2_compare.png").is_file()


def test_existing_file_is_replaced_by_overwrite_alone(command: Command, tmp_path: Path) -> None:
    (tmp_path / "bicubic_x3.pt2").write_text("mine")
    given = ("--model=bicubic", "--scale=3", "--format=pt2")
    done = command(*given, verb=VERB)
    assert done.returncode == 2
    assert done.stderr.startswith("bicubic_x3.pt2: there is such a file already")
    assert (tmp_path / "bicubic_x3.pt2").read_text() == "mine"
    assert command(*given, "--overwrite", verb=VERB).returncode == 0
    program = torch.export.load(tmp_path / "bicubic_x3.pt2").module()
    assert program(torch.rand(1, 3, 5, 4)).shape == (1, 3, 15, 12)


def test_failed_verification_leaves_no_file_and_says_the_difference(
    command: Command, tmp_path: Path
) -> None:
    write_network(tmp_path, NOISY)
    settings = {"network": {"_target_": "mine.Net", "scale": 2}, "scale": 2}
    torch.save({"hyper_parameters": settings, "state_dict": {}}, tmp_path / "noisy.ckpt")
    before = {*contents(tmp_path)}
    given = ("--model=noisy.ckpt", "--allow-package=mine", "--format=onnx")
    done = command(*given, verb=VERB)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("noisy.ckpt: its output differs from the network's by 0.0")
    assert done.stderr.endswith("and 0.0001 is the limit; no file is written.\n")
    assert {name for name in contents(tmp_path) if "__pycache__" not in name} == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--format=onnx",), "the following arguments are required: --model"),
        (("--model=bicubic",), "the following arguments are required: --format"),
        (("--model=bicubic", "--format=h5"), "argument --format: invalid choice: 'h5'"),
        (("--model=gone", "--format=onnx"), "--model=gone: there is no gone"),
        (("--model=a.onnx", "--format=pt2"), "--model=a.onnx: it has been exported already"),
        (("--model=a.pt2", "--format=pt2"), "--model=a.pt2: a file .pt2 is for torch.export.load"),
        (("--model=RUN", "--format=onnx", "--scale=3"), "--scale=3: RUN upscales by 2"),
        (("--model=bicubic", "--format=onnx", "--scale=1"), "--scale=1: it must be at least 2"),
        (
            ("--model=bicubic", "--format=onnx", "--output=a.pt2"),
            "--output=a.pt2: its ending must be .onnx",
        ),
        (("--model=bicubic", "--format=onnx", "--output="), "--output=: give a file"),
        (
            ("--model=bicubic", "--format=onnx", "--output=text/a.onnx"),
            "--output=text/a.onnx: it cannot be written",
        ),
        (("--model=text", "--format=onnx"), "text: it is no checkpoint of this program"),
    ],
)
def test_bad_input_gets_one_sentence(
    arguments: tuple[str, ...], words: str, command: Command, trained: Path, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("no network")
    done = command(*(one.replace("RUN", str(trained)) for one in arguments), verb=VERB)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(words.replace("RUN", str(trained)))
    assert len(done.stderr.splitlines()) == 1
    assert [*contents(tmp_path)] == ["text"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("export", "--model=bicubic", "--format=onnx"), "--format=onnx: it needs the packages"),
        (("upscale", "image.png", "--model=a.onnx"), "a.onnx: an ONNX file needs the packages"),
    ],
)
def test_missing_packages_are_named(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    write_image(tmp_path)
    (tmp_path / "a.onnx").write_bytes(b"never read")
    without = "import sys; sys.modules['onnx'] = None; from srcnn_lightning.__main__ import main; "
    done = subprocess.run(
        [sys.executable, "-c", f"{without}main()", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(words)
    assert "pip install 'srcnn-lightning[export]'" in done.stderr


@pytest.mark.parametrize("option", ["--precision=16", "--device=cuda"])
def test_onnx_file_runs_on_the_cpu_alone(option: str, command: Command, tmp_path: Path) -> None:
    write_image(tmp_path)
    (tmp_path / "a.onnx").write_bytes(b"never read")
    done = command("image.png", "--model=a.onnx", option, verb="upscale")
    assert done.returncode == 2
    assert done.stderr.startswith(f"{option}: a.onnx runs on the CPU alone")


def test_network_of_several_scales_is_exported_at_one_or_with_all(
    command: Command, tmp_path: Path
) -> None:
    settings = settings_of("mdsr", 2)
    network = models.build_network(settings)
    state = {f"network.{name}": one for name, one in network.state_dict().items()}
    saved = {"network": settings, "scale": settings["scale"]}
    torch.save({"hyper_parameters": saved, "state_dict": state}, tmp_path / "m.ckpt")
    done = command("--model=m.ckpt", "--format=pt2", verb=VERB)
    assert done.stderr.startswith("--scale: m.ckpt upscales by 2, 3, 4; give one of these.")
    assert command("--model=m.ckpt", "--format=pt2", "--scale=3", verb=VERB).returncode == 0
    program = torch.export.load(tmp_path / "m_x3.pt2").module()
    assert program(torch.rand(1, 3, 5, 4)).shape == (1, 3, 15, 12)
    done = command("--model=m.ckpt", "--format=safetensors", "--scale=3", verb=VERB)
    assert done.stderr.startswith("--scale=3: a safetensors file keeps all scales of the network")
    assert command("--model=m.ckpt", "--format=safetensors", verb=VERB).returncode == 0
    loaded, kept = load_network(tmp_path / "m_x2-3-4.safetensors")
    assert kept["scale"] == [2, 3, 4]
    assert all(
        torch.equal(one, network.state_dict()[key]) for key, one in loaded.state_dict().items()
    )
