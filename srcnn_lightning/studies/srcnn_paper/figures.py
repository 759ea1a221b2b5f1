"""Which runs make the paper's figures: 4 to 7 of curves, 3 and 8 of images."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from srcnn_lightning.report.figures.figure_selection import (
    Comparison,
    Curve,
    CurveFigure,
    shared_settings,
)
from srcnn_lightning.report.seed_groups import BICUBIC, SeedGroup

LR, DECAY = "optimizer.lr", "optimizer.weight_decay"
TANH, BATCH_NORM = "model.output_activation", "model.batch_norm"
# SRCNN 9-1-5 from PyTorch's start, in flat settings.
NETWORK = {"kernel_sizes": "[9, 1, 5]", "features": "[64, 32]", "init": "default"}
WORDS = {"model.init": lambda value: f"start: {value}"}
Group = tuple[list[Curve], Sequence[str]]  # curves, and the settings in which they differ


def curve_figures(seed_groups: Sequence[SeedGroup]) -> list[CurveFigure]:
    """The paper's figures 4 to 7.

    A figure is known by what its runs differ in, not by the experiment they were trained for: an
    ablation at one learning rate holds figures 5, 6 and 7 as well. Other networks and other starts
    are in none.
    """
    plain = [group for group in seed_groups if _is_of_the_paper(group)]
    return [
        *_figures(4, "Learning rates", _along(plain, LR, off=(TANH, BATCH_NORM, DECAY))),
        *_figures(5, "Tanh on the output", _pairs(plain, TANH, "tanh", off=(BATCH_NORM, DECAY))),
        *_figures(6, "Batch norm", _pairs(plain, BATCH_NORM, "batch norm", off=(TANH, DECAY))),
        *_figures(7, "L2 factors", _along(plain, DECAY, off=(TANH, BATCH_NORM))),
    ]


def comparison_figures(
    seed_groups: Sequence[SeedGroup], compared: Sequence[SeedGroup]
) -> list[Comparison]:
    """The paper's figures 3, an output beside bilinear, and 8, input, outputs and target."""
    output = compared[0].label
    best = next(group.label for group in seed_groups if group in compared)
    bilinear = [group.label for group in seed_groups if group.kernel == "bilinear"]
    return [
        Comparison("figure_3", [*bilinear[:1], output], median_only=True, origin=_origin(3)),
        Comparison("figure_8", [BICUBIC, output, best], origin=_origin(8)),
    ]


def _origin(number: int) -> str:
    return f"As the paper's figure {number}."


def _is_of_the_paper(group: SeedGroup) -> bool:
    """Whether a seed group is of the paper's network and start, whatever of it is varied."""
    settings = group.settings
    return (
        settings.get("model.name") == "srcnn"
        and all(settings.get(f"model.{key}") == value for key, value in NETWORK.items())
        and settings.get("init_from") is None
        and {LR, DECAY, TANH, BATCH_NORM} <= {*settings}
    )


def _is_off(value: Any) -> bool:
    return value in (0, False, None, "none")


def _along(seed_groups: Sequence[SeedGroup], axis: str, off: Sequence[str]) -> list[Group]:
    """One curve for each value of a setting, where everything else is equal.

    Args:
        seed_groups: seed groups of the paper's network.
        axis: key of the setting.
        off: keys of settings that are off in all curves.
    """
    groups: list[Group] = []
    for alike in _equal_but_for(seed_groups, (axis,), off):
        if len({group.settings[axis] for group in alike}) < 2:
            continue
        ordered = sorted(alike, key=lambda group: float(group.settings[axis] or 0))
        curves = [
            Curve(f"{_value(axis, group)}{group.states}", group, colour)
            for colour, group in enumerate(ordered)
        ]
        groups.append((curves, (axis,)))
    return groups


def _pairs(
    seed_groups: Sequence[SeedGroup], axis: str, name: str, off: Sequence[str]
) -> list[Group]:
    """Two curves, without and with something, for each learning rate that was trained both ways.

    Args:
        seed_groups: seed groups of the paper's network.
        axis: key of the setting that is off or on.
        name: name of it in the legend.
        off: keys of settings that are off in all curves.
    """
    groups: list[Group] = []
    for alike in _equal_but_for(seed_groups, (axis, LR), off):
        by_rate = defaultdict(list)
        for group in alike:
            by_rate[group.settings[LR]].append(group)
        pairs = [pair for _, pair in sorted(by_rate.items()) if len(pair) > 1]
        curves: list[Curve] = []
        for place, pair in enumerate(pairs):
            for group in sorted(pair, key=lambda one: not _is_off(one.settings[axis])):
                is_varied = not _is_off(group.settings[axis])
                label = f"{name if is_varied else f'no {name}'}, {_value(LR, group)}"
                # A pair shares its colour, where there are several.
                colour = place if len(pairs) > 1 else len(curves)
                curves.append(Curve(f"{label}{group.states}", group, colour, is_varied))
        if curves:
            groups.append((curves, (axis, LR)))
    return groups


def _equal_but_for(
    seed_groups: Sequence[SeedGroup], axes: Sequence[str], off: Sequence[str]
) -> list[list[SeedGroup]]:
    groups = defaultdict(list)
    for group in seed_groups:
        if all(_is_off(group.settings[key]) for key in off):
            rest = {key: value for key, value in group.settings.items() if key not in axes}
            groups[tuple(sorted(rest.items()))].append(group)
    return [*groups.values()]


def _figures(number: int, title: str, groups: Sequence[Group]) -> list[CurveFigure]:
    """`figure_4`, `figure_4-2`: the one with the most runs, then the longest, comes first."""

    def rank(group: Group) -> tuple[int, int]:
        curves, _ = group
        return (-len(curves), -int(curves[0].group.settings["trainer.max_epochs"]))

    return [
        CurveFigure(
            f"figure_{number}" + (f"-{place}" if place > 1 else ""),
            title,
            shared_settings([curve.group for curve in curves], without=axes, own=WORDS),
            curves,
            _origin(number),
        )
        for place, (curves, axes) in enumerate(sorted(groups, key=rank), 1)
    ]


def _value(axis: str, group: SeedGroup) -> str:
    value = group.settings[axis]
    if axis == DECAY:
        return f"L2 {value:g}" if value else "no L2"
    return f"learning rate {value:g}"
