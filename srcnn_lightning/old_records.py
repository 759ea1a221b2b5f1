"""What records of earlier versions lack, or have under another name than that of today."""

import re
from copy import deepcopy
from typing import Any, NamedTuple

UNNAMED_VERSION = 3  # of results, in records and checkpoints that name none


class Earlier(NamedTuple):
    """Where records of earlier versions hold a value.

    Attributes:
        key: dotted name that it had; empty for a value that they lack.
        default: value for records that have neither name. It stands for what was done before the
            setting, so it has no effect.
        added_in: version of the results that got the setting and stayed the same at its default,
            which the hash of such a run leaves out. 0: the hash holds every value.
    """

    key: str
    default: Any
    added_in: int = 0


# By the dotted name of today. A new setting stands here, and one that gets another name or group.
TRANSLATIONS: dict[str, Earlier] = {
    "results_version": Earlier("", UNNAMED_VERSION),
    "config.degradation.kernel": Earlier("config.model.kernel", "bicubic"),
    "config.degradation._target_": Earlier("", None, added_in=5),
    "config.degradation.arguments": Earlier("", {}, added_in=5),
    "config.degradation.source": Earlier("", "", added_in=5),
    "config.data.patch_size": Earlier("", None, added_in=5),
    "config.data.augment": Earlier("", False, added_in=5),
    "config.data.steps_per_epoch": Earlier("", None, added_in=5),
    "config.recipe": Earlier("", "paper"),
    "config.task": Earlier("", {"name": "supervised"}, added_in=5),
    "config.loss": Earlier("", {"name": "mse"}),
    "config.schedule": Earlier("", {"name": "constant"}),
    "config.monitor": Earlier("", "val_psnr"),
    "config.trainer.accelerate": Earlier("config.model.cpu_forms", False),
    "config.trainer.accumulate_grad_batches": Earlier("", 1),
    "config.trainer.gradient_clip_algorithm": Earlier("", "norm"),
    "config.trainer.overfit_batches": Earlier("", 0, added_in=5),
    "config.trainer.profiler": Earlier("", None),
    "config.trainer.ema_decay": Earlier("", None, added_in=5),
}
SWITCH = re.compile(r"=(True|False)(?=,|$)")
# Registered networks by the class that records and checkpoints of earlier versions name.
NETWORKS = {
    f"srcnn_lightning.models.{module}{name}": registered
    for module, name, registered in (
        ("", "SRCNN", "srcnn"),
        ("srcnn.", "SRCNN", "srcnn"),
        ("", "Interpolation", "interpolation"),
        ("interpolation.", "Interpolation", "interpolation"),
    )
}


def has_no_effect(key: str, value: Any) -> bool:
    """Whether a setting has the value of what was done before it; None switches any setting off."""
    return value is None or (key in TRANSLATIONS and TRANSLATIONS[key].default == value)


def translate(content: dict[str, Any]) -> dict[str, Any]:
    """A copy of a record's content in which every value has its name of today."""
    content = deepcopy(content)
    for key, earlier in TRANSLATIONS.items():
        group, name = place(content, key)
        if group is None or name in group:
            continue
        old_group, old_name = place(content, earlier.key)
        group[name] = (old_group or {}).pop(old_name, deepcopy(earlier.default))
    if isinstance(content.get("name"), str):  # a sweep spelled its switches like Python
        content["name"] = SWITCH.sub(lambda match: match[0].lower(), content["name"])
    model, _ = place(content, "config.model.name")
    if model is not None:
        content["config"]["model"] = translate_network(model)
    return content


def translate_network(settings: dict[str, Any]) -> dict[str, Any]:
    """A network's settings, of a record or a checkpoint, by the network's registered name."""
    if str(settings.get("_target_")) not in NETWORKS:
        return settings
    kept = {key: settings[key] for key in settings if key not in ("_target_", "cpu_forms")}
    return {**kept, "name": NETWORKS[settings["_target_"]]}


def place(content: Any, key: str) -> tuple[dict[str, Any] | None, str]:
    """The dictionary that may hold a dotted name, if there is one, and the last part of it."""
    *groups, name = key.split(".")
    for group in groups:
        content = content.get(group) if isinstance(content, dict) else None
    return (content if isinstance(content, dict) else None), name
