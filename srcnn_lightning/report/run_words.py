"""What a run is, in the words of captions and pages."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from srcnn_lightning.report.comparable_runs import Run, batch_settings


def part_sizes(run: Run) -> str:
    """Number of images to train, validate and test on, `60/20/20`."""
    split = run.split
    return "/".join(str(len(names)) for names in (split["train"], split["val"], split["test"]))


def cut(run: Run) -> str:
    """How files become targets, `centre crop 800, target 224`, or `whole images`."""
    crop, target = run.config["data"]["crop"], run.config["data"]["target_size"]
    if crop is None:
        return "whole images"
    side = crop if target is None else target
    scale = run.config["degradation"]["scale"]
    if isinstance(scale, int):
        side -= side % scale
    return f"centre crop {crop}, target {side}"


def batches(run: Run) -> str:
    """The batches of a training, `batch 16 of 96-pixel patches, flipped and rotated`."""
    settings = batch_settings(run)
    text = f"batch {settings['batch_size']}"
    if settings["patch_size"]:
        text += f" of {settings['patch_size']}-pixel patches"
    if settings["augment"]:
        text += ", flipped and rotated"
    if settings["steps_per_epoch"]:
        text += f", {settings['steps_per_epoch']} an epoch"
    return text


def device(run: Run) -> str:
    """What a run was trained on, `cpu (AMD EPYC, 1 thread)`; empty where its record is silent."""
    return describe_device(run.environment)


def describe_device(environment: Mapping[str, Any]) -> str:
    """The device of a record's environment."""
    name, threads = environment.get("device_name", "unknown"), environment.get("threads")
    kind = environment.get("device", "")
    if kind == "cpu" and threads:
        name += f", {threads} thread{'s' if threads > 1 else ''}"
    return f"{kind} ({name})" if kind else ""


def time_device(run: Run) -> str:
    """Where the time of inference was measured: elsewhere, or where the run was trained."""
    return run.cost.get("time_device") or device(run)


def dates(runs: Sequence[Run]) -> str:
    """The first and the last day, `2026-11-23 to 2026-11-24`, or the only one."""
    days = sorted({run.date[:10] for run in runs if run.date})
    return " to ".join(dict.fromkeys(days[:1] + days[-1:]))


def distinct(values: Iterable[str], separator: str) -> str:
    """The different values that are not empty, in their order."""
    return separator.join(dict.fromkeys(value for value in values if value))
