"""The command `python -m srcnn_lightning.report`: tables, figures and a page, from run records."""

import sys
from collections.abc import Sequence
from pathlib import Path

from srcnn_lightning import errors
from srcnn_lightning.command_line import Parser, add_outputs, user_path, written
from srcnn_lightning.record import Record
from srcnn_lightning.report import folder
from srcnn_lightning.report.file_names import slug, unique
from srcnn_lightning.report.findings import findings
from srcnn_lightning.report.groups import is_trained, read_all
from srcnn_lightning.report.page.html import render
from srcnn_lightning.report.page.overview import facts, glance
from srcnn_lightning.report.page.sections import make_section, share, title_of
from srcnn_lightning.report.settings import by_images, settings_of
from srcnn_lightning.report.tables.collect import tables
from srcnn_lightning.report.tables.formats import FORMATS

PAGE = "index.html"
TABLES = ("md", "csv", "tex")


def make_report(
    records: Sequence[Record], left_out: Sequence[str], report: Path
) -> dict[str, bytes]:
    """Every file of the report, by its path below the folder `report`, which is not touched."""
    found_tables = tables(records)
    files = {f"table.{kind}": FORMATS[kind](found_tables).encode() for kind in TABLES}
    groups = sorted(by_images(records), key=_trained, reverse=True)
    titles = unique((title_of(runs[0]) for runs in groups), "{} ({})")
    settings = [settings_of(runs) for runs in groups]
    sections = [
        make_section(identifier, title, runs, found, report)
        for identifier, title, runs, found in zip(
            unique(map(slug, titles)), titles, groups, settings, strict=True
        )
    ]
    share(sections, report)
    page = render(
        [section.group for section in sections],
        glance(titles, settings, groups),
        findings(dict(zip(titles, settings, strict=True))),
        facts(records),
        left_out,
    )
    for section in sections:
        files |= section.files
    return {**files, PAGE: page.encode()}


def _trained(runs: Sequence[Record]) -> int:
    """How much there is to see of them: the largest study comes first."""
    return sum(is_trained(run) for run in runs)


@errors.leaving_on_signals()
def main() -> None:
    """Read run records, write the report."""
    errors.leave_on_signals(at_once=True)
    parser = Parser("srcnn_lightning.report", __doc__)
    add_outputs(parser)
    parser.add_argument(
        "--output", default="report", type=user_path, metavar="FOLDER", help="default: report"
    )
    options = parser.parse_args()
    try:
        with written(options.output, "another folder"):
            folder.check(options.output)
        records, left_out = read_all(options.outputs)
        print(*left_out, sep="\n", end="\n" if left_out else "", file=sys.stderr)
        files = make_report(records, left_out, options.output)
        errors.leave_on_signals()
        with written(options.output, "another folder"):
            folder.replace(options.output, files)
    except errors.BadInput as error:
        errors.leave(str(error), errors.BAD_INPUT)
    page = options.output / PAGE
    runs = f"{len(records)} run{'s' if len(records) > 1 else ''}"
    print(f"{page}: {runs}, {len(files[PAGE]) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
