"""The page: everything in one file, from plain values to HTML."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from srcnn_lightning.report.paper_checks import PaperChecks
from srcnn_lightning.report.tables.formats import Table, cells

TITLE = "Super-resolution runs"


@dataclass
class Cell:
    """What stands in a table of the page.

    Attributes:
        text: shown.
        value: to sort by, where the text would sort wrongly; empty sorts last.
        hint: shown when the pointer rests on it.
        link: where a click leads.
        image: number of the test image that a click shows.
    """

    text: str
    value: str | None = None
    hint: str = ""
    link: str | None = None
    image: int | None = None


@dataclass
class GridRow:
    """A line of a table; a marked one stands out."""

    cells: list[Cell]
    mark: bool = False


@dataclass
class Grid:
    """A table of the page, sorted by a click."""

    head: Sequence[str]
    rows: list[GridRow]
    title: str = ""
    caption: str = ""


@dataclass
class FigureView:
    """A figure of the page, and its files beside the page.

    Attributes:
        name: of its files.
        kind: `curves` or `photographs`.
        size: width and height in pixels; the page keeps their place until it is loaded.
        source: address of the picture.
        alt: in words.
        caption: below it.
        svg: address of the file.
        png: address of the file.
    """

    name: str
    kind: str
    size: tuple[int, int]
    source: str
    alt: str
    caption: str
    svg: str
    png: str


@dataclass
class PageSection:
    """A section: the runs of one set of images under one degradation."""

    id: str
    title: str
    tables: list[Grid]
    runs: Grid
    figures: list[FigureView] = field(default_factory=list)
    viewer: dict[str, Any] | None = None
    per_image: Grid | None = None
    notes: list[str] = field(default_factory=list)


def render(
    groups: Sequence[PageSection],
    glance: Grid,
    findings: PaperChecks,
    facts: Sequence[tuple[str, str]],
    left_out: Sequence[str],
) -> str:
    """One HTML file that asks no network for anything; every name in it is escaped.

    Args:
        groups: the sections.
        glance: the table at the top.
        findings: of the section on the paper.
        facts: pairs for the footer.
        left_out: a sentence for each record that could not be read.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("srcnn_lightning.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    environment.policies["json.dumps_kwargs"] = {}  # links in the order of the tables
    return environment.get_template("index.html").render(
        title=TITLE,
        groups=groups,
        glance=glance,
        findings=findings,
        two_psnrs=_two_psnrs(findings),
        gaps=_gaps(findings),
        facts=facts,
        left_out=left_out,
    )


def as_grid(table: Table) -> Grid:
    """A table as `srcnn_lightning table` prints it."""
    head, body = cells(table)
    rows = [
        # Sorted by its first column, a table has its own order again: the paper's, or by value.
        GridRow([Cell(row[0], value=str(place)), *map(_figure, row[1:])])
        for place, row in enumerate(body)
    ]
    return Grid(head, rows, table.title, table.caption)


def _figure(text: str) -> Cell:
    """`28.740 ± 0.021` sorts by its number; a status in a figure's place has none."""
    found = re.match(r"[+-]?\d+\.\d+", text)
    return Cell(text, value=found[0] if found else "")


def number(value: float | None, digits: int = 3, sign: bool = False) -> Cell:
    """Empty where there is none."""
    return Cell("" if value is None else f"{value:{'+' if sign else ''}.{digits}f}")


def _two_psnrs(findings: PaperChecks) -> Grid:
    head = ("Row", "Loss", "PSNR of the loss", "PSNR", "Difference")
    tables = [("Paper", findings.paper_rows), *findings.our_rows.items()]
    rows = [
        GridRow(
            [
                Cell(f"{name}: {row.label}"),
                number(row.loss, 7),
                number(row.from_loss, 2),
                number(row.psnr, 2),
                number(row.excess, 2, sign=True),
            ]
        )
        for name, entries in tables
        for row in entries
    ]
    return Grid(head, rows)


def _gaps(findings: PaperChecks) -> Grid:
    head = (
        "Table",
        "Bicubic - nearest",
        "Bicubic - bilinear",
        "SRCNN - bicubic, by loss",
        "SRCNN - bicubic, by PSNR",
        "From the paper's baselines",
    )
    rows = [
        GridRow(
            [
                Cell(gaps.name),
                *(
                    number(value, 2, sign=True)
                    for value in (
                        gaps.nearest,
                        gaps.bilinear,
                        gaps.base_from_loss,
                        gaps.base_from_psnr,
                    )
                ),
                number(None if gaps is findings.paper else gaps.distance(findings.paper), 2),
            ],
            mark=gaps is findings.nearest_to_paper,
        )
        for gaps in (findings.paper, *findings.ours)
    ]
    return Grid(head, rows)
