"""Schedules of the learning rate, by name; `optimizer.lr` is the largest rate of each."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from srcnn_lightning import arguments
from srcnn_lightning.errors import choose, require


@dataclass(frozen=True)
class Length:
    """The length of a training, in steps of the optimizer.

    Attributes:
        steps: steps in all; infinite where nothing but a time ends the training.
        epoch_steps: steps of an epoch, before they are rounded up.
    """

    steps: float
    epoch_steps: float


def constant() -> None:
    """The same rate in every step."""


def one_cycle(
    optimizer: Optimizer,
    length: Length,
    warmup: float = 0.3,
    start: float = 0.04,
    end: float = 4e-6,
) -> LRScheduler:
    """Up to the largest rate and down again, along cosines (Smith and Topin, arXiv 1708.07120).

    Args:
        optimizer: optimizer of the rate.
        length: length of the training.
        warmup: fraction of the steps that rise, between 0 and 1.
        start: first rate, as a fraction of the largest.
        end: last rate, as a fraction of the largest.
    """
    require(0 < warmup < 1, "schedule.warmup", warmup, "it must be between 0 and 1")
    for key, value in (("start", start), ("end", end)):
        require(0 < value <= 1, f"schedule.{key}", value, "it must be above 0, and at most 1")
    steps = _finite(length)
    rising = round(warmup * steps)
    return LambdaLR(optimizer, partial(one_cycle_factor, rising, steps, start, end))


def one_cycle_factor(rising: int, steps: int, start: float, end: float, step: int) -> float:
    """Part of the largest rate at a step, counted from 0."""
    if step < rising:
        return _cosine_between(start, 1, step / rising)
    return _cosine_between(1, end, (step - rising) / max(1, steps - 1 - rising))


def cosine(
    optimizer: Optimizer, length: Length, warmup: float = 0.05, end: float = 0.0
) -> LRScheduler:
    """Linearly up to the largest rate, then down along a cosine (arXiv 1608.03983).

    Args:
        optimizer: optimizer of the rate.
        length: length of the training.
        warmup: fraction of the steps that rise, from 0 to below 1.
        end: last rate, as a fraction of the largest.
    """
    require(0 <= warmup < 1, "schedule.warmup", warmup, "it must be at least 0, and below 1")
    require(0 <= end <= 1, "schedule.end", end, "it must be from 0 to 1")
    steps = _finite(length)
    rising = round(warmup * steps)
    return LambdaLR(optimizer, partial(cosine_factor, rising, steps, end))


def cosine_factor(rising: int, steps: int, end: float, step: int) -> float:
    """Part of the largest rate at a step, counted from 0."""
    if step < rising:
        return (step + 1) / (rising + 1)
    return _cosine_between(1, end, (step - rising) / max(1, steps - 1 - rising))


def _cosine_between(first: float, last: float, progress: float) -> float:
    """The value at a fraction of the way, which may lie beyond the end."""
    return last + (first - last) * (1 + math.cos(math.pi * min(1.0, progress))) / 2


def _finite(length: Length) -> int:
    require(
        math.isfinite(length.steps),
        "schedule",
        "one_cycle or cosine",
        "its rates depend on the length of the training; give max_epochs or max_steps",
    )
    return int(length.steps)


def step(
    optimizer: Optimizer, length: Length, epochs: int = 30, factor: float = 0.1
) -> LRScheduler:
    """A smaller rate after every so many epochs (VDSR, arXiv 1511.04587, section 4.4).

    Args:
        optimizer: optimizer of the rate.
        length: length of the training.
        epochs: epochs of each rate.
        factor: ratio of a rate to the one before.
    """
    require(epochs >= 1, "schedule.epochs", epochs, "it must be at least 1")
    require(0 < factor <= 1, "schedule.factor", factor, "it must be above 0, and at most 1")
    return LambdaLR(optimizer, partial(step_factor, epochs * math.ceil(length.epoch_steps), factor))


def step_factor(steps: int, factor: float, step: int) -> float:
    """Part of the largest rate at a step, counted from 0."""
    return float(factor ** (step // steps))


SCHEDULES: dict[str, Callable[..., LRScheduler | None]] = {
    "constant": constant,
    "one_cycle": one_cycle,
    "cosine": cosine,
    "step": step,
}


def build_schedule(
    settings: Mapping[str, Any], optimizer: Optimizer, length: Length
) -> LRScheduler | None:
    """The schedule of the group `schedule`: its `name` and arguments; None for a constant rate.

    It is stepped after every step of the optimizer.

    Raises:
        BadInput: an argument that the schedule does not take, or a value that it cannot use;
            there is no such schedule.
    """
    name = str(settings.get("name", "null"))
    choose("schedule.name", name, tuple(SCHEDULES))
    given = {key: value for key, value in settings.items() if key != "name"}
    schedule = SCHEDULES[name]
    supplied = {"optimizer": optimizer, "length": length} if name != "constant" else {}
    arguments.check("schedule", schedule, given, supplied, name=name)
    return schedule(**given, **supplied)
