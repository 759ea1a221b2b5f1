"""How fast does this program train: beside other programs, and with a setting changed?

(a) a textbook program that reads its image files in every epoch; (a') its loop with the images in
memory; (b) the same in channels_last; (c) this program, through Lightning; (d) and (d') two roofs.
The training steps of (c) are the same work as the others do; its whole epochs have validation,
checkpoints, pictures and events as well.
"""

import runpy
import sys
import tempfile
import time
from functools import partial
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from benchmarks.rounds import Figures, FigureSet, alternate, in_new_process, ratio, row
from benchmarks.workload import Workload

DEFAULTS = "all settings as they are"
SETTINGS = (
    "trainer.accelerate=false",
    "trainer.channels_last=false",
    "trainer.keep_memory=false",
    "data.eval_batch_size=1",
    "data.eval_batch_size=20",
    "trainer.compile=true",
    "+optimizer.fused=true",
)
ON_A_GPU = (
    "data.on_device=false",
    "trainer.tf32=false",
    "trainer.precision=bf16-mixed",
)
START = "model.init=default"  # the textbook's network
TRAIN = "benchmarks.training:train"


def measure(workload: Workload) -> list[FigureSet]:
    """Images per second and peak memory of every program."""
    side, device, threads = workload.side, workload.device, workload.threads
    common: dict[str, Any] = {"side": side, "device": device, "threads": threads}
    loop: dict[str, Any] = {**common, "images": workload.trained, "batch": workload.batch}
    folder = str(workload.image_folder())
    textbook = partial(in_new_process, "benchmarks.textbook:train_from_files", **loop)
    from_memory = partial(in_new_process, "benchmarks.textbook:train_from_memory", **loop)
    overrides = [*workload.prepare(), START]
    ours = partial(in_new_process, TRAIN, images=workload.trained, overrides=overrides)
    roof = partial(in_new_process, "benchmarks.roof:measure", matrix=workload.matrix, **common)
    programs = {
        "a textbook, from files": partial(textbook, folder=folder, crop=workload.crop),
        "a' textbook, in memory": from_memory,
        "b channels_last loop": partial(from_memory, channels_last=True),
        "c ours": ours,
        **({"c' before": partial(ours, package=workload.other)} if workload.other else {}),
        "d roof": roof,
    }
    found = alternate(programs, workload.rounds)
    speed = {name: row(found, name, "images_per_second", "image/s") for name in found}
    whole, convolutions = (
        row(found, program, figure, "image/s", name)
        for program, figure, name in (
            ("c ours", "whole_images_per_second", "c ours, whole epochs"),
            ("d roof", "convolution_images_per_second", "d' roof of convolutions"),
        )
    )
    images = sorted([*speed.values(), whole, convolutions], key=lambda one: one.name)
    c, others = speed["c ours"], [one for one in images if not one.name.startswith("c ours")]
    ratios = [ratio(f"c / {other.name.split()[0]}", c, other) for other in others]
    ratios += [ratio("whole epochs / steps", whole, c)]
    title = f"Training SRCNN 9-1-5, batch {workload.batch} of {side}x{side}"
    memory = [row(found, name, "peak_mb", "MB") for name in found if name != "d roof"]
    return [
        FigureSet("training", title, [*images, *ratios]),
        FigureSet("memory", "Peak memory of each process that trained", memory),
    ]


def measure_settings(workload: Workload) -> list[FigureSet]:
    """Images per second with each setting changed, as ratios to those with all defaults."""
    overrides = [*workload.prepare(), START]
    patches = f"[data.patch_size={workload.side},data.augment=true]"
    settings = SETTINGS[:2] if workload.is_quick else SETTINGS
    changes = [*settings, patches, *(ON_A_GPU if workload.device == "cuda" else ())]
    changed = {DEFAULTS: [], **{change: change.strip("[]").split(",") for change in changes}}
    ours = partial(in_new_process, TRAIN, images=workload.trained)
    contenders = {
        name: partial(ours, overrides=[*overrides, *more]) for name, more in changed.items()
    }
    found = alternate(contenders, workload.rounds)

    def figure_set(name: str, title: str, figure: str) -> FigureSet:
        defaults, *others = (row(found, contender, figure, "image/s") for contender in found)
        ratios = [ratio(other.name, other, defaults) for other in others]
        title = f"{title}: images per second, and with a setting changed"
        return FigureSet(name, title, [defaults, *ratios])

    return [
        figure_set("settings_steps", "Training steps", "images_per_second"),
        figure_set("settings_epochs", "Whole epochs with validation", "whole_images_per_second"),
    ]


def train(images: int, overrides: list[str]) -> Figures:
    """Images per second of a run's second epoch, in which `images` train."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        own = (f"output_dir='{folder}'", "trainer.max_epochs=2")
        run_command(clock, *own, *overrides)
    (_, start), (_, trained), end = clock.starts, clock.trained, clock.end
    return {
        "images_per_second": images / (trained - start),
        "whole_images_per_second": images / (end - start),
    }


class Clock(Callback):
    """When each epoch has begun, when its training steps were done, and when the last has ended."""

    def __init__(self) -> None:
        self.starts: list[float] = []
        self.trained: list[float] = []
        self.end = 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """An epoch begins."""
        self.starts.append(_now())

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """All training steps of the epoch are done."""
        self.trained.append(_now())

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The last epoch has ended, with checkpoints, pictures and events."""
        self.end = _now()


def _now() -> float:
    """Time when the device has done all it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def run_command(callback: Callback, *arguments: str) -> None:
    """Run `python -m srcnn_lightning` in this process, with one more callback in its Trainer.

    No function of the package is named here, so that any commit of it can be measured.
    """
    fit: Any = Trainer.fit

    def fit_with_callback(trainer: Any, *positional: Any, **named: Any) -> None:
        trainer.callbacks.append(callback)
        fit(trainer, *positional, **named)

    Trainer.fit = fit_with_callback  # type: ignore[assignment,method-assign]
    sys.argv[1:] = arguments
    runpy.run_module("srcnn_lightning", run_name="__main__", alter_sys=True)
