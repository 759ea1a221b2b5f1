"""The tasks by name: how a network is trained."""

from typing import Any

from srcnn_lightning import arguments, models
from srcnn_lightning.config import Config
from srcnn_lightning.errors import require, shown
from srcnn_lightning.models.scales import has_several_scales
from srcnn_lightning.training.srgan import AdversarialSuperResolution
from srcnn_lightning.training.task import SuperResolution

TASKS: dict[str, type[SuperResolution]] = {
    "supervised": SuperResolution,
    "srgan": AdversarialSuperResolution,
}


def build_task(config: Config) -> SuperResolution:
    """The LightningModule of the group `task`, with its network; weights come from the generators.

    Raises:
        BadInput: an argument that task, network, loss, optimizer or schedule do not take.
    """
    name = config.task["name"]
    settings = models.network_settings(config.model, config.degradation)
    common: dict[str, Any] = {
        "network": models.build_network(settings),
        "settings": settings,
        "scale": config.degradation.scale,
        "optimizer": config.optimizer,
        "loss": config.loss,
        "schedule": config.schedule,
    }
    given = {key: value for key, value in config.task.items() if key != "name"}
    arguments.check("task", TASKS[name], given, common, name=name)
    if has_several_scales(common["network"]):
        _check_settings_of_several_scales(config)
    return TASKS[name](**common, **given)


def _check_settings_of_several_scales(config: Config) -> None:
    """Refuse what needs a network whose parameters all take part in each step.

    The first batches of a validation would be of the first scale alone.
    """
    trainer = config.trainer
    for key, value, neutral in (
        ("task", config.task["name"], "supervised"),
        ("trainer.compile", trainer.compile, False),
        ("trainer.devices", trainer.devices, 1),
        ("trainer.limit_val_batches", trainer.limit_val_batches, None),
    ):
        what = f"a network of several scales does not take it; give {shown(neutral)}"
        require(value == neutral, key, value, what)
