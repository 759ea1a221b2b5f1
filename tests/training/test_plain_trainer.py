"""A task in a Trainer of the user's own, without the command."""

import pytest
import torch
from grey_tasks import PLAIN_TRAINER, fit, greys, loader, scored
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger

from srcnn_lightning.data.module import SuperResolutionData
from srcnn_lightning.errors import BadInput
from srcnn_lightning.training.task import SuperResolution

pytestmark = PLAIN_TRAINER


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
