"""From the runs of one table to its rows: means over seeds, gains, and what is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, inf
from statistics import fmean, median_low, stdev
from typing import Any

from srcnn_lightning.report.comparable_runs import Run, group_by
from srcnn_lightning.report.run_words import distinct, time_device
from srcnn_lightning.report.seed_groups import name_without_seed, short_names, unfinished
from srcnn_lightning.report.statistics import PairedDifference, paired_difference
from srcnn_lightning.report.study import Family, PrintedRow, Study

BASE_RECIPE = "paper"  # the recipe of the default settings
METRICS = (
    "max_val_psnr",
    "test_loss",
    "test_psnr",
    "test_psnr_pooled",
    "test_psnr_y",
    "test_ssim",
    "test_high_frequency_ratio",
)
COSTS = (
    "parameters",
    "multiply_adds",
    "activations",
    "input_height",
    "input_width",
    "seconds_per_megapixel",
    "fit_s",
)


@dataclass
class TableRow:
    """One row of a table.

    Attributes:
        label: name for people.
        variant: variant, or the run's name where it has none.
        runs: number of finished runs.
        status: `finished`, `missing`, or the states of the runs that did not finish.
        mean: mean over the seeds by metric; empty where no run finished.
        deviation: sample standard deviation by metric, of two seeds or more.
        cost: parameters, cost of an image (`run_record.Cost`) and seconds of training; the median
            of the runs.
        time_device: where the time of inference was measured, `cpu (AMD EPYC, 2 threads)`; empty
            where none was.
        epochs: number of epochs of the training; None for a baseline.
        steps: number of steps of the optimizer in all epochs.
        on_frontier: whether a network is on the efficient frontier of multiply-adds and test PSNR;
            None in a table that compares no networks.
        gain: test PSNR over bicubic in dB, of the study's `gain_metric`.
        to_base: difference to the study's base.
        printed: row of the study's printed table.
        printed_gain: printed test PSNR over the printed bicubic, in dB.
    """

    label: str
    variant: str
    runs: int = 0
    status: str = "finished"
    mean: dict[str, float] = field(default_factory=dict)
    deviation: dict[str, float] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)
    time_device: str = ""
    epochs: int | None = None
    steps: int | None = None
    on_frontier: bool | None = None
    gain: float | None = None
    to_base: PairedDifference | None = None
    printed: PrintedRow | None = None
    printed_gain: float | None = None


def variant_rows(runs: Sequence[Run], study: Study) -> list[TableRow]:
    """The study's printed rows in their order, its extra rows, and a user's own variants last."""
    variants = group_by(runs, lambda run: run.variant)
    base = finished_runs(variants.get(study.base, []))
    families = {family.variant: family for family in study.families}
    own = [name for name in variants if name not in study.labels and not study.family(name)]
    rows = []
    for name in (*study.labels, *own):
        label = study.labels.get(name, name)
        if name in families:
            rows.append(_best_member(label, families[name], runs, base))
        else:
            compared = () if name == study.base else base
            rows.append(make_row(label, name, variants.get(name, []), compared))
    printed = {row.variant: row for row in study.printed}
    for row in rows:
        row.printed = printed.get(row.variant)
    _add_gains(rows, study.reference, study.gain_metric)
    return rows


def family_rows(runs: Sequence[Run], family: Family, study: Study) -> list[TableRow]:
    """One row for each member of a family, by its value."""
    base = finished_runs([run for run in runs if run.variant == study.base])
    members = _members(runs, family)
    by_value = sorted(members.items(), key=lambda item: family.value(item[1][0]))
    return [make_row(family.label(alike[0]), name, alike, base) for name, alike in by_value]


def experiment_rows(runs: Sequence[Run], bicubic: float | None = None) -> list[TableRow]:
    """One row for each setting of an experiment, the base recipe first; seeds are averaged.

    Args:
        runs: runs of the experiment.
        bicubic: test PSNR of bicubic in dB on the same images, for the gains.
    """
    by_name = group_by(runs, name_without_seed)
    base = _base_recipe(by_name.values())
    labels = short_names([*by_name.values()])
    if len({*labels}) < len(labels):  # names of one configuration
        labels = [*by_name]
    settings = [
        (alike[0].config["recipe"] != BASE_RECIPE, _by_value(name), label, name, alike)
        for label, (name, alike) in zip(labels, by_name.items(), strict=True)
    ]
    rows = [
        make_row(label, name, alike, base if is_compared else ())
        for is_compared, _, label, name, alike in sorted(settings, key=lambda setting: setting[:2])
    ]
    for row in rows:
        if bicubic is not None and "test_psnr" in row.mean:
            row.gain = row.mean["test_psnr"] - bicubic
    return rows


def finished_runs(runs: Sequence[Run]) -> list[Run]:
    """The newest finished run of each seed: one seed on two devices is not two samples.

    A baseline's seed changes nothing, so one run of it is kept.
    """
    by_date = sorted((run for run in runs if run.is_finished), key=lambda run: run.date or "")
    if by_date and not by_date[-1].is_trained:
        return by_date[-1:]
    return [*{run.seed: run for run in by_date}.values()]


def _base_recipe(settings: Iterable[Sequence[Run]]) -> Sequence[Run]:
    """The runs that others are compared with where recipes are: those of `BASE_RECIPE`.

    Empty where a table has one recipe, or several settings of that recipe.
    """
    by_recipe = group_by(settings, lambda alike: alike[0].config["recipe"])
    base = by_recipe.pop(BASE_RECIPE, [])
    return finished_runs(base[0]) if by_recipe and len(base) == 1 else ()


def _best_member(label: str, family: Family, runs: Sequence[Run], base: Sequence[Run]) -> TableRow:
    """The row of the member of the best validation PSNR."""
    members = _members(runs, family)
    rows = [make_row(family.label(alike[0]), name, alike, base) for name, alike in members.items()]
    finished = [row for row in rows if row.mean]
    if not finished:
        return make_row(label, family.variant, [run for alike in members.values() for run in alike])
    best = max(finished, key=lambda row: row.mean.get("max_val_psnr", -inf))
    best.variant = family.variant
    if len(finished) == 1 < family.size:
        best.label += ", the only one trained"
    elif len(finished) < family.size:
        best.label += f", the best of {len(finished)} {family.noun}"
    return best


def _members(runs: Sequence[Run], family: Family) -> dict[str, list[Run]]:
    return group_by((run for run in runs if family.holds(run.variant)), lambda run: run.variant)


def make_row(label: str, variant: str, runs: Sequence[Run], base: Sequence[Run] = ()) -> TableRow:
    """Means and costs of the finished runs of one setting.

    Args:
        label: name for people.
        variant: variant, or the run's name where it has none.
        runs: runs of the setting, also those that did not finish.
        base: finished runs that they are compared with, if any.
    """
    finished = finished_runs(runs)
    status = (unfinished(runs) or "finished") if runs else "missing"
    row = TableRow(label, variant, len(finished), status)
    for metric in METRICS:
        values = [value for run in finished if (value := run.metrics.get(metric)) is not None]
        if values:
            row.mean[metric] = fmean(values)
        if len(values) > 1:
            row.deviation[metric] = stdev(values)
    costs: list[dict[str, Any]] = [
        {"parameters": run.parameters, **run.cost, "fit_s": run.durations.get("fit_s")}
        for run in finished
    ]
    for name in COSTS:
        values = [value for one in costs if (value := one.get(name)) is not None]
        if values:
            row.cost[name] = median_low(values)
    timed = [run for run in finished if run.cost.get("seconds_per_megapixel") is not None]
    row.time_device = distinct(map(time_device, timed), ", ")
    trained = [run for run in finished if run.is_trained]
    lengths = (run.epochs or run.config["trainer"]["max_epochs"] for run in trained)
    row.epochs = max(lengths, default=None)
    if row.epochs:
        row.steps = row.epochs * _steps_per_epoch(finished[0])
    row.to_base = paired_difference(finished, base)
    return row


def _steps_per_epoch(run: Run) -> int:
    """Number of steps of the optimizer in one epoch."""
    data, trainer = run.config["data"], run.config["trainer"]
    batches = ceil(len(run.split["train"]) / data["batch_size"])
    batches = data.get("steps_per_epoch") or batches
    batches = min(batches, trainer.get("limit_train_batches") or batches)
    accumulated: int = trainer.get("accumulate_grad_batches", 1)
    return ceil(batches / accumulated)


def _add_gains(rows: Sequence[TableRow], reference: str, metric: str) -> None:
    bicubic = next((row for row in rows if row.variant == reference), None)
    if bicubic is None:
        return
    for row in rows:
        if metric in row.mean and metric in bicubic.mean:
            row.gain = row.mean[metric] - bicubic.mean[metric]
        ours, theirs = (getattr(one.printed, metric, None) for one in (row, bicubic))
        if ours is not None and theirs is not None:
            row.printed_gain = ours - theirs


def _by_value(name: str) -> list[tuple[str, float, str]]:
    """Sort `lr=1e-05` before `lr=0.001`, as numbers."""

    def number(value: str) -> float:
        try:
            return float(value)
        except ValueError:
            return 0.0

    pairs = [pair.partition("=") for pair in name.split(",")]
    return [(key, number(value), value) for key, _, value in pairs]
