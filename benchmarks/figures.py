"""What is measured: rows of figures, their medians, and their table."""

from dataclasses import dataclass
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.alone import Figures


@dataclass(frozen=True)
class Row:
    """One figure, measured several times.

    Attributes:
        name: what was measured.
        unit: of the values; `x` for a ratio.
        values: one a round.
        at_least: what the median should reach.
        at_most: what the median should not exceed.
    """

    name: str
    unit: str
    values: tuple[float, ...]
    at_least: float | None = None
    at_most: float | None = None

    @property
    def median(self) -> float:
        """Over the rounds."""
        return median(self.values)

    @property
    def aim(self) -> str:
        """What should be reached, and whether it was; empty where nothing was set."""
        low, high = self.at_least, self.at_most
        if low is None and high is None:
            return ""
        bounds = [f">= {low:g}"] if low is not None else []
        bounds += [f"<= {high:g}"] if high is not None else []
        is_low_enough = high is None or self.median <= high
        is_high_enough = low is None or self.median >= low
        return f"{', '.join(bounds)}: {'yes' if is_low_enough and is_high_enough else 'NO'}"


@dataclass(frozen=True)
class FigureSet:
    """Rows that were measured together.

    Attributes:
        name: in the results file.
        title: above the table.
        rows: figures and their ratios.
    """

    name: str
    title: str
    rows: list[Row]

    def medians(self) -> Figures:
        """Each row's name with its unit, and its median."""
        return {f"{row.name} ({row.unit})": row.median for row in self.rows}


def ratio(
    name: str,
    numerator: Row,
    denominator: Row,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Row:
    """The ratios within each round: what slows a whole round does not change them."""
    pairs = zip(numerator.values, denominator.values, strict=True)
    return Row(name, "x", tuple(one / other for one, other in pairs), at_least, at_most)


def show(figures: FigureSet, console: Console) -> None:
    """Print the table."""
    table = Table(title=figures.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("figure", no_wrap=True)
    for heading in ("median", "lowest", "highest"):
        table.add_column(heading, justify="right")
    table.add_column("unit")
    table.add_column("aim")
    for row in figures.rows:
        values = [
            format_value(value, row.unit)
            for value in (row.median, min(row.values), max(row.values))
        ]
        table.add_row(row.name, *values, row.unit, row.aim)
    console.print(table)


def format_value(value: float, unit: str = "") -> str:
    """Three significant digits, whole numbers where they are larger; decibels to a thousandth."""
    if unit == "dB":
        return f"{value:.3f}"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
