"""Settings of the trainer and the optimizer take effect, each against values worked out by hand."""

import json
from pathlib import Path

import pytest
import torch
from conftest import TINY, Command

LEAVES = ("data=dead_leaves", *TINY)


def weights(folder: Path, checkpoint: str = "last") -> dict[str, torch.Tensor]:
    """Weights of the only run below a folder of runs."""
    (path,) = folder.rglob(f"{checkpoint}.ckpt")
    return torch.load(path, weights_only=True)["state_dict"]


def record(folder: Path) -> dict:
    (path,) = folder.rglob("metrics.json")
    return json.loads(path.read_text())


def optimizer_state(folder: Path) -> dict:
    (path,) = folder.rglob("last.ckpt")
    return torch.load(path, weights_only=True)["optimizer_states"][0]


def test_clipping_by_value_bounds_each_step_of_plain_gradient_descent(
    command: Command, tmp_path: Path
) -> None:
    """SGD moves a weight by lr times its gradient: 3 steps of at most 1e-3 * 0.01 each."""
    sgd = ("optimizer._target_=torch.optim.SGD", "optimizer.lr=1e-3", "model.init=default")
    clip = ("trainer.gradient_clip_val=1e-2", "trainer.gradient_clip_algorithm=value")
    for name, settings in (("clipped", clip), ("free", ())):
        done = command(*LEAVES, *sgd, *settings, f"output_dir={name}")
        assert done.returncode == 0, done.stderr
    # Both begin with the same weights, so their distance from one another is that of the steps.
    start = command(*LEAVES, *sgd, "optimizer.lr=1e-30", "output_dir=start")
    assert start.returncode == 0, start.stderr
    begun, clipped, free = (weights(tmp_path / name) for name in ("start", "clipped", "free"))
    largest = [
        max(float((one[key] - begun[key]).abs().max()) for key in begun) for one in (clipped, free)
    ]
    assert largest[0] <= 3 * 1e-5 * 1.001
    assert largest[1] > largest[0]


def test_accumulated_batches_make_one_step(command: Command, tmp_path: Path) -> None:
    """Six images in batches of two are three batches: one step of all three."""
    done = command(*LEAVES, "trainer.accumulate_grad_batches=3")
    assert done.returncode == 0, done.stderr
    steps = {int(state["step"]) for state in optimizer_state(tmp_path)["state"].values()}
    assert steps == {1}


def test_limits_shorten_epoch_and_test(command: Command, tmp_path: Path) -> None:
    limits = ("trainer.limit_train_batches=2", "trainer.limit_test_batches=1")
    done = command(*LEAVES, *limits, "trainer.limit_val_batches=1", "data.eval_batch_size=1")
    assert done.returncode == 0, done.stderr
    steps = {int(state["step"]) for state in optimizer_state(tmp_path)["state"].values()}
    assert steps == {2}
    run = record(tmp_path)
    assert [image["name"] for image in run["per_image"]] == run["split"]["test"][:1]
    assert len(run["split"]["test"]) == 2


def test_arguments_of_an_optimizer_reach_it(command: Command, tmp_path: Path) -> None:
    fused = command(*LEAVES, "+optimizer.fused=true", "output_dir=fused")
    assert fused.returncode == 0, fused.stderr
    assert optimizer_state(tmp_path / "fused")["param_groups"][0]["fused"] is True
    sgd = ("optimizer._target_=torch.optim.SGD", "+optimizer.momentum=0.9", "output_dir=sgd")
    done = command(*LEAVES, *sgd)
    assert done.returncode == 0, done.stderr
    state = optimizer_state(tmp_path / "sgd")
    assert state["param_groups"][0]["momentum"] == 0.9
    assert all("momentum_buffer" in one for one in state["state"].values())


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("+trainer.max_epoch=5", "trainer.max_epoch=5: there is no such setting; trainer has"),
        ("+trainer.gradient_clip=0.1", "trainer.gradient_clip=0.1: there is no such setting"),
        ("+data.x=1", "data.x=1: there is no such setting; data has name, kind"),
        ("+degradation.blur=1", "degradation.blur=1: there is no such setting"),
        ("+bogus=1", "bogus=1: there is no such setting; the configuration has data"),
        ("+optimizer.momentum=0.9", "optimizer.momentum=0.9: Adam takes no such argument"),
        ("+optimizer.fused=maybe", "optimizer.fused=maybe: it must be true or false"),
        (
            "+logger.tensorboard.x=1",
            "logger.tensorboard.x=1: SummaryWriter takes no such argument; it takes comment",
        ),
        ("optimizer.weight_decay=-1", "optimizer.weight_decay=-1: it must be a number of 0"),
        ("trainer.gradient_clip_val=0", "trainer.gradient_clip_val=0.0: it must be above 0"),
        ("trainer.gradient_clip_algorithm=sum", "trainer.gradient_clip_algorithm=sum: choose norm"),
        ("trainer.accumulate_grad_batches=0", "trainer.accumulate_grad_batches=0: it must be"),
        ("trainer.limit_val_batches=0", "trainer.limit_val_batches=0: it must be at least 1"),
    ],
)
def test_unknown_or_impossible_settings_are_refused(
    command: Command, tmp_path: Path, setting: str, sentence: str
) -> None:
    done = command(*LEAVES, setting)
    assert done.returncode == 2
    assert done.stderr.startswith(sentence), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.rglob("metrics.json"))
