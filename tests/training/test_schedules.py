"""Schedules of the learning rate: their rates, and what they do to a run."""

import math
from pathlib import Path

import pytest
import torch
from conftest import Command
from kills import LEAVES, TOLD_APART, kill_once_there, record
from omegaconf import OmegaConf

from srcnn_lightning import run_record
from srcnn_lightning.config import SCHEDULES as NAMES
from srcnn_lightning.errors import BadInput
from srcnn_lightning.training.schedules import SCHEDULES, Length, build_schedule

CONF = Path(__file__).resolve().parents[2] / "conf/schedule"


def rates(settings, steps, epochs=1, rate=1.0):
    """The rate of each step."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=rate)
    schedule = build_schedule(settings, optimizer, Length(steps, steps / epochs))
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        parameter.grad = torch.zeros(1)
        optimizer.step()
        if schedule:
            schedule.step()
    return found


def test_constant_rate_has_no_schedule():
    assert rates({"name": "constant"}, 3) == [1, 1, 1]


def test_cosine_rises_linearly_and_falls_along_a_cosine():
    # Two steps rise: 1/3, 2/3. The other five fall: (1 + cos(pi k / 4)) / 2 for k = 0 to 4.
    falling = [(1 + math.cos(math.pi * k / 4)) / 2 for k in range(5)]
    found = rates({"name": "cosine", "warmup": 0.3}, 7)
    assert found == pytest.approx([1 / 3, 2 / 3, *falling])
    assert found[-1] == pytest.approx(0)
    assert rates({"name": "cosine", "warmup": 0.3, "end": 0.1}, 7)[-1] == pytest.approx(0.1)


def test_one_cycle_rises_to_the_rate_and_ends_below_its_start():
    found = rates({"name": "one_cycle", "warmup": 0.4, "start": 0.1, "end": 0.01}, 11, rate=0.5)
    assert found[0] == pytest.approx(0.05)
    assert max(found) == pytest.approx(0.5)
    assert found[-1] == pytest.approx(0.005)
    top = found.index(max(found))
    assert found[:top] == sorted(found[:top])
    assert found[top:] == sorted(found[top:], reverse=True)


def test_step_takes_a_part_of_the_rate_after_so_many_epochs():
    # Three steps an epoch, and a tenth after every two epochs.
    found = rates({"name": "step", "epochs": 2, "factor": 0.1}, 15, epochs=5)
    assert found == pytest.approx([1] * 6 + [0.1] * 6 + [0.01] * 3)


@pytest.mark.parametrize(("steps", "warmup"), [(2, 0.5), (4, 0.25), (10, 0.1), (1, 0.3)])
def test_one_cycle_of_few_steps_has_its_rates(steps, warmup):
    found = rates({"name": "one_cycle", "warmup": warmup}, steps)
    assert max(found) == pytest.approx(1)
    assert all(0 < rate <= 1 for rate in found)


def test_schedule_of_a_length_is_refused_without_one():
    parameter = torch.nn.Parameter(torch.zeros(1))
    endless = Length(math.inf, 3)
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    for name in ("one_cycle", "cosine"):
        with pytest.raises(BadInput, match="give max_epochs or max_steps"):
            build_schedule({"name": name}, optimizer, endless)
    assert build_schedule({"name": "step"}, optimizer, endless) is not None


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"name": "cosine", "warmup": 1}, r"^schedule\.warmup=1: it must be"),
        ({"name": "one_cycle", "end": 0}, r"^schedule\.end=0: it must be above 0"),
        ({"name": "step", "epochs": 0}, r"^schedule\.epochs=0: it must be at least 1"),
        ({"name": "step", "factor": 2}, r"^schedule\.factor=2: it must be"),
        ({"name": "constant", "end": 0.1}, r"^schedule\.end=0\.1: constant takes no such"),
    ],
)
def test_value_that_no_schedule_can_use_is_refused(settings, sentence):
    with pytest.raises(BadInput, match=sentence):
        rates(settings, 2)


def test_schedules_of_the_configuration_are_those_that_are_built():
    assert tuple(SCHEDULES) == NAMES
    assert {path.stem for path in CONF.glob("*.yaml")} == {*NAMES, "vdsr", "edsr"}  # kinds of step


@pytest.mark.parametrize("name", NAMES)
def test_file_of_a_schedule_holds_its_defaults(name):
    settings = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"))
    assert rates(settings, 10, epochs=2) == pytest.approx(rates({"name": name}, 10, epochs=2))


def only(outputs: Path) -> dict:
    (folder,) = run_record.find(outputs)
    return record(folder)


@pytest.mark.parametrize("name", ["one_cycle", "cosine", "step"])
def test_killed_run_goes_on_bitwise(name: str, command: Command, tmp_path: Path) -> None:
    arguments = [*LEAVES, f"schedule={name}", "trainer.max_epochs=3", "model.init=default"]
    if name == "step":
        arguments.append("schedule.epochs=1")
    assert command(*arguments, "output_dir=whole").returncode == 0
    (folder,) = run_record.find(tmp_path / "whole")
    checkpoint = (
        tmp_path / "killed" / folder.relative_to(tmp_path / "whole") / "checkpoints/last.ckpt"
    )
    kill_once_there(tmp_path, checkpoint, *arguments, "output_dir=killed")
    again = command(*arguments, "output_dir=killed")
    assert again.returncode == 0, again.stderr
    assert "goes on after epoch" in again.stdout
    whole, killed = only(tmp_path / "whole"), only(tmp_path / "killed")
    assert all(whole[key] == killed[key] for key in TOLD_APART)


@pytest.mark.parametrize(("name", "goes_on"), [("step", True), ("cosine", False)])
def test_more_epochs_go_on_where_the_rates_do_not_depend_on_them(
    name: str, goes_on: bool, command: Command, tmp_path: Path
) -> None:
    arguments = (*LEAVES, f"schedule={name}", "output_dir=on")
    assert command(*arguments, "trainer.max_epochs=2").returncode == 0
    more = command(*arguments, "trainer.max_epochs=3")
    assert more.returncode == 0, more.stderr
    sentence = "the rates of schedule=cosine depend on the number of epochs; epochs=2, now 3"
    assert (sentence in more.stdout) is not goes_on
    whole = (*LEAVES, f"schedule={name}", "output_dir=whole", "trainer.max_epochs=3")
    assert command(*whole).returncode == 0
    found, wanted = only(tmp_path / "on"), only(tmp_path / "whole")
    assert all(found[key] == wanted[key] for key in TOLD_APART)
    assert found["resumed_after"] == (2 if goes_on else None)


def test_loss_and_schedule_change_the_training(command: Command, tmp_path: Path) -> None:
    done = command(*LEAVES, "model.init=default", "loss=mse,l1,charbonnier", "-m")
    assert done.returncode == 0, done.stderr
    losses = {
        found["config"]["loss"]["name"]: found["history"][0]["train_loss"]
        for found in map(record, run_record.find(tmp_path / "outputs"))
    }
    # An error of 0.2 a pixel has a square of 0.04, so the losses are of another size.
    assert losses["mse"] < 0.8 * losses["l1"]
    assert losses["charbonnier"] == pytest.approx(losses["l1"], rel=0.02)


@pytest.mark.parametrize("monitor", ["val_psnr", "val_loss", "last"])
def test_best_epoch_is_that_of_the_monitor(monitor: str, command: Command, tmp_path: Path) -> None:
    # With a rate so large the loss overshoots before the clamped output does.
    arguments = (*LEAVES, "optimizer.lr=0.1", "trainer.max_epochs=8", f"monitor={monitor}")
    assert command(*arguments).returncode == 0
    (folder,) = run_record.find(tmp_path / "outputs")
    history = record(folder)["history"]
    by = {
        "val_psnr": max(history, key=lambda epoch: epoch["val_psnr"]),
        "val_loss": min(history, key=lambda epoch: epoch["val_loss"]),
        "last": history[-1],
    }
    best = torch.load(folder / "checkpoints/best.ckpt", weights_only=True)
    assert best["epoch"] + 1 == by[monitor]["epoch"]
    assert record(folder)["metrics"]["val_loss"] == by[monitor]["val_loss"]
    assert record(folder)["metrics"]["max_val_psnr"] == by["val_psnr"]["val_psnr"]
    assert len({epoch["epoch"] for epoch in by.values()}) == 3
