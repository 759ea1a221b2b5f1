"""Which settings' curves stand in one figure: the paper's figures 4 to 7, and any other sweep's."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from srcnn_lightning.report.file_names import slug, unique
from srcnn_lightning.report.seed_groups import SeedGroup
from srcnn_lightning.report.tables.rows import BASE

LR, DECAY = "optimizer.lr", "optimizer.weight_decay"
TANH, BATCH_NORM = "model.output_activation", "model.batch_norm"


@dataclass
class Curve:
    """One line of a figure.

    Attributes:
        label: for the legend.
        setting: whose history it shows.
        colour: its number among the colours.
        is_varied: drawn dotted: with tanh, with batch norm.
    """

    label: str
    setting: SeedGroup
    colour: int
    is_varied: bool = False


@dataclass
class CurveFigure:
    """What a figure of curves shows.

    Attributes:
        name: of its file, `figure_4`.
        title: above it.
        note: what all its curves share.
        curves: in the order of the legend.
    """

    name: str
    title: str
    note: str
    curves: list[Curve]


def curve_figures(settings: Sequence[SeedGroup]) -> list[CurveFigure]:
    """The paper's figures that the settings of one set of images give, then the others.

    A figure is known by what its runs differ in, not by the experiment they were trained for: an
    ablation at one learning rate holds figures 5, 6 and 7 as well. Other networks and other starts
    have figures of their own.
    """
    trained = [setting for setting in settings if setting.is_trained and _has_curve(setting)]
    plain = [setting for setting in trained if _is_of_the_paper(setting)]
    figures = [
        *_one_axis(4, "Learning rates", plain, LR, without=(TANH, BATCH_NORM, DECAY)),
        *_with_and_without(5, "Tanh on the output", plain, TANH, (BATCH_NORM, DECAY), "tanh"),
        *_with_and_without(6, "Batch norm", plain, BATCH_NORM, (TANH, DECAY), "batch norm"),
        *_one_axis(7, "L2 factors", plain, DECAY, without=(TANH, BATCH_NORM)),
    ]
    shown = {id(curve.setting) for figure in figures for curve in figure.curves}
    base = next((setting for setting in trained if setting.variant == BASE), None)
    return figures + _others([one for one in trained if id(one) not in shown], base)


def _is_of_the_paper(setting: SeedGroup) -> bool:
    """SRCNN 9-1-5 from PyTorch's start, whatever of it is varied."""
    found = setting.settings
    return (
        str(found.get("model._target_")).endswith(".SRCNN")
        and found.get("model.kernel_sizes") == "[9, 1, 5]"
        and found.get("model.features") == "[64, 32]"
        and found.get("model.init") == "default"
        and found.get("init_from") is None
        and {LR, DECAY, TANH, BATCH_NORM} <= {*found}
    )


def _has_curve(setting: SeedGroup) -> bool:
    return any(run.get("history") for run in setting.runs)


def _is_off(value: Any) -> bool:
    return value in (0, False, None, "none")


def _one_axis(
    number: int, title: str, settings: Sequence[SeedGroup], axis: str, without: Sequence[str]
) -> list[CurveFigure]:
    """One curve for each value of `axis`, where everything else is equal."""
    groups = _grouped(settings, (axis,), without)
    found: list[tuple[str, list[Curve], Sequence[str]]] = []
    for alike in groups:
        values = sorted(alike, key=lambda setting: float(setting.settings[axis] or 0))
        if len({setting.settings[axis] for setting in values}) < 2:
            continue
        curves = [
            Curve(f"{_value(axis, setting.settings[axis])}{setting.states}", setting, colour)
            for colour, setting in enumerate(values)
        ]
        found.append((title, curves, (axis,)))
    return _named(number, found)


