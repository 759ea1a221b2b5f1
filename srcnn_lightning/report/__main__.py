"""The command `python -m srcnn_lightning.report`: tables, figures and a page, from run records."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from srcnn_lightning import errors, record
from srcnn_lightning.command_line import Parser, written
from srcnn_lightning.record import Record
from srcnn_lightning.report.file_names import slug, unique
from srcnn_lightning.report.findings import findings
from srcnn_lightning.report.groups import read_all
from srcnn_lightning.report.page.html import render
from srcnn_lightning.report.page.overview import facts, glance
from srcnn_lightning.report.page.sections import FIGURES, Section, make_section, title_of
from srcnn_lightning.report.settings import by_images, settings_of
from srcnn_lightning.report.tables.collect import tables
from srcnn_lightning.report.tables.formats import FORMATS

PAGE = "index.html"
TABLES = ("md", "csv", "tex")


def make_report(records: Sequence[Record], left_out: Sequence[str], report: Path) -> None:
    """Write tables, figures and, last, the page; each file whole or not at all."""
    found_tables = tables(records)
    for kind in TABLES:
        record.write_text(report / f"table.{kind}", FORMATS[kind](found_tables))
    groups = by_images(records)
    titles = _titles(groups)
    named = dict(zip(titles, map(settings_of, groups), strict=True))
    sections = [
        make_section(identifier, title, runs, named[title], report)
        for identifier, title, runs in zip(unique(map(slug, titles)), titles, groups, strict=True)
    ]
    _write_figures(report, sections)
    page = render(
        [section.group for section in sections],
        glance(named, groups),
        findings({title: settings for title, settings in named.items() if settings}),
        facts(records),
        left_out,
    )
    record.write_text(report / PAGE, page)


def main() -> None:
    """Read run records, write the report."""
    errors.leave_on_signals()
    parser = Parser(prog="python -m srcnn_lightning.report", description=__doc__)
    parser.add_argument("outputs", nargs="?", default="outputs", type=Path, metavar="OUTPUTS")
    parser.add_argument("--output", default="report", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    try:
        records, left_out = read_all(options.outputs)
        print(*left_out, sep="\n", end="\n" if left_out else "", file=sys.stderr)
        with written(options.output, "another folder"):
            make_report(records, left_out, options.output)
    except errors.BadInput as error:
        errors.leave(str(error), errors.BAD_INPUT)
    size = (options.output / PAGE).stat().st_size / 1e6
    print(f"{options.output / PAGE}: {len(records)} runs, {size:.1f} MB")


def _titles(groups: Sequence[Sequence[Record]]) -> list[str]:
    """Data set and degradation; a number where other images have the same."""
    return unique((title_of(runs[0]) for runs in groups), "{} ({})")


def _write_figures(report: Path, sections: Sequence[Section]) -> None:
    """In a folder of their own that takes the old one's place: no figure of old runs stays."""
    folder = report / FIGURES
    fresh = report / f".{FIGURES}"
    shutil.rmtree(fresh, ignore_errors=True)
    for section in sections:
        for path, content in section.files.items():
            target = fresh / Path(path).relative_to(FIGURES)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    shutil.rmtree(folder, ignore_errors=True)
    if fresh.exists():
        fresh.rename(folder)


if __name__ == "__main__":
    main()
