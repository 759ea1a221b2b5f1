"""Runs that are killed, damaged, prolonged or begun from other weights."""

import random
import shutil
import signal
import time
from pathlib import Path

import pytest
import torch
from conftest import Command
from kills import (
    LEAVES,
    TOLD_APART,
    assert_equal,
    assert_same_runs,
    curve,
    kill_once_there,
    record,
    start,
)
from own_network import write_network

KIND = "single/dead_leaves-antialiased-x2"
RUN = Path("outputs") / KIND
LONG = (*LEAVES, "trainer.max_epochs=30")
# Draws random numbers while it trains, so that a restart must find the generator where it was.
DROPOUT = (
    "class Net(torch.nn.Sequential):\n"
    "    def __init__(self, width=8, scale=2):\n"
    "        super().__init__(\n"
    "            torch.nn.Conv2d(3, width, 3, padding=1), torch.nn.BatchNorm2d(width),\n"
    "            torch.nn.ReLU(), torch.nn.Dropout(0.3),\n"
    "            torch.nn.Conv2d(width, 3 * scale**2, 3, padding=1),\n"
    "            torch.nn.PixelShuffle(scale))\n"
)


@pytest.mark.slow
def test_three_kills_leave_no_trace(command: Command, tmp_path: Path) -> None:
    arguments = (*LONG, *write_network(tmp_path, DROPOUT))
    assert command(*arguments, "output_dir=whole").returncode == 0
    name = "model=custom,_target_=mine.Net"
    last = tmp_path / "killed" / KIND / name / "checkpoints/last.ckpt"
    for delay_s in (0.05, 0.0, 0.1):
        kill_once_there(tmp_path, last, *arguments, "output_dir=killed", delay_s=delay_s)
    ended = command(*arguments, "output_dir=killed")
    assert ended.returncode == 0, ended.stderr
    assert "goes on after epoch" in ended.stdout
    assert record(last.parents[1])["resumed_after"] > 2
    assert_same_runs(tmp_path / "whole", tmp_path / "killed")
    assert not (last.parent / "previous.ckpt").exists()


def test_kill_in_the_first_epoch_leaves_nothing_behind(command: Command, tmp_path: Path) -> None:
    # The logger's file is there before the first checkpoint.
    hparams = tmp_path / RUN / "srcnn/hparams.yaml"
    kill_once_there(tmp_path, hparams, *LEAVES, "trainer.max_epochs=1000")
    shutil.rmtree(hparams.parent / "checkpoints", ignore_errors=True)
    assert command(*LEAVES).returncode == 0
    assert not (tmp_path / RUN / ".replaced").exists()
    assert [step for step, _ in curve(tmp_path / RUN / "srcnn")] == [1]


@pytest.mark.slow
def test_moved_outputs_go_on(command: Command, tmp_path: Path) -> None:
    """Where the folder lies is no part of a run: it may be moved between a kill and a restart."""
    last = tmp_path / RUN / "srcnn/checkpoints/last.ckpt"
    kill_once_there(tmp_path, last, *LONG, delay_s=0.1)
    (tmp_path / "outputs").rename(tmp_path / "elsewhere")
    moved = command(*LONG, "output_dir=elsewhere")
    assert "goes on after epoch" in moved.stdout
    assert command(*LONG, "output_dir=whole").returncode == 0
    assert_same_runs(tmp_path / "whole", tmp_path / "elsewhere")


@pytest.mark.slow
def test_twenty_kills_of_a_sweep_leave_no_trace(command: Command, tmp_path: Path) -> None:
    arguments = (
        *LEAVES,
        "trainer.max_epochs=150",
        "optimizer.lr=1e-2,1e-3",
        "model.batch_norm=false,true",
        "model.init=default",
        "-m",
    )
    assert command(*arguments, "output_dir=whole").returncode == 0
    moments = random.Random(0)
    kills = resumes = 0
    while kills < 20:
        process = start(tmp_path, *arguments, "output_dir=killed")
        until_trained = time.monotonic() + 60
        # A fifth of the kills falls into the start, the others into the training.
        if moments.random() < 0.2:
            time.sleep(moments.uniform(0, 1.5))
        else:
            before = _newest(tmp_path / "killed")
            while _newest(tmp_path / "killed") == before and time.monotonic() < until_trained:
                time.sleep(0.002)
                if process.poll() is not None:
                    break
            time.sleep(moments.uniform(0, 0.6))
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        stdout, _ = process.communicate()
        resumes += "goes on after epoch" in stdout
        kills += 1
    ended = command(*arguments, "output_dir=killed")
    assert ended.returncode == 0, ended.stderr
    assert kills == 20, "the sweep ended before it was killed often enough"
    assert resumes >= 5
    assert_same_runs(tmp_path / "whole", tmp_path / "killed")


