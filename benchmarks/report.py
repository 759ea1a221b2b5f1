"""What a report costs: 100 runs of 100 epochs with 20 test images of 224x224 pixels, on one core.

Under each degradation one network is trained in earnest, with the baselines beside it. The others
are its record and pictures under other settings and seeds, so that every figure of the paper is
drawn, with curves of 100 epochs.

    python benchmarks/report.py [--rounds 3] [--runs 100] [--folder PHOTOGRAPHS]
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median

from srcnn_lightning import files, run_record
from srcnn_lightning.training.environment import processor

EPOCHS = 100
IMAGES = ("data.count=30", "data.split=[0.1,0.2,0.7]")  # 3 to train, 6 to validate, 21 to test
LENGTH = ("trainer.max_epochs=1", "trainer=cpu")


DEGRADATIONS = ("antialiased", "aliased")
SEEDS = 4
# The paper's settings: 5 learning rates, tanh, batch norm and 5 factors.
VARIED: list[tuple[str, str, object]] = [("optimizer", "lr", 10.0**-power) for power in range(1, 6)]
VARIED += [("model", "output_activation", "tanh"), ("model", "batch_norm", True)]
VARIED += [("optimizer", "weight_decay", 10.0**-power) for power in range(2, 7)]


def train(outputs: Path, folder: str | None, degradation: str) -> Path:
    """Every baseline and one network, the real way; returns the network's folder."""
    data = (
        ["data=folder", f"data.root={Path(folder).resolve()}"] if folder else ["data=dead_leaves"]
    )
    command = [sys.executable, "-m", "srcnn_lightning", "+experiment=ablation", *data, *IMAGES]
    command += [*LENGTH, f"output_dir={outputs}", f"degradation={degradation}"]
    command += ["variant=nearest,bilinear,bicubic,base", "-m"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (found,) = outputs.glob(f"ablation/*-{degradation}/variant=base")
    return found


def multiply(original: Path, runs: int) -> None:
    """As many runs as a long study leaves: a few seeds of each setting."""
    found = run_record.read(original)
    assert found is not None
    generator = random.Random(0)
    for number in range(runs):
        group, key, value = VARIED[number // SEEDS % len(VARIED)]
        seed = number % SEEDS + SEEDS * (number // (SEEDS * len(VARIED)))
        config = {**found["config"], "seed": seed, "variant": None, "experiment_name": "study"}
        config[group] = {**config[group], key: value}
        name = f"{key}={value},seed={seed}"
        history = [
            {
                "epoch": epoch,
                "train_loss": 0.01 / epoch,
                "val_loss": 0.01 / epoch * generator.uniform(1, 2),
                "val_psnr": 30 - 10 / epoch + generator.gauss(0, 0.5),
            }
            for epoch in range(1, EPOCHS + 1)
        ]
        folder = original.parents[2] / "study" / original.parent.name / name
        shutil.copytree(original / "pictures", folder / "pictures")
        other = {"name": name, "experiment": "study", "variant": None, "config": config}
        digest = files.digest([found["hash"], number])
        run_record.write(folder, {**found, **other, "hash": digest, "history": history})


def main() -> None:
    """Print the seconds of each round, their median, and the size of the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--folder", help="of photographs, instead of drawn images")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        outputs, report = Path(temporary) / "outputs", Path(temporary) / "report"
        for degradation in DEGRADATIONS:
            original = train(outputs, options.folder, degradation)
            multiply(original, options.runs // len(DEGRADATIONS) - 4)
        if hasattr(os, "sched_setaffinity"):  # not on macOS
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        seconds = []
        for number in range(1, options.rounds + 1):
            started = time.perf_counter()
            command = [sys.executable, "-m", "srcnn_lightning", "report", str(outputs)]
            subprocess.run(
                [*command, "--output", str(report)], check=True, stdout=subprocess.DEVNULL
            )
            seconds.append(time.perf_counter() - started)
            print(f"round {number}: {seconds[-1]:.1f} s", flush=True)
        size = (report / "index.html").stat().st_size / 1e6
    print(
        f"{options.runs} runs of {EPOCHS} epochs: {median(seconds):.1f} s, a page of {size:.2f} MB "
        f"(one core of {processor()}, {date.today()}, median of {options.rounds} rounds)"
    )


if __name__ == "__main__":
    main()
