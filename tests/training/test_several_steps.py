"""trainer.steps_per_call: the same steps, whatever Lightning is told of them."""

from pathlib import Path

import pytest
import torch
from conftest import Command
from kills import LEAVES, TOLD_APART, assert_equal, kill_once_there, record
from torch import nn

from srcnn_lightning.errors import BadInput
from srcnn_lightning.training.captured_step import CapturedStep, make_capturable, take_step

SHORT = (*LEAVES, "trainer.max_epochs=3")


def weights(run: Path) -> dict[str, torch.Tensor]:
    found: dict = torch.load(run / "checkpoints/best.ckpt", weights_only=True)["state_dict"]
    return found


def assert_same_training(one: Path, other: Path) -> None:
    """Bitwise, but for the train loss, whose sum is taken in another order."""
    assert_equal(weights(one), weights(other))
    first, second = record(one), record(other)
    for epoch, same in zip(first["history"], second["history"], strict=True):
        assert epoch.pop("train_loss") == pytest.approx(same.pop("train_loss"), rel=1e-6)
    for key in TOLD_APART:
        assert first[key] == second[key]


# Six images train: in calls of three steps; of two steps and one; and of all, the last smaller.
@pytest.mark.parametrize(
    "settings",
    [
        ("data.batch_size=2", "trainer.steps_per_call=3"),
        ("data.batch_size=2", "trainer.steps_per_call=2", "data.on_device=false"),
        ("data.batch_size=4", "trainer.steps_per_call=100"),
    ],
)
def test_weights_are_those_of_single_steps(command: Command, tmp_path: Path, settings) -> None:
    single = command(*SHORT, settings[0], "output_dir=single")
    assert single.returncode == 0, single.stderr
    several = command(*SHORT, *settings, "output_dir=several")
    assert several.returncode == 0, several.stderr
    found = [
        path.parent
        for name in ("single", "several")
        for path in (tmp_path / name).rglob("metrics.json")
    ]
    assert_same_training(*found)
    # It is the same run: found again, whatever the two settings are.
    assert record(found[0])["hash"] == record(found[1])["hash"]


def test_killed_run_goes_on(command: Command, tmp_path: Path) -> None:
    arguments = (*LEAVES, "trainer.steps_per_call=2", "trainer.max_epochs=60")
    assert command(*arguments, "output_dir=whole").returncode == 0
    (whole,) = (path.parent for path in (tmp_path / "whole").rglob("metrics.json"))
    killed = tmp_path / "killed" / whole.relative_to(tmp_path / "whole")
    kill_once_there(tmp_path, killed / "checkpoints/last.ckpt", *arguments, "output_dir=killed")
    ended = command(*arguments, "output_dir=killed")
    assert ended.returncode == 0, ended.stderr
    assert "goes on after epoch" in ended.stdout
    assert_same_training(whole, killed)


def network_and_batches(sizes):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 3, 1))
    batches = [(torch.rand(size, 3, 8, 8), torch.rand(size, 3, 8, 8)) for size in sizes]
    return network, batches


def test_step_is_that_of_the_formula():
    """One weight w, loss (w x - y)^2, plain gradient descent: w - lr 2 x (w x - y)."""
    network = nn.Conv2d(1, 1, 1, bias=False)
    nn.init.constant_(network.weight, 3.0)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    batch = (torch.full((1, 1, 1, 1), 2.0), torch.full((1, 1, 1, 1), 1.0))
    loss = take_step(lambda b: nn.functional.mse_loss(network(b[0]), b[1]), optimizer, batch)
    assert loss.item() == pytest.approx(25)  # (3 * 2 - 1)^2
    assert not loss.requires_grad
    assert network.weight.item() == pytest.approx(1)  # 3 - 0.1 * 2 * 2 * 5


def test_optimizer_that_cannot_be_captured_is_refused():
    weight = nn.Parameter(torch.zeros(1))
    adam = torch.optim.Adam([weight])
    make_capturable(adam)
    assert all(group["capturable"] for group in adam.param_groups)
    with pytest.raises(BadInput, match=r"trainer\.cuda_graph=true: Adagrad cannot be captured"):
        make_capturable(torch.optim.Adagrad([weight]))


def losses_and_weights(take, network, batches):
    """Of a step with each batch, by an optimizer that could be captured where there is a GPU."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)

    def batch_loss(batch):
        return nn.functional.mse_loss(network(batch[0]), batch[1])

    if batches[0][0].is_cuda:
        make_capturable(optimizer)
    losses = torch.stack([take(batch_loss, optimizer, batch) for batch in batches])
    return losses, torch.cat([weight.detach().flatten() for weight in network.parameters()])


class RecordedGraph:
    """As torch.cuda.CUDAGraph: what is captured is not computed, and replayed on the same memory.

    A CPU has no graphs. This one keeps the step itself, undoes what its capture did to the weights,
    and takes it again in every replay, so that all but CUDA's own part of `CapturedStep` runs.
    """

    replays = 0

    def replay(self):
        RecordedGraph.replays += 1
        self.loss.copy_(take_step(*self.step))


@pytest.fixture
def recorded(monkeypatch):
    """`CapturedStep` on a CPU."""
    RecordedGraph.replays = 0

    def capture(self, batch_loss, optimizer, batch):
        self.batch = (batch[0].clone(), batch[1].clone())
        self.graph = RecordedGraph()
        self.graph.step = (batch_loss, optimizer, self.batch)
        self.graph.loss = self.loss = torch.zeros(())

    monkeypatch.setattr(CapturedStep, "_capture", capture)
    monkeypatch.setattr(CapturedStep, "_beside", lambda self, *step: take_step(*step))


def test_steps_around_a_graph_are_those_without_one(recorded):
    """Three warm up, six are replayed with their own batches, two have other shapes."""
    plain = losses_and_weights(take_step, *network_and_batches((2,) * 9 + (1, 2, 1)))
    graph = losses_and_weights(CapturedStep(), *network_and_batches((2,) * 9 + (1, 2, 1)))
    assert torch.equal(plain[0], graph[0])  # each loss is its own, not the last one's memory
    assert torch.equal(plain[1], graph[1])
    assert RecordedGraph.replays == 7


@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a GPU of CUDA's")
@pytest.mark.filterwarnings("ignore:.*without CUDA graph capture")  # the steps that warm up
def test_captured_steps_are_those_of_single_kernels():
    found = []
    for take in (take_step, CapturedStep()):
        network, batches = network_and_batches((2,) * 9 + (1, 2, 1))
        moved = [(lr.cuda(), hr.cuda()) for lr, hr in batches]
        found.append(losses_and_weights(take, network.cuda(), moved))
    assert take.graph is not None
    torch.testing.assert_close(found[0], found[1])
