"""From the records of one table to its rows: means over seeds, gains, and what is missing."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from statistics import fmean, stdev

from srcnn_lightning.report.comparable_runs import is_trained
from srcnn_lightning.report.paper import EXTRA_ROWS, TABLE_1, PaperRow
from srcnn_lightning.report.statistics import PairedDifference, paired_difference
from srcnn_lightning.run_record import Record

METRICS = (
    "max_val_psnr",
    "test_loss",
    "test_psnr",
    "test_psnr_pooled",
    "test_psnr_y",
    "test_ssim",
)
BASE = "base"
L2 = "l2_"
FACTORS = 5


@dataclass
class TableRow:
    """One row; figures are empty where no run finished, and `status` says why."""

    label: str
    variant: str
    runs: int = 0
    status: str = "finished"
    mean: dict[str, float] = field(default_factory=dict)
    deviation: dict[str, float] = field(default_factory=dict)
    gain: float | None = None
    to_base: PairedDifference | None = None
    paper: PaperRow | None = None
    paper_gain: float | None = None


def ablation_rows(records: list[Record]) -> list[TableRow]:
    """The paper's seven rows in its order, our own below, further variants of a user last."""
    by_variant = defaultdict(list)
    for found in records:
        by_variant[found["variant"]].append(found)
    factors = {name: runs for name, runs in by_variant.items() if name.startswith(L2)}
    base = finished_runs(by_variant[BASE])
    rows = [_paper_row(paper, by_variant, factors, base) for paper in TABLE_1]
    rows += [_row(label, name, by_variant[name], base) for name, label in EXTRA_ROWS.items()]
    known = {paper.variant for paper in TABLE_1} | set(EXTRA_ROWS) | set(factors)
    rows += [_row(name, name, runs, base) for name, runs in by_variant.items() if name not in known]
    _add_gains(rows)
    return rows


def factor_rows(records: list[Record]) -> list[TableRow]:
    """One row for each L2 factor: Table 1 has only the best of them."""
    base = finished_runs([found for found in records if found["variant"] == BASE])
    factors = defaultdict(list)
    for found in records:
        if str(found["variant"]).startswith(L2):
            factors[found["variant"]].append(found)
    by_factor = sorted(
        factors.items(), key=lambda item: item[1][0]["config"]["optimizer"].get("weight_decay", 0)
    )
    return [_row(factor_label(runs[0]), name, runs, base) for name, runs in by_factor]


def sweep_rows(records: list[Record], bicubic: float | None = None) -> list[TableRow]:
    """One row for each setting of a sweep; seeds are averaged.

    Args:
        records: of the sweep.
        bicubic: its test PSNR in dB on the same images, for the gains.
    """
    by_name = defaultdict(list)
    for found in records:
        name = name_without_seed(found)
        by_name[name].append(found)
    rows = [_row(name, name, by_name[name]) for name in sorted(by_name, key=_by_value)]
    for row in rows:
        if bicubic is not None and "test_psnr" in row.mean:
            row.gain = row.mean["test_psnr"] - bicubic
    return rows


def name_without_seed(found: Record) -> str:
    """A run's name without its seed, `lr=0.001`; the network's where that is all there is."""
    parts = [part for part in found["name"].split(",") if not part.startswith("seed=")]
    return ",".join(parts) or str(found["config"]["model"].get("name", found["name"]))


def _by_value(name: str) -> list[tuple[str, float, str]]:
    """Sort `lr=1e-05` before `lr=0.001`, as numbers."""

    def number(value: str) -> float:
        try:
            return float(value)
        except ValueError:
            return 0.0

    pairs = [part.partition("=") for part in name.split(",")]
    return [(key, number(value), value) for key, _, value in pairs]


def _paper_row(
    paper: PaperRow,
    by_variant: dict[str, list[Record]],
    factors: dict[str, list[Record]],
    base: list[Record],
) -> TableRow:
    if paper.variant != "l2":
        row = _row(paper.label, paper.variant, by_variant.get(paper.variant, []), base)
    else:
        # The paper does not say which factor its row shows: the best val PSNR of the five.
        candidates = [
            _row(factor_label(runs[0]), name, runs, base) for name, runs in factors.items()
        ]
        finished = [row for row in candidates if row.mean]
        best = max(finished, key=lambda row: row.mean.get("max_val_psnr", -inf), default=None)
        row = best or _row(
            paper.label, paper.variant, [r for runs in factors.values() for r in runs]
        )
        row.variant = paper.variant
        if best and len(finished) < FACTORS:
            row.label += f", the best of {len(finished)} factors"
    row.paper = paper
    return row


def factor_label(found: Record) -> str:
    """`+ Regularization (0.001)`."""
    return f"+ Regularization ({found['config']['optimizer'].get('weight_decay', 0):g})"


def _row(label: str, variant: str, runs: list[Record], base: Sequence[Record] = ()) -> TableRow:
    finished = finished_runs(runs)
    row = TableRow(label, variant, runs=len(finished))
    if not runs:
        row.status = "missing"
    elif any(found["status"] != "finished" for found in runs):
        states = Counter(found["status"] for found in runs if found["status"] != "finished")
        row.status = ", ".join(
            state if len(runs) == 1 else f"{count} of {len(runs)} {state}"
            for state, count in states.items()
        )
    for figure in METRICS:
        values = [found["metrics"].get(figure) for found in finished]
        values = [value for value in values if value is not None]
        if values:
            row.mean[figure] = fmean(values)
        if len(values) > 1:
            row.deviation[figure] = stdev(values)
    if variant != BASE:
        row.to_base = paired_difference(finished, base)
    return row


def finished_runs(runs: Sequence[Record]) -> list[Record]:
    """The newest finished run of each seed: one seed on two devices is not two samples.

    A baseline's seed changes nothing: of it there is one run.
    """
    finished = [found for found in runs if found["status"] == "finished"]
    by_date = sorted(finished, key=lambda found: str(found.get("date", "")))
    if by_date and not is_trained(by_date[-1]):
        return by_date[-1:]
    return list({found["config"]["seed"]: found for found in by_date}.values())


def _add_gains(rows: list[TableRow]) -> None:
    ours = {row.variant: row.mean.get("test_psnr") for row in rows}
    papers = {row.paper.variant: row.paper.test_psnr for row in rows if row.paper}
    for row in rows:
        psnr, bicubic = row.mean.get("test_psnr"), ours.get("bicubic")
        if psnr is not None and bicubic is not None:
            row.gain = psnr - bicubic
        if row.paper:
            row.paper_gain = row.paper.test_psnr - papers["bicubic"]
