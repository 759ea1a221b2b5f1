"""A whole report: tables, figures and a page."""

from collections.abc import Sequence
from pathlib import Path

from srcnn_lightning.report.comparable_runs import Run, group_by, images_key
from srcnn_lightning.report.file_names import slug, unique
from srcnn_lightning.report.page.page_model import Grid, render
from srcnn_lightning.report.page.sections import add_viewers, make_section, title_of
from srcnn_lightning.report.page.summary import HEAD, facts, summary_row
from srcnn_lightning.report.seed_groups import seed_groups
from srcnn_lightning.report.study import Study
from srcnn_lightning.report.tables.collect import collect_tables
from srcnn_lightning.report.tables.formats import FORMATS

PAGE = "index.html"
TABLES = ("md", "csv", "tex")


def make_report(
    runs: Sequence[Run], left_out: Sequence[str], report: Path, study: Study | None
) -> dict[str, bytes]:
    """Every file of a report, by its path below the report's folder.

    Args:
        runs: runs to report.
        left_out: sentences on the records that could not be read.
        report: folder that the files will lie in, for links; nothing is written.
        study: study whose tables, figures and section stand in the report, if any.
    """
    tables = collect_tables(runs, study)
    files = {f"table.{kind}": FORMATS[kind](tables).encode() for kind in TABLES}
    # The largest study comes first.
    groups = sorted(
        group_by(runs, images_key).values(),
        key=lambda group: sum(run.is_trained for run in group),
        reverse=True,
    )
    titles = unique((title_of(group[0]) for group in groups), "{} ({})")
    grouped = [seed_groups(group, study) for group in groups]
    identifiers = unique(map(slug, titles))
    sliders = sum(any(one.is_trained and one.finished for one in alike) for alike in grouped)
    sections = [
        make_section(*parts, report, study, sliders)
        for parts in zip(identifiers, titles, groups, grouped, strict=True)
    ]
    add_viewers(sections, report)
    page = render(
        sections,
        Grid(HEAD, [summary_row(*parts) for parts in zip(titles, groups, grouped, strict=True)]),
        facts(runs),
        left_out,
        study.section(dict(zip(titles, grouped, strict=True))) if study and study.section else None,
    )
    for section in sections:
        files |= section.files
    return {**files, PAGE: page.encode()}
