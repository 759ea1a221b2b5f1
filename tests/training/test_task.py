from dataclasses import replace

import pytest
import torch
from data_settings import ALIASED
from grey_tasks import ADAM, PLAIN_TRAINER, TINY, constant_task, fit, greys, quiet_trainer, task_of
from lightning.pytorch.callbacks import ModelCheckpoint

from srcnn_lightning import models
from srcnn_lightning.errors import BadInput
from srcnn_lightning.training.task import SuperResolution

pytestmark = PLAIN_TRAINER


def test_training_loss_is_the_squared_error_of_the_unclamped_output(trainer):
    # (1.5 - 1)^2 = 0.25; the clamped output would have no error and no gradient.
    fit(trainer, constant_task(1.5), greys(1.0))
    assert float(trainer.callback_metrics["train/loss"]) == pytest.approx(0.25)


def test_training_loss_of_an_epoch_is_the_mean_over_images(trainer):
    # One batch of two and one of one: (0.01 + 0.04 + 0.09) / 3, with a step too small to matter.
    task = constant_task(0.0, {**ADAM, "lr": 1e-12})
    fit(trainer, task, greys(0.1, 0.2, 0.3), batch_size=2)
    assert float(trainer.callback_metrics["train/loss"]) == pytest.approx(0.14 / 3)


def test_first_step_of_adam_goes_by_the_learning_rate(trainer):
    # g / (sqrt(g^2) + eps) is the sign of the gradient, whatever its size.
    task = constant_task(1.5)
    fit(trainer, task, greys(1.0))
    assert task.network.bias.tolist() == pytest.approx([1.499] * 3, abs=1e-6)


def test_weight_decay_is_coupled_into_the_gradient(trainer):
    # Gradient of mean((b - t)^2) for each of three b: 2 * (1 - 1.15) / 3 = -0.1; coupled, 0.2 * b
    # is added: +0.1, so b falls by lr. Decoupled (AdamW), b would move by +lr - 0.2 * lr.
    task = constant_task(1.0, {"_target_": "torch.optim.Adam", "lr": 1e-3, "weight_decay": 0.2})
    fit(trainer, task, greys(1.15))
    assert task.network.bias.tolist() == pytest.approx([0.999] * 3, abs=1e-6)


def test_optimizer_is_built_from_its_settings_over_all_parameters():
    settings = {"_target_": "torch.optim.SGD", "lr": 0.25, "momentum": 0.5}
    task = task_of(TINY, settings)
    optimizer = task.build_optimizer()
    assert type(optimizer) is torch.optim.SGD
    (group,) = optimizer.param_groups
    assert (group["lr"], group["momentum"]) == (0.25, 0.5)
    assert {id(p) for p in group["params"]} == {id(p) for p in task.parameters()}


@pytest.mark.parametrize(
    "wrong",
    [
        {"lr": -1.0},
        {"weight_decay": -0.1},
        {"_target_": "torch.optim.Adamm"},
        {"_target_": "no_such_package.Adam"},
    ],
    ids=str,
)
def test_bad_optimizer_settings_are_refused(wrong):
    settings = {**ADAM, **wrong}
    with pytest.raises(BadInput) as refusal:
        task_of(TINY, settings)
    assert str(refusal.value).startswith(f"optimizer._target_={settings['_target_']}:")


def test_argument_that_the_optimizer_lacks_is_refused_by_its_name():
    with pytest.raises(BadInput, match=r"^optimizer\.momentum=0\.9: Adam takes no such argument"):
        task_of(TINY, {**ADAM, "momentum": 0.9})


class TwoOutputs(torch.nn.Module):
    """An output of one grey level, and a second one that the training sees."""

    def __init__(self, first, second):
        super().__init__()
        self.levels = torch.nn.Parameter(torch.tensor([first, second]))

    def forward(self, images):
        return self.output(images, 0)

    def supervised_outputs(self, images):
        return [(0.25, self.output(images, 1)), (0.75, self(images))]

    def output(self, images, number):
        images = torch.nn.functional.interpolate(images, scale_factor=2)
        return torch.zeros_like(images) + self.levels[number]


def test_network_is_trained_by_all_its_outputs_and_validated_by_one(trainer):
    task = SuperResolution(TwoOutputs(0.9, 0.6), optimizer={"_target_": "torch.optim.SGD", "lr": 1})
    fit(trainer, task, greys(1.0))
    # 0.25 * 0.4^2 + 0.75 * 0.1^2 = 0.0475
    assert float(trainer.callback_metrics["train/loss"]) == pytest.approx(0.0475)
    # Gradients: 0.75 * 2 * -0.1 = -0.15 and 0.25 * 2 * -0.4 = -0.2.
    assert task.network.levels.tolist() == pytest.approx([1.05, 0.8])
    assert float(trainer.callback_metrics["val/loss"]) == pytest.approx(0.05**2, rel=1e-4)


@pytest.mark.parametrize("settings", [{}, {"init": "default", "batch_norm": True}])
def test_checkpoint_reloads_under_weights_only_with_the_same_output(tmp_path, settings):
    group = {"name": "srcnn", "features": [8, 4]}
    network = models.network_settings({**group, **settings}, ALIASED)
    torch.manual_seed(0)
    task = task_of(network, {**ADAM, "lr": 0.01})
    saver = ModelCheckpoint(dirpath=tmp_path, filename="last")
    fit(quiet_trainer(tmp_path, saver), task, greys(0.3, 0.6), batch_size=2)

    file = tmp_path / "last.ckpt"
    reloaded = SuperResolution.load_from_checkpoint(file)
    images = torch.rand(2, 3, 8, 8)
    assert torch.equal(reloaded.eval()(images), task.eval()(images))
    moved = SuperResolution.load_from_checkpoint(file, map_location="meta")
    assert {weight.device.type for weight in moved.parameters()} == {"meta"}
    # Upscaling antialiased or not is no weight, but without it the network is another.
    assert reloaded.network.interpolation.antialias is False
    kept = torch.load(file, weights_only=True)["hyper_parameters"]
    assert kept["network"]["antialias"] is False
    assert kept == {"network": network, "scale": 2}


@pytest.mark.parametrize("kernel", ["nearest", "bilinear", "bicubic"])
def test_interpolation_has_nothing_to_learn(kernel):
    degradation = replace(ALIASED, kernel=kernel)
    task = task_of(models.network_settings({"name": "interpolation"}, degradation), ADAM)
    assert task.is_trainable is False


def test_network_is_trainable():
    assert constant_task(0.5).is_trainable is True


def test_checkpoint_of_a_network_without_settings_names_its_class(trainer, tmp_path):
    task = SuperResolution(torch.nn.Upsample(scale_factor=2))
    assert task.hparams["network"] == {"_target_": "torch.nn.modules.upsampling.Upsample"}
