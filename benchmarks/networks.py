"""Is a training step of every network of one scale as fast as a plain loop over it?

The plain loop is `textbook.train` in channels_last, on the same network with torch's own layers and
the same loss.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import torch

from benchmarks import textbook
from benchmarks.rounds import Figures, FigureSet, alternate, in_new_process, ratio, row
from benchmarks.training import TRAIN
from benchmarks.workload import Workload

SIDE = 96  # of the targets, as recipe=modern has it; the batch is half of that recipe's
# DRCN at its full size takes minutes a step.
NETWORKS: dict[str, dict[str, Any]] = {
    **{name: {} for name in ("srcnn", "espcn", "fsrcnn", "ninasr", "span", "vdsr", "edsr")},
    **{name: {} for name in ("srresnet", "unetpp")},
    "drcn": {"features": 64, "recursions": 4},
}


def measure(workload: Workload) -> list[FigureSet]:
    """Images per second of each network in this program, and as a ratio to the plain loop."""
    small = replace(workload, images=min(workload.images, 40), batch=4)
    small = replace(small, side=min(small.side, SIDE))
    overrides = [*small.prepare(), "trainer.max_epochs=2"]
    common: dict[str, Any] = {"images": small.trained, "side": small.side, "batch": small.batch}
    common |= {"threads": small.threads, "device": small.device}
    rows = []
    for name, settings in list(NETWORKS.items())[: 1 if workload.is_quick else None]:
        model = [f"model={name}", *(f"model.{key}={value}" for key, value in settings.items())]
        ours = partial(in_new_process, TRAIN, images=small.trained, overrides=[*overrides, *model])
        plainly: dict[str, Any] = {"name": name, "settings": settings, **common}
        loop = partial(in_new_process, "benchmarks.networks:train_plainly", **plainly)
        found = alternate({name: ours, "loop": loop}, small.rounds)
        speed, plain = (row(found, one, "images_per_second", "image/s") for one in found)
        rows += [speed, ratio(f"{name} / plain loop", speed, plain)]
    title = f"Training steps, batch {small.batch} of {small.side}x{small.side}, x2"
    return [FigureSet("networks", title, rows)]


def train_plainly(
    name: str,
    settings: dict[str, Any],
    images: int,
    side: int,
    batch: int,
    threads: int,
    device: str,
) -> Figures:
    """Images per second of the second epoch of a plain loop on random images in memory."""
    from srcnn_lightning import models

    model = models.build(name, **settings, scale=2)
    lr, hr = (
        torch.rand(images, 3, size, size, device=device).to(memory_format=torch.channels_last)
        for size in (side // 2, side)
    )
    orders = [torch.split(torch.randperm(images), batch) for _ in range(2)]
    epochs = [((lr[indices], hr[indices]) for indices in order) for order in orders]
    return textbook.train(model, epochs, images, threads, device, torch.channels_last)
