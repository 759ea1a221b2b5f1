"""Training speed: this program's run against the loop people write, on the same images.

Prints images per second of both, in alternating rounds, and the median of the rounds' ratios. The
plain loop has its tensors in memory: NCHW, eager, `loss.item()` each step, no validation.
Ours is a real run through Lightning: `training` counts its training steps alone, which is the same
work, `whole` its whole epochs with validation, checkpoints, pictures and logs.

    python benchmarks/training.py [--rounds 5] [--epochs 5]
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from statistics import median

import torch

from srcnn_lightning.training.environment import processor

IMAGES, SIDE, BATCH = 60, 224, 2


def plain(epochs: int) -> None:
    """Print images per second of the textbook loop."""
    import time

    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 64, 9, padding=4),
        torch.nn.ReLU(),
        torch.nn.Conv2d(64, 32, 1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(32, 3, 5, padding=2),
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    inputs, targets = torch.rand(2, IMAGES, 3, SIDE, SIDE)
    for epoch in range(epochs + 1):
        if epoch == 1:  # the first warms up
            started = time.perf_counter()
        for indices in torch.randperm(IMAGES).split(BATCH):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(network(inputs[indices]), targets[indices])
            loss.backward()
            optimizer.step()
            loss.item()
    print(epochs * IMAGES / (time.perf_counter() - started))


def ours(epochs: int) -> None:
    """Print training images per second of a real run: of its steps, and of its whole epochs."""
    import time

    from compose import request
    from lightning.pytorch import Callback, Trainer

    from srcnn_lightning.training import fitting

    starts, ends = [], []

    class Clock(Callback):
        def on_train_epoch_start(self, trainer: Trainer, pl_module: object) -> None:
            starts.append(time.perf_counter())

        def on_validation_start(self, trainer: Trainer, pl_module: object) -> None:
            ends.append(time.perf_counter())

        def on_fit_end(self, trainer: Trainer, pl_module: object) -> None:
            starts.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        asked = request(Path(folder), f"trainer.max_epochs={epochs + 1}", "model.init=default")
        parts = fitting.assemble(asked, None)
        parts.data.prepare()
        parts.trainer.callbacks.append(Clock())
        fitting.fit_and_test(parts, asked)
    steps = sum(end - start for start, end in zip(starts[1:-1], ends[1:], strict=True))
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(epochs * IMAGES / steps, epochs * IMAGES / (starts[-1] - starts[1]), megabytes)


def measure(what: str, epochs: int) -> list[float]:
    """Run one of the two in a process of its own."""
    command = [sys.executable, __file__, "--only", what, "--epochs", str(epochs)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [float(figure) for figure in lines[-1].split()]


def main() -> None:
    """Alternate both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--only", choices=("plain", "ours"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        {"plain": plain, "ours": ours}[options.only](options.epochs)
        return
    print(
        f"SRCNN 9-1-5, batch {BATCH} of {SIDE}x{SIDE}, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}, {processor()}, {date.today()}"
    )
    ratios = []
    for number in range(1, options.rounds + 1):
        (loop,) = measure("plain", options.epochs)
        training, whole, megabytes = measure("ours", options.epochs)
        ratios.append((training / loop, whole / loop))
        print(
            f"round {number}: plain {loop:.1f}, training {training:.1f}, whole {whole:.1f} image/s",
            flush=True,
        )
    medians = [median(column) for column in zip(*ratios, strict=True)]
    print(f"median ratios to plain: training {medians[0]:.2f}, whole {medians[1]:.2f}")
    print(f"peak memory of ours: {megabytes:.0f} MB")


if __name__ == "__main__":
    main()