def _newest(folder: Path) -> int:
    return max((path.stat().st_mtime_ns for path in folder.rglob("last.ckpt")), default=0)


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)],
)
def test_signal_ends_the_sweep_and_the_same_command_goes_on(
    number: int, status: int, command: Command, tmp_path: Path
) -> None:
    arguments = (*LEAVES, "trainer.max_epochs=60", "-m", "seed=0,1")
    last = tmp_path / RUN / "seed=0/checkpoints/last.ckpt"
    process = start(tmp_path, *arguments)
    deadline = time.monotonic() + 60
    while not last.is_file() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    sent = time.monotonic()
    stdout, stderr = process.communicate(timeout=30)
    assert time.monotonic() - sent < 5
    assert process.returncode == status
    assert len(stderr.strip().splitlines()) == 1, stderr
    assert "what is finished is kept" in stderr
    assert "Traceback" not in stdout + stderr
    assert not (tmp_path / RUN / "seed=1").exists()
    again = command(*arguments)
    assert again.returncode == 0
    assert "seed=0: goes on after epoch" in again.stdout
    assert command(*arguments, "output_dir=whole").returncode == 0
    assert_same_runs(tmp_path / "whole", tmp_path / "outputs")


@pytest.mark.parametrize("arguments", [(), ("model=bicubic",)])
def test_damaged_record_is_set_aside_and_named(
    arguments: tuple[str, ...], command: Command, tmp_path: Path
) -> None:
    folder = tmp_path / RUN / (arguments[0] if arguments else "srcnn")
    assert command(*LEAVES, *arguments).returncode == 0
    before = record(folder)
    text = (folder / "metrics.json").read_text()
    (folder / "metrics.json").write_text(text[: len(text) // 2])
    if arguments:  # nothing was trained, there is no checkpoint
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    again = command(*LEAVES, *arguments)
    assert again.returncode == 0, again.stderr
    assert "metrics.json: damaged" in again.stdout
    assert all(record(folder)[key] == before[key] for key in TOLD_APART)
    folder = next((tmp_path / RUN / ".replaced").iterdir()) if arguments else folder
    assert (next((folder / "damaged").iterdir())).read_text() == text[: len(text) // 2]


def test_kill_between_training_and_record_tests_again(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / RUN / "srcnn"
    assert command(*LEAVES, "trainer.max_epochs=2").returncode == 0
    before = record(folder)
    (folder / "metrics.json").unlink()
    again = command(*LEAVES, "trainer.max_epochs=2")
    assert "goes on after epoch 2" in again.stdout
    assert all(record(folder)[key] == before[key] for key in TOLD_APART)
    assert [step for step, _ in curve(folder)] == [1, 2]


def test_best_checkpoint_lost_between_two_files_is_made_again(
    command: Command, tmp_path: Path
) -> None:
    """Killed after `last.ckpt` of the best epoch was written, and before `best.ckpt` was."""
    folder = tmp_path / RUN / "srcnn"
    assert command(*LEAVES, "trainer.max_epochs=3").returncode == 0
    assert record(folder)["metrics"]["max_val_psnr"] == record(folder)["history"][-1]["val_psnr"]
    whole = torch.load(folder / "checkpoints/best.ckpt", weights_only=True)
    assert command(*LEAVES, "trainer.max_epochs=1", "output_dir=short").returncode == 0
    short = tmp_path / "short" / KIND / "srcnn/checkpoints/best.ckpt"
    shutil.copy(short, folder / "checkpoints/best.ckpt")
    (folder / "metrics.json").unlink()
    assert command(*LEAVES, "trainer.max_epochs=3").returncode == 0
    found = torch.load(folder / "checkpoints/best.ckpt", weights_only=True)
    assert_equal(found["state_dict"], whole["state_dict"])


def test_finished_run_goes_on_to_more_epochs(command: Command, tmp_path: Path) -> None:
    assert command(*LEAVES, "trainer.max_epochs=2").returncode == 0
    longer = command(*LEAVES, "trainer.max_epochs=5")
    assert longer.returncode == 0, longer.stderr
    assert "goes on after epoch 2" in longer.stdout
    folder = tmp_path / RUN / "srcnn"
    assert record(folder)["epochs"] == 5
    assert record(folder)["resumed_after"] == 2
    assert (folder / "metrics-2-epochs.json").is_file()
    assert command(*LEAVES, "trainer.max_epochs=5", "output_dir=whole").returncode == 0
    assert_same_runs(tmp_path / "whole", tmp_path / "outputs")


def test_shorter_run_keeps_the_longer_one_aside(command: Command, tmp_path: Path) -> None:
    """Also where the longer one's best checkpoint lies within the shorter one's epochs."""
    rate = "optimizer.lr=1e-1"
    assert command(*LEAVES, rate, "trainer.max_epochs=11").returncode == 0
    folder = tmp_path / RUN / "lr=0.1"
    psnr = [epoch["val_psnr"] for epoch in record(folder)["history"]]
    best = 1 + psnr.index(max(psnr))
    assert best < 10, "a run whose best epoch is its last shows nothing"
    shorter = command(*LEAVES, rate, "trainer.max_epochs=10")
    assert shorter.returncode == 0, shorter.stderr
    assert "goes on" not in shorter.stdout
    assert record(folder)["epochs"] == 10
    (kept,) = (tmp_path / RUN / ".replaced").iterdir()
    assert record(kept)["epochs"] == 11
    assert torch.load(kept / "checkpoints/last.ckpt", weights_only=True)["epoch"] == 10


def test_failure_before_the_training_keeps_what_was_trained(
    command: Command, tmp_path: Path
) -> None:
    arguments = (*LONG, *write_network(tmp_path, DROPOUT))
    folder = tmp_path / RUN / "model=custom,_target_=mine.Net"
    kill_once_there(tmp_path, folder / "checkpoints/last.ckpt", *arguments, delay_s=0.1)
    write_network(tmp_path, DROPOUT.replace("super()", "raise RuntimeError('no')"))
    failed = command(*arguments)
    assert failed.returncode == 1
    assert record(folder)["status"] == "failed"
    write_network(tmp_path, DROPOUT)
    ended = command(*arguments)
    assert "goes on after epoch" in ended.stdout
    assert not (tmp_path / RUN / ".replaced").exists()


def test_training_starts_from_other_weights(command: Command, tmp_path: Path) -> None:
    assert command(*LEAVES, "trainer.max_epochs=3", "experiment_name=first").returncode == 0
    first = tmp_path / "outputs/first/dead_leaves-antialiased-x2/srcnn"
    # So small a step that the first epoch's figures are those of the weights it began with.
    tuned = ("optimizer.lr=1e-12", "experiment_name=second")
    for given in (first, first / "checkpoints/best.ckpt"):
        result = command(*LEAVES, *tuned, f"init_from={given}", "rerun=true")
        assert result.returncode == 0, result.stderr
        name = f"lr=1e-12,init_from={'srcnn' if given == first else 'srcnn-best'}"
        folder = tmp_path / "outputs/second/dead_leaves-antialiased-x2" / name
        assert record(folder)["metrics"]["max_val_psnr"] == pytest.approx(
            record(first)["metrics"]["max_val_psnr"], abs=1e-3
        )
    scratch = command(*LEAVES, *tuned)
    assert scratch.returncode == 0
    other = tmp_path / "outputs/second/dead_leaves-antialiased-x2/lr=1e-12"
    assert record(other)["hash"] != record(folder)["hash"]


def test_weights_that_do_not_fit_are_a_sentence(command: Command, tmp_path: Path) -> None:
    assert command(*LEAVES).returncode == 0
    folder = tmp_path / RUN / "srcnn"
    other = command(*LEAVES, f"init_from={folder}", "model.features=[8,8]")
    missing = command(*LEAVES, "init_from=nowhere")
    (tmp_path / "text.ckpt").write_text("no checkpoint")
    broken = command(*LEAVES, "init_from=text.ckpt")
    empty = command(*LEAVES, "init_from=")
    for result, words in (
        (other, "weights of another network"),
        (missing, "there is no"),
        (broken, "it is no checkpoint"),
        (empty, "give a run's folder"),
    ):
        assert result.returncode == 2
        assert result.stderr.startswith("init_from=")
        assert words in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1
