"""SRGAN: two phases, two optimizers, and what a run with a discriminator leaves."""

import copy
from itertools import pairwise
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from conftest import Command
from kills import LEAVES, assert_same_runs, kill_once_there, record
from lightning.pytorch import Trainer
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from srcnn_lightning import models, run_record
from srcnn_lightning.data.module import SuperResolutionData
from srcnn_lightning.errors import BadInput
from srcnn_lightning.models.checkpoint import load_checkpoint, load_network
from srcnn_lightning.models.discriminator import Discriminator
from srcnn_lightning.training.perceptual import VGGLoss
from srcnn_lightning.training.srgan import AdversarialSuperResolution

NETWORK = ("model=srresnet", "model.blocks=1", "model.features=4", "model.residual=true")
PATCHES = ("data.patch_size=32", "data.batch_size=2", "data.steps_per_epoch=3")
SRGAN = (
    *(*LEAVES, *NETWORK, "recipe=srgan", *PATCHES, "task.discriminator_features=2"),
    *("optimizer.lr=0.01", "task.pretrain_epochs=2"),
)


def test_discriminator_has_its_papers_layers() -> None:
    # 3x3 convolutions, each but the first with two values of batch norm a map; dense layers.
    widths = (3, 64, 64, 128, 128, 256, 256, 512, 512)
    convolutions = sum(9 * seen * width + width for seen, width in pairwise(widths))
    norms = 2 * sum(widths[2:])
    dense = 512 * 6 * 6 * 1024 + 1024 + 1024 + 1
    network = Discriminator()
    assert sum(one.numel() for one in network.parameters()) == convolutions + norms + dense
    seen = network.layers[:-1](torch.zeros(1, 3, 96, 96))
    assert seen.shape == (1, 512, 6, 6)
    assert network(torch.rand(2, 3, 24, 40)).shape == (2,)  # patches of any size


@pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*")  # Lightning's own
@pytest.mark.filterwarnings("ignore:.*does not have many workers.*")
def test_phases_take_the_papers_steps(tmp_path: Path) -> None:
    """One step with the loss alone, one with the discriminator, beside the same in plain torch."""
    torch.manual_seed(0)
    task = AdversarialSuperResolution(
        "srresnet",
        {"blocks": 1, "features": 4, "residual": True},
        optimizer={"_target_": "torch.optim.SGD", "lr": 0.1},
        pretrain_epochs=1,
        adversarial_weight=0.5,
        discriminator_features=2,
    )
    data = SuperResolutionData(
        count=5, crop=32, target_size=32, split=[0.4, 0.2, 0.4], batch_size=2,
        cache_dir=str(tmp_path),
    )  # fmt: skip
    data.prepare()
    batches = []
    for epoch in range(2):
        loader = data.train_dataloader()
        loader.sampler.set_epoch(epoch)
        batches += loader
    network, judge = copy.deepcopy(task.network), copy.deepcopy(task.discriminator)
    for one in (network, judge):
        one.train()
    steps = [torch.optim.SGD(one.parameters(), lr=0.1) for one in (network, judge)]

    def step(number: int, loss: torch.Tensor) -> None:
        steps[number].zero_grad()
        loss.backward()
        steps[number].step()

    (lr, hr), (again, target) = batches
    step(0, F.mse_loss(network(lr), hr))
    made = network(again)
    real, fake = judge(target), judge(made.detach())
    # -log D(target) - log(1 - D(output)), then -log D(output), of log odds.
    step(1, (F.softplus(-real) + F.softplus(fake)).mean())
    step(0, F.mse_loss(made, target) + 0.5 * F.softplus(-judge(made)).mean())
    trainer = Trainer(
        accelerator="cpu", max_epochs=2, logger=False, enable_progress_bar=False,
        enable_checkpointing=False, num_sanity_val_steps=0, limit_val_batches=0,
    )  # fmt: skip
    task.logs_results = False
    trainer.fit(task, data)
    for trained, wanted in ((task.network, network), (task.discriminator, judge)):
        for name, value in wanted.state_dict().items():
            torch.testing.assert_close(
                trained.state_dict()[name], value, rtol=1e-5, atol=1e-6, msg=name
            )


