"""What only a GPU can show. Without one, each test is skipped and says so."""

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Command
from kills import kill_once_there, record
from PIL import Image

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")

IMAGES = ("data=dead_leaves", "data.count=10", "data.crop=64", "data.target_size=32")
ON_GPU = (*IMAGES, "trainer=gpu")
FOLDER = Path("outputs/single/dead_leaves-antialiased-x2")


@pytest.fixture
def ran(fresh_command: Command, tmp_path: Path) -> Path:
    """The folder of a run on the GPU."""
    done = fresh_command(*ON_GPU, "trainer.max_epochs=2")
    assert done.returncode == 0, done.stderr
    return tmp_path / FOLDER / "srcnn"


def test_a_gpu_is_taken_where_there_is_one(ran: Path, fresh_command: Command) -> None:
    assert torch.cuda.get_device_name() in str(record(ran)["environment"])
    again = fresh_command(*IMAGES, "trainer.max_epochs=2")
    assert "skipped" in again.stdout
    assert record(ran)["metrics"]["test_psnr"] > 15


@pytest.mark.parametrize("model", ["srcnn", "edsr", "ninasr", "unetpp"])
def test_training_agrees_with_the_cpu(fresh_command: Command, tmp_path: Path, model: str) -> None:
    settings = (f"model={model}", "recipe=modern", "data.patch_size=32", "data.steps_per_epoch=4")
    settings = (*IMAGES, *settings, "trainer.max_epochs=2", "trainer.tf32=false")
    scores = []
    for place in ("cpu", "gpu"):
        done = fresh_command(*settings, f"trainer={place}", f"output_dir={place}")
        assert done.returncode == 0, done.stderr
        (path,) = (tmp_path / place / "single").rglob("metrics.json")
        scores.append(record(path.parent)["metrics"]["test_psnr"])
    assert scores[0] == pytest.approx(scores[1], abs=0.02)


def test_a_killed_run_goes_on_bitwise(fresh_command: Command, tmp_path: Path) -> None:
    settings = (*ON_GPU, "trainer.deterministic=true", "trainer.max_epochs=40")
    assert fresh_command(*settings, "output_dir=whole").returncode == 0
    last = tmp_path / "killed" / FOLDER.relative_to("outputs") / "srcnn/checkpoints/last.ckpt"
    kill_once_there(tmp_path, last, *settings, "output_dir=killed", delay_s=0.1)
    ended = fresh_command(*settings, "output_dir=killed")
    assert "goes on after epoch" in ended.stdout
    paths = [
        tmp_path / name / last.parents[1].relative_to(tmp_path / "killed")
        for name in ("whole", "killed")
    ]
    whole, killed = (record(path) for path in paths)
    for key in ("metrics", "history", "per_image"):
        assert whole[key] == killed[key], key


@pytest.mark.parametrize("precision", ["16-mixed", "bf16-mixed"])
def test_half_precision_trains(fresh_command: Command, tmp_path: Path, precision: str) -> None:
    done = fresh_command(*ON_GPU, "trainer.max_epochs=3", f"trainer.precision={precision}")
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.rglob("metrics.json")
    losses = [epoch["val_loss"] for epoch in record(path.parent)["history"]]
    assert losses[-1] <= losses[0] < 0.1


def test_several_runs_share_a_gpu(fresh_command: Command, tmp_path: Path) -> None:
    done = fresh_command(
        *(*ON_GPU, "trainer.max_epochs=2", "hydra/launcher=joblib", "trainer.jobs_per_gpu=3"),
        *("optimizer.lr=1e-3,1e-4", "seed=0,1", "-m"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(tmp_path.glob("outputs/single/*/*/metrics.json"))) == 4


@pytest.mark.parametrize("extra", [(), ("--tile", "32"), ("--self-ensemble",)])
def test_upscale_gives_the_cpus_picture(
    ran: Path, fresh_command: Command, tmp_path: Path, extra: tuple[str, ...]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (67, 91, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "picture.png")
    pictures = []
    for device in ("cpu", "cuda"):
        arguments = ("picture.png", "--model", str(ran), "--device", device, "--output")
        done = fresh_command(*arguments, f"{device}.png", *extra, verb="upscale")
        assert done.returncode == 0, done.stderr
        pictures.append(np.asarray(Image.open(tmp_path / f"{device}.png")).astype(int))
    assert pictures[0].shape == (134, 182, 3)
    assert np.abs(pictures[0] - pictures[1]).max() <= 1


def test_upscale_in_16_bits_is_near(ran: Path, fresh_command: Command, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (67, 91, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "picture.png")
    for bits in ("32", "16"):
        arguments = ("picture.png", "--model", str(ran), "--precision", bits, "--device", "cuda")
        done = fresh_command(*arguments, "--output", f"{bits}.png", verb="upscale")
        assert done.returncode == 0, done.stderr
    first, second = (np.asarray(Image.open(tmp_path / f"{b}.png")).astype(int) for b in (32, 16))
    assert np.abs(first - second).max() <= 2


def test_evaluate_scores_on_the_gpu(ran: Path, fresh_command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "a.png")
    done = fresh_command("--data", "images", "--model", str(ran), verb="evaluate")
    assert done.returncode == 0, done.stderr
