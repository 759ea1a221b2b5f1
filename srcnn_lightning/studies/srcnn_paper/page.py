"""The section of a report's page on the paper's printed numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from srcnn_lightning.report.page.page_model import Cell, Grid, GridRow, number
from srcnn_lightning.report.seed_groups import SeedGroup
from srcnn_lightning.report.study import StudySection
from srcnn_lightning.studies.srcnn_paper.paper_checks import PaperChecks, check_paper

TEMPLATE = Path(__file__).parent / "section.html"


def page_section(groups: Mapping[str, Sequence[SeedGroup]]) -> StudySection:
    """The section from the seed groups of each set of images, by its title."""
    checks = check_paper(groups)
    return StudySection(
        id="paper",
        title="What the paper's numbers say",
        template=TEMPLATE.read_text(encoding="utf-8"),
        values={"checks": checks, "two_psnrs": _two_psnrs(checks), "gaps": _gaps(checks)},
    )


def _two_psnrs(checks: PaperChecks) -> Grid:
    head = ("Row", "Loss", "PSNR of the loss", "PSNR", "Difference")
    tables = [("Paper", checks.paper_rows), *checks.our_rows.items()]
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


def _gaps(checks: PaperChecks) -> Grid:
    head = (
        "Table",
        "Bicubic - nearest",
        "Bicubic - bilinear",
        "SRCNN - bicubic, by loss",
        "SRCNN - bicubic, by PSNR",
        "From the paper's baselines",
    )
    rows = []
    for gaps in (checks.paper, *checks.ours):
        values = (gaps.nearest, gaps.bilinear, gaps.base_from_loss, gaps.base_from_psnr)
        distance = None if gaps is checks.paper else gaps.distance(checks.paper)
        cells = [
            Cell(gaps.name),
            *(number(value, 2, sign=True) for value in values),
            number(distance, 2),
        ]
        rows.append(GridRow(cells, mark=gaps is checks.nearest_to_paper))
    return Grid(head, rows)
