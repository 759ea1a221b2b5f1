"""What the paper's printed numbers say, held against the runs at hand."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from srcnn_lightning.report.comparable_runs import Run
from srcnn_lightning.report.seed_groups import SeedGroup
from srcnn_lightning.report.statistics import PairedDifference, paired_difference
from srcnn_lightning.studies.srcnn_paper.table_1 import BASE, L2, PRINTED


@dataclass
class Gaps:
    """How far apart the rows of one table are, in dB; None where a row is missing.

    Attributes:
        name: the paper, or the data set and degradation of our runs.
        nearest: bicubic minus nearest, from the loss column.
        bilinear: bicubic minus bilinear, from the loss column.
        base_from_loss: Basic SRCNN minus bicubic, from the loss column.
        base_from_psnr: Basic SRCNN minus bicubic, from the column of test PSNR.
        images: what our runs of both degradations share: data set, crop, target size and scale.
        antialias: degradation of our runs.
    """

    name: str
    nearest: float | None = None
    bilinear: float | None = None
    base_from_loss: float | None = None
    base_from_psnr: float | None = None
    images: tuple[Any, ...] = ()
    antialias: bool | None = None

    def distance(self, other: "Gaps") -> float | None:
        """How far the two gaps between baselines are from another table's, root mean square."""
        pairs = ((self.nearest, other.nearest), (self.bilinear, other.bilinear))
        squares = [(a - b) ** 2 for a, b in pairs if a is not None and b is not None]
        return math.sqrt(sum(squares) / 2) if len(squares) == 2 else None


@dataclass
class PsnrPair:
    """A row's PSNR beside the PSNR of its loss.

    Attributes:
        label: label of the row.
        loss: mean squared error of pixels in [0, 1].
        psnr: PSNR in dB, the mean over images.
    """

    label: str
    loss: float
    psnr: float

    @property
    def from_loss(self) -> float:
        """PSNR of the loss in dB."""
        return decibels(self.loss)

    @property
    def excess(self) -> float:
        """By how much the mean over images lies above the PSNR of the mean error, in dB."""
        return self.psnr - self.from_loss


@dataclass
class BestFactor:
    """What L2 regularization does in our runs: the best of some factors against the base.

    Attributes:
        name: data set and degradation.
        label: label of the factor of the best validation.
        of: number of factors.
        difference: test PSNR of that factor minus the base's.
    """

    name: str
    label: str
    of: int
    difference: PairedDifference


@dataclass
class PaperChecks:
    """What the paper's numbers say.

    Attributes:
        paper_rows: printed rows.
        paper: gaps of the printed rows.
        our_rows: rows of our runs, by data set and degradation.
        ours: gaps of our runs.
        nearest_to_paper: gaps of `ours` whose baselines are spaced most like the paper's; None
            unless the same images were run under both degradations.
        factors: what L2 regularization does, by data set and degradation.
    """

    paper_rows: list[PsnrPair]
    paper: Gaps
    our_rows: dict[str, list[PsnrPair]] = field(default_factory=dict)
    ours: list[Gaps] = field(default_factory=list)
    nearest_to_paper: Gaps | None = None
    factors: list[BestFactor] = field(default_factory=list)

    @property
    def paper_factor(self) -> tuple[float, float]:
        """The paper's "+ Regularization" minus "Basic SRCNN", in validation and test PSNR."""
        base, l2 = PRINTED[BASE], PRINTED[L2.variant]
        return l2.max_val_psnr - base.max_val_psnr, l2.test_psnr - base.test_psnr

    @property
    def excesses(self) -> tuple[float, float] | None:
        """The smallest and the largest excess of our runs; None without runs."""
        values = [row.excess for rows in self.our_rows.values() for row in rows]
        return (min(values), max(values)) if values else None


def decibels(loss: float) -> float:
    """PSNR of a mean squared error of pixels in [0, 1], in dB."""
    return -10 * math.log10(loss) if loss > 0 else math.inf


def check_paper(groups: Mapping[str, Sequence[SeedGroup]]) -> PaperChecks:
    """Compute the checks from the seed groups of each set of images, by its title."""
    printed = {
        variant: PsnrPair(row.label, row.test_loss, row.test_psnr)
        for variant, row in PRINTED.items()
    }
    checks = PaperChecks([*printed.values()], _gaps("The paper", printed))
    for name, seed_groups in groups.items():
        by_variant: dict[str, PsnrPair] = {}
        rows = []
        for group in seed_groups:
            loss, psnr = group.mean("test_loss"), group.mean("test_psnr")
            variant = group.kernel or group.variant or ""
            variant = L2.variant if L2.holds(variant) else variant
            if variant not in printed or loss is None or psnr is None:
                continue
            rows.append(PsnrPair(group.label, loss, psnr))
            by_variant.setdefault(variant, rows[-1])  # of several lengths the best
        factor = _best_factor(name, seed_groups)
        checks.factors += [factor] if factor else []
        if rows:
            gaps = _gaps(name, by_variant)
            gaps.images, gaps.antialias = _images(seed_groups[0].runs[0])
            checks.ours.append(gaps)
            checks.our_rows[name] = rows
    checks.nearest_to_paper = _nearest(checks)
    return checks


def _images(run: Run) -> tuple[tuple[Any, ...], bool]:
    data, degradation = run.config["data"], run.config["degradation"]
    shared = (run.data_hash, data["crop"], data["target_size"], degradation["scale"])
    return shared, degradation["antialias"]


def _nearest(checks: PaperChecks) -> Gaps | None:
    """Of a pair that differs in its degradation alone."""
    distances = {gaps.name: gaps.distance(checks.paper) for gaps in checks.ours}
    comparable = [gaps for gaps in checks.ours if distances[gaps.name] is not None]
    paired = [
        gaps
        for gaps in comparable
        if any(gaps.images == one.images and gaps.antialias != one.antialias for one in comparable)
    ]
    return min(paired, key=lambda gaps: distances[gaps.name] or 0.0, default=None)


def _best_factor(name: str, seed_groups: Sequence[SeedGroup]) -> BestFactor | None:
    """The best L2 factor by validation, against the base of the same images."""
    base = next((group for group in seed_groups if group.variant == BASE), None)
    factors = [group for group in seed_groups if L2.holds(group.variant) and group.finished]
    if base is None or not factors:
        return None
    best = max(factors, key=lambda group: group.mean("max_val_psnr") or 0)
    difference = paired_difference(best.finished, base.finished)
    return BestFactor(name, best.label, len(factors), difference) if difference else None


def _gaps(name: str, rows: Mapping[str, PsnrPair]) -> Gaps:
    """The gaps between rows by variant."""

    def gap(upper: str, lower: str, column: str = "from_loss") -> float | None:
        if upper not in rows or lower not in rows:
            return None
        difference: float = getattr(rows[upper], column) - getattr(rows[lower], column)
        return difference

    return Gaps(
        name,
        nearest=gap("bicubic", "nearest"),
        bilinear=gap("bicubic", "bilinear"),
        base_from_loss=gap(BASE, "bicubic"),
        base_from_psnr=gap(BASE, "bicubic", "psnr"),
    )
