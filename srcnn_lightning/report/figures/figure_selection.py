"""Which curves stand in one figure, and which images side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from srcnn_lightning.report.file_names import slug, unique
from srcnn_lightning.report.seed_groups import BICUBIC, SeedGroup
from srcnn_lightning.report.study import Study


@dataclass
class Curve:
    """One line of a figure.

    Attributes:
        label: name in the legend.
        group: group whose history is drawn.
        colour: number of the colour, from 0.
        is_varied: whether the line is dotted, for the varied one of a pair.
    """

    label: str
    group: SeedGroup
    colour: int
    is_varied: bool = False


@dataclass
class CurveFigure:
    """A figure of curves.

    Attributes:
        name: name of the file, without its ending.
        title: title above the curves.
        note: what all curves share.
        curves: curves in the order of the legend.
        origin: sentence before the caption on what the figure repeats; may be empty.
    """

    name: str
    title: str
    note: str
    curves: list[Curve]
    origin: str = ""


@dataclass
class Comparison:
    """A figure of test images side by side.

    Attributes:
        name: name of the file, without its ending.
        labels: labels of the columns, from left to right; the target is added as the last.
        median_only: whether it has the image of the median gain alone, and not those of the
            largest, the median and the smallest gain.
        origin: sentence before the caption on what the figure repeats; may be empty.
    """

    name: str
    labels: list[str]
    median_only: bool = False
    origin: str = ""


def select_curves(seed_groups: Sequence[SeedGroup], study: Study | None) -> list[CurveFigure]:
    """The study's figures that the seed groups of one set of images give, then the other curves.

    Args:
        seed_groups: seed groups of one set of images.
        study: a study; None gives one figure for each experiment.
    """
    trained = [
        one for one in seed_groups if one.is_trained and any(run.history for run in one.runs)
    ]
    figures = study.curve_figures(trained) if study else []
    drawn = {id(curve.group) for figure in figures for curve in figure.curves}
    base = next((one for one in trained if study and one.variant == study.base), None)
    return figures + _by_experiment([one for one in trained if id(one) not in drawn], base)


def select_comparisons(
    seed_groups: Sequence[SeedGroup], compared: Sequence[SeedGroup], study: Study | None
) -> list[Comparison]:
    """The study's figures of images; without a study one of bicubic and the compared groups."""
    if study and study.comparisons:
        return study.comparisons(seed_groups, compared)
    return [Comparison("comparison", [BICUBIC, *(group.label for group in compared)])]


def shared_settings(
    seed_groups: Sequence[SeedGroup],
    without: Sequence[str] = (),
    own: Mapping[str, Callable[[Any], str]] = MappingProxyType({}),
) -> str:
    """What all curves of a figure share, of what a reader asks first.

    Args:
        seed_groups: seed groups of the figure.
        without: keys of settings that the legend names.
        own: words for the values of a study's own settings, by key.
    """
    words: dict[str, Callable[[Any], str]] = {
        "trainer.max_epochs": lambda value: f"{value} epoch{'s' * (value != 1)}",
        "optimizer.lr": lambda value: f"learning rate {value:g}",
        "data.batch_size": lambda value: f"batch {value}",
        "data.patch_size": lambda value: f"{value}-pixel patches",
        "data.augment": lambda value: "flips and rotations",
        "data.steps_per_epoch": lambda value: f"{value} steps an epoch",
        "optimizer._target_": lambda value: str(value).rpartition(".")[2],
        "task.name": lambda value: "" if value == "supervised" else str(value),
        "loss.name": lambda value: "" if value == "mse" else str(value),
        "schedule.name": lambda value: "" if value == "constant" else str(value),
        "trainer.precision": lambda value: "" if value == "32-true" else str(value),
        **own,
    }
    shared: list[str] = []
    for key, word in words.items():
        values = {group.settings.get(key) for group in seed_groups}
        if key not in without and len(values) == 1 and None not in values:
            shared += filter(None, [word(values.pop())])
    seeds = max(len(group.runs) for group in seed_groups)
    shared.append(
        f"up to {seeds} seeds, the band from lowest to highest" if seeds > 1 else "1 seed"
    )
    return ", ".join(shared)


def _by_experiment(seed_groups: Sequence[SeedGroup], base: SeedGroup | None) -> list[CurveFigure]:
    """One figure for each experiment; variants stand beside the base."""
    experiments: dict[str, list[SeedGroup]] = {}
    for group in seed_groups:
        experiments.setdefault(group.runs[0].experiment, []).append(group)
    names = unique(f"curves_{slug(experiment)}" for experiment in experiments)
    figures = []
    for name, experiment in zip(names, experiments, strict=True):
        alike = experiments[experiment]
        if base and all(group.variant for group in alike):
            alike = [base, *(group for group in alike if group is not base)]
        curves = [Curve(group.label, group, colour) for colour, group in enumerate(alike)]
        title = experiment.replace("_", " ").capitalize()
        figures.append(CurveFigure(name, title, shared_settings(alike), curves))
    return figures
