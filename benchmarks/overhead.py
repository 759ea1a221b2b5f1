"""What Lightning and logging add to a step, seen on a network that takes no time itself.

The same tiny network on the same tiny images: trained by this program, and by a plain loop.
"""

import time
from functools import partial

import torch
from torch.nn import functional as F

from benchmarks.alone import Contender, Figures, alone, column
from benchmarks.figures import FigureSet, Row
from benchmarks.options import Options
from srcnn_lightning.models import SRCNN

KERNEL_SIZES, FEATURES, SIDE = (1, 1), (3,), 16
IMAGES, EPOCHS, BATCH = 100, 10, 2
STEPS = EPOCHS * 30  # six tenths of the images train
LOOP, OURS, AT_ONCE = "tiny loop", "tiny network, ours", "tiny network, 30 steps a call"


def contenders(options: Options) -> dict[str, Contender]:
    """All of them, for one round with those that train."""
    common = {"threads": options.threads, "device": options.device}
    return {
        LOOP: partial(alone, "benchmarks.overhead:loop", **common),
        OURS: partial(alone, "benchmarks.overhead:ours", **common),
        AT_ONCE: partial(alone, "benchmarks.overhead:ours", steps_per_call=30, **common),
    }


def figures(found: dict[str, list[Figures]], images_per_second: Row, batch: int) -> FigureSet:
    """Milliseconds a step, and their share of a step of SRCNN 9-1-5.

    Args:
        found: of the contenders.
        images_per_second: of this program's training steps in the same rounds.
        batch: images of one of them.
    """
    loop, ours, at_once = (
        Row(name, "ms", column(found[name], "milliseconds")) for name in (LOOP, OURS, AT_ONCE)
    )
    added, added_at_once = (
        tuple(one - other for one, other in zip(row.values, loop.values, strict=True))
        for row in (ours, at_once)
    )
    steps = [1000 * batch / value for value in images_per_second.values]
    shares = tuple(100 * one / step for one, step in zip(added, steps, strict=True))
    rows = [
        *(loop, ours, at_once),
        Row("Lightning and logging add", "ms", added),
        Row("the same with 30 steps a call", "ms", added_at_once),
        Row("share of a step of SRCNN 9-1-5", "%", shares, at_most=5),
    ]
    return FigureSet("overhead", "A training step of a network that takes no time", rows)


def ours(threads: int, device: str, steps_per_call: int = 1) -> Figures:
    """A real run."""
    from benchmarks.ours import run

    clock = run(
        EPOCHS,
        f"data.count={IMAGES}",
        f"data.crop={SIDE}",
        f"data.target_size={SIDE}",
        f"data.batch_size={BATCH}",
        f"model.kernel_sizes={list(KERNEL_SIZES)}",
        f"model.features={list(FEATURES)}",
        f"trainer={'gpu' if device == 'cuda' else 'cpu'}",
        f"trainer.threads={threads}",
        f"trainer.steps_per_call={steps_per_call}",
    )
    return {"milliseconds": 1000 * sum(clock.steps) / STEPS}


def loop(threads: int, device: str) -> Figures:
    """Forward, backward and Adam, and nothing else."""
    torch.set_num_threads(threads)
    network = SRCNN(KERNEL_SIZES, FEATURES).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    images = torch.rand(BATCH, 3, SIDE // 2, SIDE // 2, device=device)
    targets = torch.rand(BATCH, 3, SIDE, SIDE, device=device)
    started = 0.0
    for step in range(STEPS + STEPS // EPOCHS):
        if step == STEPS // EPOCHS:  # those before warm up
            started = _now(device)
        optimizer.zero_grad()
        F.mse_loss(network(images), targets).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return {"milliseconds": 1000 * (_now(device) - started) / STEPS}


def _now(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()
