"""What each setting that is there for speed gives: real runs with it and without it."""

from functools import partial

from benchmarks.alone import Figures, alone, alternate, column
from benchmarks.figures import FigureSet, Row, ratio
from benchmarks.images import folder_of_images
from benchmarks.options import Options
from benchmarks.training import overrides

AS_THEY_ARE = "all settings as they are"
ON_A_GPU = (
    "trainer.tf32=false",
    "trainer.precision=bf16-mixed",
    "[trainer.steps_per_call=30,trainer.cuda_graph=true]",
)


def measure(options: Options) -> list[FigureSet]:
    """Images per second of training steps and of whole epochs; the first epoch is left out."""
    common = overrides(options, str(folder_of_images(options)))
    epochs = options.settings_epochs
    changes = [*options.settings, *(ON_A_GPU if options.device == "cuda" else ())]
    found = alternate(
        {
            name: partial(
                alone,
                "benchmarks.ours:train",
                epochs=epochs,
                images=options.trained,
                overrides=[*common, *(name.strip("[]").split(",") if name in changes else [])],
            )
            for name in (AS_THEY_ARE, *changes)
        },
        min(options.rounds, options.settings_rounds),
    )
    return [
        _set(found, "settings_steps", "Training steps", "images_per_second"),
        _set(found, "settings_epochs", "Whole epochs with validation", "whole_images_per_second"),
    ]


def _set(found: dict[str, list[Figures]], name: str, title: str, figure: str) -> FigureSet:
    usual, *others = (Row(key, "image/s", column(runs, figure)) for key, runs in found.items())
    rows = [usual, *(ratio(other.name, other, usual) for other in others)]
    return FigureSet(name, f"{title}: images per second, and with a setting changed", rows)