def test_record_curves_and_checkpoint_name_both_networks(command: Command, tmp_path: Path) -> None:
    done = command(*SRGAN, "trainer.max_epochs=4", "task.adversarial_weight=100")
    assert (done.returncode, done.stderr) == (0, "")
    assert "discriminator loss" in done.stdout
    (folder,) = run_record.find(tmp_path / "outputs")
    found = record(folder)
    names = ("train_adversarial_loss", "train_discriminator_loss")
    assert [all(name in epoch for name in names) for epoch in found["history"]] == [
        *(False, False),
        *(True, True),
    ]
    events = EventAccumulator(str(folder)).Reload()
    for name in names:
        assert [event.step for event in events.Scalars(f"epoch/{name}")] == [3, 4]
    last = load_checkpoint(folder / "checkpoints/last.ckpt")
    assert len(last["optimizer_states"]) == 2
    assert {name.partition(".")[0] for name in last["state_dict"]} == {"network", "discriminator"}
    best = load_checkpoint(folder / "checkpoints/best.ckpt")
    assert best["epoch"] == 3  # counted from 0: the last one, though its PSNR is lower
    assert found["metrics"]["max_val_psnr"] > found["history"][-1]["val_psnr"]
    network, _ = load_network(folder / "checkpoints/best.ckpt")  # the generator alone
    assert isinstance(network, models.SRResNet)
    parameters = sum(one.numel() for one in network.parameters())
    assert found["parameters"] == parameters
    command(
        "upscale", str(_picture(tmp_path)), "--model", str(folder), "--output", "big.png"
    ).check_returncode()


def test_best_epoch_is_one_with_the_discriminator(command: Command, tmp_path: Path) -> None:
    settings = ("trainer.max_epochs=4", "task.adversarial_weight=100", "monitor=val_psnr")
    assert command(*SRGAN, *settings).returncode == 0
    (folder,) = run_record.find(tmp_path / "outputs")
    epochs = record(folder)["history"]
    assert max(epochs, key=lambda epoch: epoch["val_psnr"])["epoch"] <= 2
    best = max(epochs[2:], key=lambda epoch: epoch["val_psnr"])
    kept = load_checkpoint(folder / "checkpoints/best.ckpt")
    assert kept["epoch"] + 1 == best["epoch"]
    assert "srgan (pretrain_epochs 2, adversarial_weight 100" in command("table").stdout


def _picture(folder: Path) -> Path:
    from PIL import Image

    Image.new("RGB", (9, 7), "teal").save(folder / "small.png")
    return folder / "small.png"


@pytest.mark.slow
def test_kill_in_the_adversarial_phase_leaves_no_trace(command: Command, tmp_path: Path) -> None:
    arguments = (*SRGAN, "task.pretrain_epochs=0", "trainer.max_epochs=30")
    assert command(*arguments, "output_dir=whole").returncode == 0
    (folder,) = run_record.find(tmp_path / "whole")
    last = tmp_path / "killed" / folder.relative_to(tmp_path / "whole") / "checkpoints/last.ckpt"
    kill_once_there(tmp_path, last, *arguments, "output_dir=killed", delay_s=0.1)
    assert all(state["state"] for state in load_checkpoint(last)["optimizer_states"])
    ended = command(*arguments, "output_dir=killed")
    assert "goes on after epoch" in ended.stdout
    assert_same_runs(tmp_path / "whole", tmp_path / "killed")


