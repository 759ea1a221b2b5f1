"""What the paper's printed numbers say, held against the runs at hand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from srcnn_lightning.report.paper import TABLE_1
from srcnn_lightning.report.seed_groups import SeedGroup
from srcnn_lightning.report.statistics import PairedDifference, paired_difference
from srcnn_lightning.report.tables.rows import BASE, L2
from srcnn_lightning.run_record import Record


@dataclass
class Gaps:
    """How far apart the rows of one table are, in dB.

    Attributes:
        name: the paper, or the data set and degradation of our runs.
        nearest: bicubic minus nearest, from the loss column.
        bilinear: bicubic minus bilinear, from the loss column.
        base_from_loss: Basic SRCNN minus bicubic, from the loss column.
        base_from_psnr: the same from the column of test PSNR.
        images: what our runs of both degradations share: data set, crop, target size and scale.
        antialias: the degradation of our runs.
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
    """The PSNR of a row's loss beside its PSNR, in dB."""

    label: str
    loss: float
    from_loss: float
    psnr: float

    @property
    def excess(self) -> float:
        """By how much the mean over images lies above the PSNR of the mean error."""
        return self.psnr - self.from_loss


@dataclass
class Factor:
    """What L2 regularization does in our runs: the best of some factors against the base."""

    name: str
    label: str
    of: int
    paired_difference: PairedDifference


@dataclass
class PaperChecks:
    """The section of the page.

    Attributes:
        paper_rows: the paper's loss column as PSNR.
        our_rows: the same of our runs, by data set and degradation.
        paper: its gaps.
        ours: gaps of our runs.
        nearest_to_paper: of `ours`, the one whose baselines are spaced most like the paper's; None
            unless the same images were run under both degradations.
        factors: what L2 regularization does, by data set and degradation.
    """

    paper_rows: list[PsnrPair]
    paper: Gaps
    our_rows: dict[str, list[PsnrPair]] = field(default_factory=dict)
    ours: list[Gaps] = field(default_factory=list)
    nearest_to_paper: Gaps | None = None
    factors: list[Factor] = field(default_factory=list)

    @property
    def paper_factor(self) -> tuple[float, float]:
        """The paper's "+ Regularization" minus "Basic SRCNN", in validation and test PSNR."""
        rows = {row.variant: row for row in TABLE_1}
        base, l2 = rows["base"], rows["l2"]
        return l2.max_val_psnr - base.max_val_psnr, l2.test_psnr - base.test_psnr

    @property
    def excesses(self) -> tuple[float, float] | None:
        """The smallest and the largest of our runs."""
        found = [row.excess for rows in self.our_rows.values() for row in rows]
        return (min(found), max(found)) if found else None


def decibels(loss: float) -> float:
    """PSNR of a mean squared error, for pixels in [0, 1]."""
    return -10 * math.log10(loss) if loss > 0 else math.inf


def check_paper(groups: dict[str, Sequence[SeedGroup]]) -> PaperChecks:
    """Compute the section from the settings of each set of images, by its name."""
    paper = {row.variant: (row.test_loss, row.test_psnr) for row in TABLE_1}
    found = PaperChecks(
        [_two(row.label, row.test_loss, row.test_psnr) for row in TABLE_1],
        _gaps("The paper", paper),
    )
    for name, settings in groups.items():
        figures: dict[str, tuple[float, float]] = {}
        rows = []
        for setting in settings:
            loss, psnr = setting.mean("test_loss"), setting.mean("test_psnr")
            kind = setting.kernel or setting.variant
            kind = "l2" if str(kind).startswith(L2) else kind
            if kind not in paper or loss is None or psnr is None:
                continue
            figures.setdefault(kind, (loss, psnr))  # of several lengths the best
            rows.append(_two(setting.label, loss, psnr))
        factor = _factor(name, settings)
        found.factors += [factor] if factor else []
        if figures:
            gaps = _gaps(name, figures)
            gaps.images, gaps.antialias = _images(settings[0].runs[0])
            found.ours.append(gaps)
            found.our_rows[name] = rows
    found.nearest_to_paper = _nearest(found)
    return found


def _images(run: Record) -> tuple[tuple[Any, ...], bool]:
    data, degradation = run["config"]["data"], run["config"]["degradation"]
    shared = (run["data_hash"], data["crop"], data["target_size"], degradation["scale"])
    return shared, degradation["antialias"]


def _nearest(found: PaperChecks) -> Gaps | None:
    """Of a pair that differs in its degradation alone."""
    distances = {gaps.name: gaps.distance(found.paper) for gaps in found.ours}
    comparable = [gaps for gaps in found.ours if distances[gaps.name] is not None]
    paired = [
        gaps
        for gaps in comparable
        if any(gaps.images == one.images and gaps.antialias != one.antialias for one in comparable)
    ]
    return min(paired, key=lambda gaps: distances[gaps.name] or 0.0, default=None)


def _factor(name: str, settings: Sequence[SeedGroup]) -> Factor | None:
    """The best L2 factor by validation, against the base of the same images."""
    base = next((setting for setting in settings if setting.variant == BASE), None)
    factors = [one for one in settings if str(one.variant).startswith(L2) and one.finished]
    if base is None or not factors:
        return None
    best = max(factors, key=lambda setting: setting.mean("max_val_psnr") or 0)
    found = paired_difference(best.finished, base.finished)
    return Factor(name, best.label, len(factors), found) if found else None


def _two(label: str, loss: float, psnr: float) -> PsnrPair:
    return PsnrPair(label, loss, decibels(loss), psnr)


def _gaps(name: str, figures: dict[str, tuple[float, float]]) -> Gaps:
    """From (loss, PSNR) by variant; what is not there has no gap."""
    from_loss = {kind: decibels(loss) for kind, (loss, _) in figures.items()}

    def gap(upper: str, lower: str) -> float | None:
        both = upper in from_loss and lower in from_loss
        return from_loss[upper] - from_loss[lower] if both else None

    with_base = "base" in figures and "bicubic" in figures
    return Gaps(
        name,
        nearest=gap("bicubic", "nearest"),
        bilinear=gap("bicubic", "bilinear"),
        base_from_loss=gap("base", "bicubic"),
        base_from_psnr=figures["base"][1] - figures["bicubic"][1] if with_base else None,
    )
