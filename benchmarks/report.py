"""How long does a report take: many runs of 100 epochs with 20 test images each, on one core?

Under each degradation one network is trained in earnest, with the baselines beside it. The other
runs are its record and pictures under other settings and seeds, so that every figure of the paper
is drawn, with curves of 100 epochs.
"""

import json
import os
import random
import shutil
import tempfile
import time
from functools import partial
from itertools import islice, product
from pathlib import Path
from typing import Any

from benchmarks.rounds import Figures, FigureSet, alternate, in_new_process, python, row
from benchmarks.workload import Workload

RUNS, EPOCHS = 100, 100
COUNT = ("data.count=30", "data.split=[0.1,0.2,0.7]")  # 3 train, 6 validate, 21 test
DEGRADATIONS = ("antialiased", "aliased")
SEEDS = 4
# The paper's settings: 5 learning rates, tanh, batch norm and 5 factors.
VARIED: list[tuple[str, str, object]] = [("optimizer", "lr", 10.0**-power) for power in range(1, 6)]
VARIED += [("model", "output_activation", "tanh"), ("model", "batch_norm", True)]
VARIED += [("optimizer", "weight_decay", 10.0**-power) for power in range(2, 7)]
RECORD = "metrics.json"


def measure(workload: Workload) -> list[FigureSet]:
    """Seconds of the command, and the size of its page."""
    with tempfile.TemporaryDirectory() as temporary:
        outputs = Path(temporary) / "outputs"
        for degradation in DEGRADATIONS:
            trained = train(outputs, workload, degradation)
            multiply(trained, RUNS // len(DEGRADATIONS) - 4)  # and 4 that were trained
        command = partial(in_new_process, "benchmarks.report:write_report", outputs=str(outputs))
        found = alternate({"report": command}, workload.rounds)
    seconds = row(found, "report", "seconds", "s", "the command")
    size = row(found, "report", "page_mb", "MB", "its page")
    title = f"A report of {RUNS} runs of {EPOCHS} epochs, on one core"
    return [FigureSet("report", title, [seconds, size])]


def train(outputs: Path, workload: Workload, degradation: str) -> Path:
    """Train every baseline and one network by the command; returns the network's folder."""
    overrides = [*workload.overrides(), *COUNT, f"output_dir='{outputs}'"]
    overrides += [f"degradation={degradation}", "trainer.max_epochs=1"]
    variants = "variant=nearest,bilinear,bicubic,base"
    python("-m", "srcnn_lightning", "+experiment=ablation", *overrides, variants, "-m")
    (found,) = outputs.glob(f"ablation/*-{degradation}-x*/variant=base*")
    return found


def multiply(trained: Path, runs: int) -> None:
    """Write as many runs as a long study leaves: a few seeds of each setting."""
    record: dict[str, Any] = json.loads((trained / RECORD).read_text())
    usual, generator = record["config"], random.Random(0)
    chosen = islice(product(VARIED, range(SEEDS)), runs)
    for number, ((group, key, value), seed) in enumerate(chosen):
        config = {**usual, "seed": seed, "variant": None, "experiment_name": "study"}
        config[group] = {**usual[group], key: value}
        history = [
            {
                **{"epoch": epoch, "train_loss": 0.01 / epoch},
                "val_loss": 0.01 / epoch * generator.uniform(1, 2),
                "val_psnr": 30 - 10 / epoch + generator.gauss(0, 0.5),
            }
            for epoch in range(1, EPOCHS + 1)
        ]
        name, digest = f"{key}={value},seed={seed}", f"{record['hash'][:-4]}{number:04x}"
        folder = trained.parents[2] / "study" / trained.parent.name / name
        shutil.copytree(trained / "pictures", folder / "pictures")
        record |= {"name": name, "experiment": "study", "variant": None, "hash": digest}
        record |= {"config": config, "history": history}
        (folder / RECORD).write_text(json.dumps(record))


def write_report(outputs: str) -> Figures:
    """Write the report on one core, in this process's child."""
    if hasattr(os, "sched_setaffinity"):  # not on macOS
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        python("-m", "srcnn_lightning", "report", outputs, "--output", folder)
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "page_mb": Path(folder, "index.html").stat().st_size / 1e6}
