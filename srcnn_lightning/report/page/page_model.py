"""The page: everything in one file, from plain values to HTML."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from srcnn_lightning.report.images import TestImage
from srcnn_lightning.report.study import StudySection
from srcnn_lightning.report.tables.cells import Table, cells

TITLE = "Super-resolution runs"


@dataclass
class Cell:
    """A cell of a table of the page.

    Attributes:
        text: text to read.
        value: value to sort by, where the text would sort wrongly; empty sorts last.
        hint: text of the tooltip.
        link: address that a click leads to.
        image: number of the test image that a click shows.
    """

    text: str
    value: str | None = None
    hint: str = ""
    link: str | None = None
    image: int | None = None


@dataclass
class GridRow:
    """A line of a table of the page; a marked one stands out."""

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
        name: name of its files, without their endings.
        kind: `curves` or `photographs`.
        size: width and height in pixels; the page keeps their place until it is loaded.
        source: address of the figure within the page.
        alt: description in words.
        caption: text below it.
        svg: address of the SVG file.
        png: address of the PNG file.
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
class Section:
    """The runs of one set of images under one degradation.

    Attributes:
        id: identifier within the page, and name of the section's folder of figures.
        title: data set and degradation.
        tables: tables as the verb `table` prints them.
        runs: table of the runs.
        per_image: table of the test images.
        figures: figures in their order.
        files: content of the figures' files, by path below the report's folder.
        images: test images of the slider.
        labels: labels of the seed groups that the slider compares.
        viewer: values for the slider's script.
        notes: sentences on what is missing.
    """

    id: str
    title: str
    tables: list[Grid]
    runs: Grid
    per_image: Grid | None = None
    figures: list[FigureView] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    images: Sequence[TestImage] = ()
    labels: Sequence[str] = ()
    viewer: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)


def render(
    sections: Sequence[Section],
    summary: Grid,
    facts: Sequence[tuple[str, str]],
    left_out: Sequence[str],
    study_section: StudySection | None,
) -> str:
    """One HTML file that asks no network for anything; every name in it is escaped.

    Args:
        sections: sections of the runs.
        summary: table at the top.
        facts: pairs of a name and a value for the footer.
        left_out: sentences on the records that could not be read.
        study_section: section of the study, if any.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("srcnn_lightning.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    environment.policies["json.dumps_kwargs"] = {}  # links in the order of the tables
    content = ""
    if study_section:
        content = environment.from_string(study_section.template).render(study_section.values)
    return environment.get_template("index.html").render(
        title=TITLE,
        sections=sections,
        summary=summary,
        facts=facts,
        left_out=left_out,
        study_section=study_section,
        study_content=Markup(content),  # escaped by the same environment
    )


def as_grid(table: Table) -> Grid:
    """A table as the verb `table` prints it."""
    head, body = cells(table)
    rows = [
        # Sorted by its first column, a table has its own order again: printed, or by value.
        GridRow(
            [Cell(row[0], value=str(place)), *map(_value_cell, row[1:])],
            mark=bool(table.rows[place].on_frontier),
        )
        for place, row in enumerate(body)
    ]
    return Grid(head, rows, table.title, table.caption)


def number(value: float | None, digits: int = 3, sign: bool = False) -> Cell:
    """A cell of a number; empty where there is none."""
    return Cell("" if value is None else f"{value:{'+' if sign else ''}.{digits}f}")


def _value_cell(text: str) -> Cell:
    """`28.740 ± 0.021` sorts by its number; a status in a value's place has none."""
    match = re.match(r"[+-]?\d+(\.\d+)?(?= ±| \[|$)", text)
    return Cell(text, value=match[0] if match else "")
