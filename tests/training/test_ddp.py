"""One run in two processes (trainer=ddp): the figures of one process, and no process left behind.

Figures differ in their last bits alone: gradients and means are sums in another order, and a
convolution of two images rounds otherwise than one of four. An epoch of a few steps carries that
to about 1e-6 of a loss; 1e-4 dB are 2e-5 of one.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import TINY, Command
from own_network import write_network

LEAVES = ("data=dead_leaves", *TINY[:-1], "trainer.threads=1", "data.batch_size=4")
ONE, TWO = ("trainer=cpu",), ("trainer=ddp", "trainer.accelerator=cpu")
# A bias before a batch norm changes nothing, so its gradient is rounding noise. Adam makes whole
# steps of that, in one process too, and they reach the running means: SGD compares the rest.
BATCH_NORM = (
    "model.batch_norm=true",
    "model.init=default",
    "optimizer._target_=torch.optim.SGD",
    "optimizer.lr=0.01",
)
PATCHES = ("data.patch_size=8", "data.augment=true", "data.steps_per_epoch=5")
SPLITS = {
    "even": "data.split=[0.8,0.1,0.1]",  # batches of 4 and 4, one validation image
    "uneven": "data.split=[0.7,0.2,0.1]",  # a last batch of 3: shares of 2 and 1
    "empty": "data.split=[0.5,0.1,0.4]",  # a last batch of 1: the second process has none
}
DECIBEL = 1e-4


def find(folder: Path) -> tuple[Path, dict[str, Any]]:
    (path,) = folder.glob("*/*/*/metrics.json")
    return path.parent, json.loads(path.read_text())


def assert_same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert (found["status"], found["split"]) == (wanted["status"], wanted["split"])
    assert len(found["history"]) == len(wanted["history"])
    for one, other in zip(found["history"], wanted["history"], strict=True):
        assert one["train_loss"] == pytest.approx(other["train_loss"], rel=2e-5)
        assert one["val_loss"] == pytest.approx(other["val_loss"], rel=2e-5)
        assert one["val_psnr"] == pytest.approx(other["val_psnr"], abs=DECIBEL)
    assert [image["name"] for image in found["per_image"]] == wanted["split"]["test"]
    for one, other in zip(found["per_image"], wanted["per_image"], strict=True):
        assert one["psnr"] == pytest.approx(other["psnr"], abs=DECIBEL)


def left_behind(mark: Path) -> list[str]:
    return [line for line in listing("args") if f"output_dir={mark}" in line]


def listing(columns: str) -> list[str]:
    command = ["ps", "-A", "-ww", "-o", columns]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def wait_until(is_true: Any, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def start(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "srcnn_lightning", *LEAVES, *TWO, f"output_dir={tmp_path}/out"]
    return subprocess.Popen(
        [*command, *arguments],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def compare(command: Command, tmp_path: Path, *arguments: str) -> None:
    for name, trainer in (("one", ONE), ("two", TWO)):
        result = command(*LEAVES, *trainer, *arguments, f"output_dir={tmp_path}/{name}")
        assert result.returncode == 0, result.stderr
        assert not result.stderr
        assert not left_behind(tmp_path / name)
    assert_same(find(tmp_path / "two")[1], find(tmp_path / "one")[1])


def validate_alone(folder: Path, found: dict[str, Any]) -> dict[str, float]:
    """A checkpoint's metrics over the validation images, one by one in this process."""
    import torch

    from srcnn_lightning.data.dead_leaves import draw
    from srcnn_lightning.metrics import mse_per_image, psnr
    from srcnn_lightning.resize import resize_uint8
    from srcnn_lightning.training.task import SuperResolution

    best = folder / "checkpoints/best.ckpt"
    task = SuperResolution.load_from_checkpoint(best).eval()
    drawn = [draw(64, 0, int(name[-4:])) for name in found["split"]["val"]]
    images = torch.stack([torch.from_numpy(image).permute(2, 0, 1) for image in drawn])
    hr = resize_uint8(images, (32, 32), "bicubic", antialias=True)
    lr = resize_uint8(hr, (16, 16), "bicubic", antialias=True)
    with torch.no_grad():
        output = task(lr / 255)
    return {
        "val_loss": float(mse_per_image(output, hr / 255).mean()),
        "val_psnr": float(psnr(output.clamp(0, 1), hr / 255).mean()),
    }


@pytest.mark.slow
def test_two_processes_are_one_run(command: Command, tmp_path: Path) -> None:
    """The hardest case: batch norm, and shares of training and validation that are empty."""
    compare(command, tmp_path, SPLITS["empty"], *BATCH_NORM)
    folder, found = find(tmp_path / "two")
    alone = validate_alone(folder, found)
    assert found["history"][0]["val_psnr"] == pytest.approx(alone["val_psnr"], abs=DECIBEL)
    assert found["history"][0]["val_loss"] == pytest.approx(alone["val_loss"], rel=2e-5)
    assert len(list((folder / "pictures").iterdir())) == 4
    assert found["environment"]["threads"] == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [(), BATCH_NORM, PATCHES], ids=["plain", "batch_norm", "patches"]
)
@pytest.mark.parametrize("split", SPLITS)
def test_history_is_that_of_one_process(
    split: str, options: tuple[str, ...], command: Command, tmp_path: Path
) -> None:
    compare(command, tmp_path, SPLITS[split], *options, "trainer.max_epochs=2")


