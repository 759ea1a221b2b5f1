"""Runs that are killed at a chosen moment, and the comparison of two runs."""

import json
import signal
import time
from pathlib import Path

import torch
from commands import start
from conftest import TINY, Command
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from srcnn_lightning import run_record

LEAVES = ("data=dead_leaves", *TINY, "trainer.threads=1")
# Keys of a record whose values are equal for two trainings of the same run.
TOLD_APART = ("status", "metrics", "history", "per_image")


def kill_once_there(folder: Path, path: Path, *arguments: str, delay_s: float = 0.0) -> None:
    """Kill a command `delay_s` seconds after it has written a file, or a new version of it."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    process = start(folder, *arguments)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if path.exists() and path.stat().st_mtime_ns != before:
            break
        time.sleep(0.002)
    time.sleep(delay_s)
    process.send_signal(signal.SIGKILL)
    stdout, stderr = process.communicate()
    assert process.returncode == -signal.SIGKILL, stdout + stderr


def assert_kill_leaves_no_trace(command: Command, folder: Path, *arguments: str) -> None:
    """Kill a run after its first checkpoint, let it go on; it ends as an undisturbed one does."""
    assert command(*arguments, "output_dir=whole").returncode == 0
    (run_folder,) = run_record.find(folder / "whole")
    last = folder / "killed" / run_folder.relative_to(folder / "whole") / "checkpoints/last.ckpt"
    kill_once_there(folder, last, *arguments, "output_dir=killed", delay_s=0.1)
    ended = command(*arguments, "output_dir=killed")
    assert "goes on after epoch" in ended.stdout
    assert_same_runs(folder / "whole", folder / "killed")


def record(folder: Path) -> dict:
    """The run record in a folder."""
    content: dict = json.loads((folder / "metrics.json").read_text())
    return content


def records(outputs: Path) -> dict[str, dict]:
    """The record of every run by its folder below `outputs`; hidden folders are left out."""
    return {
        str(path.parent.relative_to(outputs)): json.loads(path.read_text())
        for path in sorted(outputs.rglob("metrics.json"))
        if not any(part.startswith(".") for part in path.relative_to(outputs).parts)
    }


def assert_same_runs(first: Path, second: Path) -> None:
    """Compare results, weights and optimizers bitwise, and curves without gap or double."""
    ours, theirs = records(first), records(second)
    assert list(ours) == list(theirs)
    for run, ours_of_run in ours.items():
        for key in TOLD_APART:
            assert ours_of_run[key] == theirs[run][key], (run, key)
        for name in ("best", "last"):
            pair = [
                torch.load(root / run / f"checkpoints/{name}.ckpt", weights_only=True)
                for root in (first, second)
            ]
            for key in ("epoch", "state_dict", "optimizer_states", "current_model_state"):
                assert_equal(pair[0].get(key), pair[1].get(key))
        epochs = [epoch["epoch"] for epoch in ours_of_run["history"]]
        assert curve(first / run) == curve(second / run)
        assert [step for step, _ in curve(second / run)] == epochs


def assert_equal(first: object, second: object) -> None:
    """Compare values bitwise, in dictionaries and lists too."""
    assert type(first) is type(second)
    if isinstance(first, dict):
        assert isinstance(second, dict)
        assert first.keys() == second.keys()
        for key, value in first.items():
            assert_equal(value, second[key])
    elif isinstance(first, list):
        assert isinstance(second, list)
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            assert_equal(one, other)
    elif isinstance(first, torch.Tensor):
        assert isinstance(second, torch.Tensor)
        assert torch.equal(first, second)
    else:
        assert first == second


def curve(folder: Path) -> list[tuple[int, float]]:
    """The steps and values of val PSNR as TensorBoard shows them."""
    events = EventAccumulator(str(folder), {"scalars": 0})
    events.Reload()
    return [(event.step, event.value) for event in events.Scalars("epoch/val_psnr")]
