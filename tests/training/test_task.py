import math
from dataclasses import replace

import pytest
import torch
from data_settings import ALIASED
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader

from srcnn_lightning import models
from srcnn_lightning.data.module import SuperResolutionData
from srcnn_lightning.errors import BadInput
from srcnn_lightning.training.task import SuperResolution, summarize

pytestmark = [
    # Lightning's own; a run causes none of them (training/components.py).
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore:You called `self.log.*no logger configured.*"),
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*"),
]

# One kernel of 2x2 with stride 2: the smallest network that doubles both sides, and torch's own.
TINY = {
    "_target_": "torch.nn.ConvTranspose2d",
    "in_channels": 3,
    "out_channels": 3,
    "kernel_size": 2,
    "stride": 2,
}
ADAM = {"_target_": "torch.optim.Adam", "lr": 1e-3, "weight_decay": 0.0}


def task_of(network, optimizer):
    return SuperResolution(models.build_network(network), network, 2, optimizer)


def constant_task(level, optimizer=ADAM):
    """A task whose network answers every image with one grey level, its bias."""
    task = task_of(TINY, optimizer)
    torch.nn.init.zeros_(task.network.weight)
    torch.nn.init.constant_(task.network.bias, level)
    return task


def greys(*levels, size=16):
    """Pairs of a black input and a target of one grey level each."""
    shape = (len(levels), 3, size, size)
    targets = torch.tensor(levels).view(-1, 1, 1, 1).expand(shape).contiguous()
    return list(zip(torch.zeros(len(levels), 3, size // 2, size // 2), targets, strict=True))


def scored(pairs, *grey):
    """Pairs as a test takes them.

    Args:
        pairs: inputs and targets.
        grey: for each image whether it is grey in its file; by default none is.
    """
    flags = torch.tensor(grey or [False] * len(pairs))
    return [(*pair, flag) for pair, flag in zip(pairs, flags, strict=True)]


def loader(pairs, batch_size=1):
    return DataLoader(pairs, batch_size=batch_size)


@pytest.fixture
def trainer(tmp_path):
    return quiet_trainer(tmp_path)


def quiet_trainer(folder, *callbacks):
    return Trainer(
        accelerator="cpu",
        max_epochs=1,
        logger=False,
        callbacks=list(callbacks),
        default_root_dir=folder,
        enable_checkpointing=bool(callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=0,
    )


def fit(trainer, task, pairs, batch_size=1):
    trainer.fit(task, loader(pairs, batch_size), loader(pairs))


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


def test_validation_psnr_is_of_the_clamped_output_and_the_loss_is_not(trainer):
    trainer.validate(constant_task(1.5), loader(greys(1.0)), verbose=False)
    assert float(trainer.callback_metrics["val/psnr"]) == math.inf
    assert float(trainer.callback_metrics["val/loss"]) == pytest.approx(0.25)


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


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_validation_means_are_over_images_whatever_the_batches(trainer, batch_size):
    pairs = greys(0.1, 0.01, 0.001)
    trainer.validate(constant_task(0.0), loader(pairs, batch_size), verbose=False)
    # 20, 40 and 60 dB; pooled it would be 24.73 dB, by batches of two 45 dB.
    assert float(trainer.callback_metrics["val/psnr"]) == pytest.approx(40, abs=1e-4)
    assert float(trainer.callback_metrics["val/loss"]) == pytest.approx(0.010101 / 3)


def test_test_metrics_of_each_image_by_hand(trainer):
    task = constant_task(0.5)
    trainer.test(task, loader(scored(greys(0.6, 0.51)), 2), verbose=False)
    table = task.test_table()
    assert table["loss"] == pytest.approx([0.01, 0.0001], rel=1e-5)
    assert table["mse"] == pytest.approx([0.01, 0.0001], rel=1e-5)
    assert table["psnr"] == pytest.approx([20, 40], abs=1e-3)
    # Y of a grey g is (16 + 219 g) / 255: errors of 0.0858824 and 0.00858824.
    assert table["psnr_y"] == pytest.approx([21.3219, 41.3219], abs=1e-3)
    # (2ab + C1) / (a^2 + b^2 + C1) in 1/255: a = 125.5, b = 147.4 and 127.69, C1 = 2.55^2.
    wanted = [
        (2 * 125.5 * b + 6.5025) / (125.5**2 + b**2 + 6.5025) for b in (16 + 219 * 0.6, 127.69)
    ]
    assert table["ssim"] == pytest.approx(wanted, abs=1e-3)


def test_test_scores_an_image_that_is_grey_in_its_file_on_grey_values(trainer):
    task = constant_task(0.5)
    trainer.test(task, loader(scored(greys(0.6, 0.6), True, False), 2), verbose=False)
    table = task.test_table()
    assert table["grey"] == [True, False]
    # An error of 0.1 of full range is 20 dB; Y's studio swing makes it 20 log10(255 / 219) more.
    assert table["psnr_y"] == pytest.approx([20, 21.3219], abs=1e-3)
    # (2ab + C1) / (a^2 + b^2 + C1): of 0.5 and 0.6 with C1 = 0.01^2, and as above.
    y = 16 + 219 * 0.6
    wanted = [0.6001 / 0.6101, (2 * 125.5 * y + 6.5025) / (125.5**2 + y**2 + 6.5025)]
    assert table["ssim"] == pytest.approx(wanted, abs=1e-3)
    # RGB is what every image is trained on.
    for name, value in {"loss": 0.01, "mse": 0.01, "psnr": 20}.items():
        assert table[name] == pytest.approx([value, value], rel=1e-4)


def test_test_shaves_the_scale_for_the_literatures_metrics(trainer):
    pairs = greys(0.6)
    pairs[0][1][:, :2] = 0.0  # the target's first two rows, wrong by 0.5
    task = constant_task(0.5)
    trainer.test(task, loader(scored(pairs)), verbose=False)
    table = task.test_table()
    assert table["psnr_y"] == pytest.approx([21.3219], abs=1e-3)
    # RGB keeps its border: (2 * 0.25 + 14 * 0.01) / 16 = 0.04, 13.979 dB.
    assert table["psnr"] == pytest.approx([13.9794], abs=1e-3)


def test_test_loss_is_of_the_unclamped_output_and_every_other_metric_of_the_clamped(trainer):
    task = constant_task(1.5)
    trainer.test(task, loader(scored(greys(1.0))), verbose=False)
    table = task.test_table()
    assert table["loss"] == pytest.approx([0.25])
    assert table["mse"] == [0]
    assert table["psnr"] == table["psnr_y"] == [math.inf]
    assert table["ssim"] == pytest.approx([1], abs=1e-5)


def test_test_table_holds_the_latest_test_in_the_order_of_the_images(trainer):
    task = constant_task(0.0)
    trainer.test(task, loader(scored(greys(0.5))), verbose=False)
    trainer.test(task, loader(scored(greys(0.1, 0.01, 0.001)), 2), verbose=False)
    assert task.test_table()["psnr"] == pytest.approx([20, 40, 60], abs=1e-3)


def test_summary_averages_each_metric_and_pools_one():
    table = {
        "loss": [0.02, 0.0001],
        "mse": [0.01, 0.0001],
        "psnr": [20.0, 40.0],
        "psnr_y": [21.0, 42.0],
        "ssim": [0.5, 1.0],
        "high_frequency_ratio": [0.2, 0.6],
    }
    summary = summarize(table)
    # Pooled: (0.01 + 0.0001) / 2 = 0.00505 is 22.9671 dB, not 30.
    wanted = {
        "test_loss": 0.01005,
        "test_psnr": 30.0,
        "test_psnr_pooled": 22.9671,
        "test_psnr_y": 31.5,
        "test_ssim": 0.75,
        "test_high_frequency_ratio": 0.4,
    }
    assert summary == pytest.approx(wanted, abs=1e-4)


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


def test_task_is_built_by_names_and_returns_its_figures(trainer):
    task = SuperResolution("srcnn", {"features": [8, 4]}, scale=2, loss="l1", schedule="cosine")
    pairs = greys(0.3, 0.6)
    fit(trainer, task, pairs, batch_size=2)
    assert task.hparams["network"]["features"] == [8, 4]
    assert task.hparams["network"]["kernel"] == "bicubic"
    (validated,) = trainer.validate(task, loader(pairs), verbose=False)
    (tested,) = trainer.test(task, loader(scored(pairs)), verbose=False)
    assert set(validated) == {"val/loss", "val/psnr"}
    names = {"test/loss", "test/psnr", "test/psnr_pooled", "test/psnr_y", "test/ssim"}
    names.add("test/high_frequency_ratio")
    assert set(tested) == names
    assert tested["test/psnr"] == pytest.approx(validated["val/psnr"])
    assert tested["test/loss"] == pytest.approx(validated["val/loss"])
    (predicted,) = trainer.predict(task, loader([pairs[0][0]]))
    assert predicted.shape == (1, 3, 16, 16)


def test_unknown_network_of_a_task_is_refused():
    with pytest.raises(BadInput, match=r"^model\.name=vgg: "):
        SuperResolution("vgg")
    with pytest.raises(BadInput, match=r"^model\.depth=3: srcnn takes no such"):
        SuperResolution("srcnn", {"depth": 3})


def test_overfitting_a_batch_takes_the_same_one_in_every_epoch(tmp_path):
    data = SuperResolutionData(
        count=10, crop=32, target_size=32, cache_dir=str(tmp_path / "cache"), batch_size=2
    )
    seen = []

    class Watched(SuperResolution):
        def training_step(self, batch, batch_idx):
            seen.append(batch[1])
            return super().training_step(batch, batch_idx)

    Trainer(
        accelerator="cpu",
        max_epochs=3,
        overfit_batches=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        default_root_dir=tmp_path,
    ).fit(Watched("srcnn", {"features": [8, 4]}), data)
    assert len(seen) == 3
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[0], seen[2])
    assert seen[0].shape == (2, 3, 32, 32)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"loss": "l3"}, r"^loss\.name=l3: choose mse, l1 or charbonnier"),
        (
            {"loss": {"name": "charbonnier", "epsilon": 0.0}},
            r"^loss\.epsilon=0\.0: it must",
        ),
        ({"loss": {"epsilon": 1.0}}, r"^loss\.name=null: choose mse"),
        ({"schedule": "sine"}, r"^schedule\.name=sine: choose constant, one_cycle"),
        ({"schedule": {"name": "cosine", "warmup": 2}}, r"^schedule\.warmup=2: it must be"),
        ({"optimizer": {"lr": 1e-3}}, r"^optimizer\._target_=null: it cannot be imported"),
        ({"optimizer": "adam"}, r"^optimizer=adam: give .*torch\.optim\.Adam"),
        (
            {"optimizer": {"_target_": "torch.nn.Conv2d"}},
            r"^optimizer\._target_=torch\.nn\.Conv2d: it is no optimizer",
        ),
        ({"scale": 0}, r"^scale=0: it must be a whole number from 2"),
        ({"scale": "x"}, r"^scale=x: it must be a whole number from 2"),
        ({"settings": {"scale": 3}}, r"^model\.scale=3: give the task's own scale"),
    ],
)
def test_setting_that_no_task_can_use_is_refused(settings, sentence):
    with pytest.raises(BadInput, match=sentence):
        SuperResolution("srcnn", **settings)


def test_data_of_another_scale_than_the_tasks_is_refused(trainer):
    data = SuperResolutionData(scale=2, count=5)
    with pytest.raises(BadInput, match=r"^scale=3: the task upscales by it, .* has scale=2"):
        trainer.fit(SuperResolution("srcnn", scale=3), data)


def test_fit_of_an_interpolation_is_refused(trainer):
    with pytest.raises(BadInput, match=r"^model\.name=interpolation: it has nothing to train"):
        fit(trainer, SuperResolution("interpolation"), greys(0.3))


def test_checkpoint_of_a_network_without_settings_names_its_class(trainer, tmp_path):
    task = SuperResolution(torch.nn.Upsample(scale_factor=2))
    assert task.hparams["network"] == {"_target_": "torch.nn.modules.upsampling.Upsample"}


def test_epochs_of_a_step_schedule_are_the_trainers(tmp_path):
    """Also where steps end the training, not epochs."""
    found = []

    class Watched(SuperResolution):
        def on_train_batch_end(self, *_):
            found.append(self.trainer.optimizers[0].param_groups[0]["lr"])

    schedule = {"name": "step", "epochs": 1, "factor": 0.1}
    task = Watched("srcnn", {"features": [8, 4]}, schedule=schedule)
    Trainer(
        accelerator="cpu",
        max_steps=8,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        default_root_dir=tmp_path,
    ).fit(task, loader(greys(0.1, 0.4, 0.7)), loader(greys(0.2)))
    assert len(found) == 8
    # Three steps an epoch: the rate after the third, sixth and eighth step.
    assert [found[1], found[2], found[5], found[7]] == pytest.approx([1e-3, 1e-4, 1e-5, 1e-5])


def test_plain_trainer_logs_losses_while_it_fits(tmp_path):
    logger = CSVLogger(tmp_path)
    Trainer(
        accelerator="cpu",
        max_epochs=1,
        logger=logger,
        log_every_n_steps=1,
        enable_checkpointing=False,
        enable_progress_bar=False,
    ).fit(SuperResolution("srcnn", {"features": [8, 4]}), loader(greys(0.1)), loader(greys(0.2)))
    text = next(tmp_path.rglob("metrics.csv")).read_text()
    assert {"train/loss", "val/loss", "val/psnr"} <= set(text.splitlines()[0].split(","))