@pytest.mark.slow
def test_own_network_and_three_processes(command: Command, tmp_path: Path) -> None:
    """Two of three processes have no image of the last batch; PixelShuffle refuses empty ones."""
    network = write_network(
        tmp_path,
        "class Net(torch.nn.Sequential):\n"
        "    def __init__(self, scale):\n"
        "        super().__init__(\n"
        "            torch.nn.BatchNorm2d(3), torch.nn.Conv2d(3, 3 * scale**2, 3, padding=1),\n"
        "            torch.nn.PixelShuffle(scale))\n",
    )
    mine = (*network, "data.batch_size=6")
    for name, trainer in (("one", ONE), ("two", (*TWO, "trainer.devices=3"))):
        result = command(
            *LEAVES, *trainer, *mine, SPLITS["uneven"], f"output_dir={tmp_path}/{name}"
        )
        assert result.returncode == 0, result.stderr
    assert_same(find(tmp_path / "two")[1], find(tmp_path / "one")[1])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-m", "seed=0,1"), "trainer.devices=2: a sweep trains each run in one process"),
        (("data.batch_size=3",), "data.batch_size=3: it is the batch of all 2 processes"),
    ],
)
def test_what_cannot_be_divided_is_refused(
    arguments: tuple[str, ...], words: str, command: Command, tmp_path: Path
) -> None:
    result = command(*LEAVES, *TWO, *arguments)
    assert result.returncode == 2
    assert result.stderr.startswith(words)
    assert len(result.stderr.splitlines()) == 1
    assert not list((tmp_path / "outputs").rglob("metrics.json"))


@pytest.mark.slow
def test_killed_run_goes_on(command: Command, tmp_path: Path) -> None:
    """SIGKILL of the leading process: the other ends, and the same command finishes the run."""
    epochs = (SPLITS["uneven"], "trainer.max_epochs=60")
    process = start(tmp_path, *epochs)
    assert wait_until(lambda: list(tmp_path.rglob("last.ckpt")), 60)
    process.kill()
    process.communicate(timeout=30)
    assert wait_until(lambda: not left_behind(tmp_path / "out"), 5), left_behind(tmp_path / "out")
    assert not list(tmp_path.rglob("metrics.json")), "the run was too short to be killed"
    result = command(*LEAVES, *TWO, *epochs, f"output_dir={tmp_path}/out")
    assert result.returncode == 0, result.stderr
    assert "goes on after epoch" in result.stdout
    whole = command(*LEAVES, *TWO, *epochs, f"output_dir={tmp_path}/whole")
    assert whole.returncode == 0, whole.stderr
    found, wanted = (find(tmp_path / name)[1] for name in ("out", "whole"))
    assert [epoch["epoch"] for epoch in found["history"]] == list(range(1, 61))
    assert found["resumed_after"] >= 1
    assert found["history"] == wanted["history"]
    assert found["per_image"] == wanted["per_image"]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("moment", ["while the processes meet", "in the training"])
def test_signal_ends_all_processes(moment: str, number: int, status: int, tmp_path: Path) -> None:
    process = start(tmp_path, "trainer.max_epochs=100000")
    if moment == "in the training":
        assert wait_until(lambda: list(tmp_path.rglob("last.ckpt")), 60)
    else:
        assert wait_until(lambda: len(left_behind(tmp_path / "out")) == 2, 60)
        time.sleep(0.5)
    sent = time.monotonic()
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)
    assert time.monotonic() - sent < 5
    assert process.returncode == status
    assert len(stderr.strip().splitlines()) == 1, stderr
    assert not left_behind(tmp_path / "out")


@pytest.mark.slow
def test_death_of_one_process_ends_the_run(tmp_path: Path) -> None:
    process = start(tmp_path, "trainer.max_epochs=100000")
    assert wait_until(lambda: list(tmp_path.rglob("last.ckpt")), 60)
    pairs = [line.split() for line in listing("pid,ppid")[1:]]
    (other,) = [int(child) for child, parent in pairs if int(parent) == process.pid]
    os.kill(other, signal.SIGKILL)
    process.communicate(timeout=30)
    assert process.returncode == 1
    assert find(tmp_path / "out")[1]["status"] == "failed"
    assert not left_behind(tmp_path / "out")


@pytest.mark.slow
# The leading process knows its number only once it has started the other: not in its __init__.
@pytest.mark.parametrize(("moment", "rank"), [("__init__", 1), ("forward", 0), ("forward", 1)])
def test_error_in_one_process_ends_the_run(moment: str, rank: int, tmp_path: Path) -> None:
    mine = write_network(
        tmp_path,
        "import os\n"
        "def fail(moment):\n"
        f"    if moment == '{moment}' and os.environ.get('LOCAL_RANK') == '{rank}':\n"
        "        raise RuntimeError('thirteen')\n"
        "class Net(torch.nn.ConvTranspose2d):\n"
        "    def __init__(self, scale):\n"
        "        super().__init__(3, 3, scale, stride=scale)\n"
        "        fail('__init__')\n"
        "    def forward(self, images):\n"
        "        fail('forward')\n"
        "        return super().forward(images)\n",
    )
    process = start(tmp_path, *mine)
    _, stderr = process.communicate(timeout=90)
    assert process.returncode == 1, stderr
    assert not left_behind(tmp_path / "out")
    words = [path.read_text() for path in tmp_path.rglob("traceback.txt")] + [stderr]
    assert any("thirteen" in word for word in words)