def test_adversarial_phase_may_begin_at_another_runs_weights(
    command: Command, tmp_path: Path
) -> None:
    first = (*LEAVES, *NETWORK, *PATCHES, "trainer.max_epochs=1", "output_dir=first")
    assert command(*first).returncode == 0
    (trained,) = run_record.find(tmp_path / "first")
    second = (*SRGAN, "task.pretrain_epochs=0", "optimizer.lr=1e-9", "trainer.max_epochs=1")
    assert command(*second, f"init_from='{trained}'").returncode == 0
    (folder,) = run_record.find(tmp_path / "outputs")
    (epoch,) = record(folder)["history"]
    assert "train_adversarial_loss" in epoch
    before, after = (
        load_checkpoint(one / "checkpoints/last.ckpt")["state_dict"] for one in (trained, folder)
    )
    name = "network.head.0.weight"
    torch.testing.assert_close(after[name], before[name], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("schedule=cosine",), "schedule=cosine: task=srgan has two optimizers"),
        (("trainer.gradient_clip_val=1",), "trainer.gradient_clip_val=1.0: task=srgan has two"),
        (("trainer.accumulate_grad_batches=2",), "trainer.accumulate_grad_batches=2: task=srgan"),
        (("trainer.devices=2",), "trainer.devices=2: task=srgan has two optimizers"),
        (("trainer.max_epochs=2",), "trainer.max_epochs=2: task.pretrain_epochs=2 leaves no epoch"),
        (("data.patch_size=16",), "data.patch_size=16: the discriminator halves the sides"),
        (("task.pretrain_epochs=-1",), "task.pretrain_epochs=-1: it must be at least 0"),
        (("task.adversarial_weight=-1",), "task.adversarial_weight=-1: it must be 0 or more"),
        (("task.discriminator_features=0",), "task.discriminator_features=0: it must be at least"),
        (("+task.bogus=1",), "task.bogus=1: srgan takes no such argument; it takes pretrain_"),
        (("task=gan",), "task=gan: there is no such option; choose one of srgan, supervised"),
        (("model=bicubic",), "task.name=srgan: model.name=interpolation has nothing to train"),
        (("task.vgg_weights=none.pth",), "task.vgg_weights=none.pth: there is no such file"),
        (("task.vgg_weights=mine.py",), "task.vgg_weights=mine.py: it does not hold the weights"),
    ],
)
def test_what_two_optimizers_cannot_take_is_refused(
    arguments: tuple[str, ...], sentence: str, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text("")
    base = SRGAN if arguments[0] != "model=bicubic" else (*LEAVES, "recipe=srgan", *PATCHES)
    length = () if "max_epochs" in arguments[0] else ("trainer.max_epochs=100",)
    done = command(*base, *length, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.splitlines()) == 1
    assert not list(run_record.find(tmp_path))


def vgg19(folder: Path) -> Path:
    """Random weights under torchvision's names, the classifier's among them."""
    torch.manual_seed(0)
    state, channels, number = {"classifier.0.weight": torch.zeros(1)}, 3, 0
    for group in ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4):
        for width in group:
            weight = torch.empty(width, channels, 3, 3)
            state[f"features.{number}.weight"] = nn.init.kaiming_normal_(weight)
            state[f"features.{number}.bias"] = torch.zeros(width)
            channels, number = width, number + 2
        number += 1  # the pooling
    assert max(int(name.split(".")[1]) for name in state) == 34  # torchvision's last one
    torch.save(state, folder / "vgg19.pth")
    return folder / "vgg19.pth"


def test_vgg_loss_compares_the_features_of_the_last_convolution(tmp_path: Path) -> None:
    loss = VGGLoss(vgg19(tmp_path))
    assert sum(one.numel() for one in loss.parameters()) == 20_024_384  # VGG19's convolutions
    assert not any(one.requires_grad for one in loss.parameters())
    first, second = torch.rand(2, 1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    assert loss(first, first) == 0

    def features(images: torch.Tensor) -> torch.Tensor:
        seen = (images - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor(
            [0.229, 0.224, 0.225]
        ).view(3, 1, 1)
        state = torch.load(tmp_path / "vgg19.pth", weights_only=True)
        for number in range(35):
            if f"features.{number}.weight" in state:
                weight = state[f"features.{number}.weight"]
                seen = F.conv2d(seen, weight, padding=1).relu()
            elif number in (4, 9, 18, 27):
                seen = F.max_pool2d(seen, 2)
        return seen

    wanted = 0.006 * (features(first) - features(second)).square().mean()
    torch.testing.assert_close(loss(first, second), wanted)


@pytest.mark.slow
def test_other_vgg_weights_make_another_run(command: Command, tmp_path: Path) -> None:
    weights = vgg19(tmp_path)
    run = (*SRGAN, "trainer.max_epochs=3", f"task.vgg_weights={weights.name}")
    assert command(*run).returncode == 0
    assert "skipped" in command(*run).stdout
    state = torch.load(weights, weights_only=True)
    state["features.0.bias"] += 1
    torch.save(state, weights)
    assert "skipped" not in command(*run).stdout


@pytest.mark.slow
def test_run_with_vggs_features_keeps_them_out_of_its_checkpoint(
    command: Command, tmp_path: Path
) -> None:
    weights = vgg19(tmp_path)
    run = (*SRGAN, "trainer.max_epochs=3", f"task.vgg_weights={weights.name}")
    done = command(*run)
    assert (done.returncode, done.stderr) == (0, "")
    (folder,) = run_record.find(tmp_path / "outputs")
    assert "train_adversarial_loss" in record(folder)["history"][-1]
    last = load_checkpoint(folder / "checkpoints/last.ckpt")["state_dict"]
    assert {name.partition(".")[0] for name in last} == {"network", "discriminator"}


def test_network_without_weights_is_refused_in_python_too() -> None:
    with pytest.raises(BadInput, match=r"^task\.name=srgan: model\.name=interpolation has nothing"):
        AdversarialSuperResolution("interpolation")
