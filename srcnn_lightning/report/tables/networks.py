"""Rows of a table that compares networks: quality beside cost, whatever each was trained for."""

from collections.abc import Sequence
from math import inf

from srcnn_lightning.report.comparable_runs import Run, flat_settings, group_by, seed_group_key
from srcnn_lightning.report.frontier import efficient_frontier
from srcnn_lightning.report.seed_groups import distinct_labels, name_without_seed, short_names
from srcnn_lightning.report.tables.rows import TableRow, make_row

QUALITY = "test_psnr"  # what the rows are sorted by, and the frontier is of


def network_rows(runs: Sequence[Run], bicubic: float | None = None) -> list[TableRow]:
    """One row for each network and baseline, the highest test PSNR first; seeds are averaged.

    Trainings of one network that differ in anything but their seed, as in their length, have a row
    each. Rows without a finished run come last.

    Args:
        runs: runs of one experiment on the same images.
        bicubic: test PSNR of bicubic in dB on the same images, for the gains.
    """
    settings = [*group_by(runs, seed_group_key).values()]
    names = short_names(settings)
    flat = [flat_settings(alike[0]) for alike in settings]
    labels = distinct_labels([*zip(names, flat, strict=True)])
    rows = [
        make_row(label, name_without_seed(alike[0]), alike)
        for label, alike in zip(labels, settings, strict=True)
    ]
    for row in rows:
        if bicubic is not None and QUALITY in row.mean:
            row.gain = row.mean[QUALITY] - bicubic
    efficient = {id(row) for row in efficient_rows(rows, "multiply_adds")}
    for row in rows:
        row.on_frontier = id(row) in efficient
    return sorted(rows, key=lambda row: -row.mean.get(QUALITY, -inf))


def efficient_rows(rows: Sequence[TableRow], cost: str) -> list[TableRow]:
    """The networks on the efficient frontier of a cost and the test PSNR, by rising cost.

    Baselines are not on it, for what they multiply is not counted, nor networks that are no better
    than bicubic, nor those of which a value is not known.

    Args:
        rows: rows of a table of networks.
        cost: name of the cost, as in `TableRow.cost`.
    """
    known = [
        row
        for row in rows
        if row.epochs
        and QUALITY in row.mean
        and cost in row.cost
        and (row.gain is None or row.gain > 0)
    ]
    points = [(row.cost[cost], row.mean[QUALITY]) for row in known]
    return [known[place] for place in efficient_frontier(points)]