def _with_and_without(
    number: int,
    title: str,
    settings: Sequence[SeedGroup],
    axis: str,
    without: Sequence[str],
    name: str,
) -> list[CurveFigure]:
    """Two curves for each learning rate that was trained both ways."""
    found: list[tuple[str, list[Curve], Sequence[str]]] = []
    for alike in _grouped(settings, (axis, LR), without):
        by_rate = defaultdict(list)
        for setting in alike:
            by_rate[setting.settings[LR]].append(setting)
        pairs = {rate: both for rate, both in sorted(by_rate.items()) if len(both) > 1}
        curves: list[Curve] = []
        for place, (rate, both) in enumerate(pairs.items()):
            for setting in sorted(both, key=lambda one: not _is_off(one.settings[axis])):
                varied = not _is_off(setting.settings[axis])
                label = f"{name if varied else f'no {name}'}, {_value(LR, rate)}"
                # A pair shares its colour, where there are several.
                colour = place if len(pairs) > 1 else len(curves)
                curves.append(Curve(f"{label}{setting.states}", setting, colour, varied))
        if curves:
            found.append((title, curves, (axis, LR)))
    return _named(number, found)


def _grouped(
    settings: Iterable[SeedGroup], axes: Sequence[str], without: Sequence[str]
) -> list[list[SeedGroup]]:
    """Settings that are equal but for the axes, and do without the other variations."""
    groups = defaultdict(list)
    for setting in settings:
        if all(_is_off(setting.settings[key]) for key in without):
            rest = {key: value for key, value in setting.settings.items() if key not in axes}
            groups[tuple(sorted(rest.items()))].append(setting)
    return list(groups.values())


def _named(number: int, found: list[tuple[str, list[Curve], Sequence[str]]]) -> list[CurveFigure]:
    """`figure_4`, `figure_4-2`: the one with the most runs, then the longest, comes first."""

    def size(entry: tuple[str, list[Curve], Sequence[str]]) -> tuple[int, int]:
        settings = [curve.setting for curve in entry[1]]
        return (-len(settings), -int(settings[0].settings["trainer.max_epochs"]))

    return [
        CurveFigure(
            f"figure_{number}" + (f"-{place}" if place > 1 else ""),
            title,
            _note([curve.setting for curve in curves], axes),
            curves,
        )
        for place, (title, curves, axes) in enumerate(sorted(found, key=size), 1)
    ]


def _others(settings: Sequence[SeedGroup], base: SeedGroup | None) -> list[CurveFigure]:
    """What no figure of the paper shows, one figure for each experiment, beside Table 1's base."""
    groups = defaultdict(list)
    for setting in settings:
        groups[setting.runs[0]["experiment"]].append(setting)
    figures = []
    names = unique(f"curves_{slug(experiment)}" for experiment in groups)
    for name, (experiment, alike) in zip(names, groups.items(), strict=True):
        shown = alike
        if base and all(setting.variant for setting in alike):
            shown = [base, *(setting for setting in alike if setting is not base)]
        curves = [Curve(setting.label, setting, colour) for colour, setting in enumerate(shown)]
        title = experiment.replace("_", " ").capitalize()
        figures.append(CurveFigure(name, title, _note(shown, ()), curves))
    return figures


def _note(settings: Sequence[SeedGroup], axes: Sequence[str]) -> str:
    """What all the curves share, of what a reader asks first."""
    words: dict[str, Callable[[Any], str]] = {
        "trainer.max_epochs": lambda value: f"{value} epochs",
        LR: lambda value: _value(LR, value),
        "data.batch_size": lambda value: f"batch {value}",
        "optimizer._target_": lambda value: str(value).rpartition(".")[2],
        "trainer.precision": lambda value: "" if value == "32-true" else str(value),
        "model.init": lambda value: f"start: {value}",
    }
    shared: list[str] = []
    for key, word in words.items():
        values = {setting.settings.get(key) for setting in settings}
        if key not in axes and len(values) == 1 and None not in values:
            shared += filter(None, [word(values.pop())])
    seeds = max(len(setting.runs) for setting in settings)
    shared.append(
        f"up to {seeds} seeds, the band from lowest to highest" if seeds > 1 else "1 seed"
    )
    return ", ".join(shared)


def _value(axis: str, value: Any) -> str:
    if axis == DECAY:
        return f"L2 {value:g}" if value else "no L2"
    return f"learning rate {value:g}"
