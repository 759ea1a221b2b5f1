"""The verb `report`: tables, figures and a page, from run records."""

import sys
from collections.abc import Sequence
from pathlib import Path

from srcnn_lightning import errors
from srcnn_lightning.cli.options import Parser, add_outputs, user_path, written
from srcnn_lightning.report import folder
from srcnn_lightning.report.comparable_runs import is_trained, read_all
from srcnn_lightning.report.file_names import slug, unique
from srcnn_lightning.report.page.page_model import render
from srcnn_lightning.report.page.sections import make_section, share, title_of
from srcnn_lightning.report.page.summary import facts, summarize
from srcnn_lightning.report.paper_checks import check_paper
from srcnn_lightning.report.seed_groups import by_images, seed_groups
from srcnn_lightning.report.tables.collect import tables
from srcnn_lightning.report.tables.formats import FORMATS
from srcnn_lightning.run_record import Record

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
    settings = [seed_groups(runs) for runs in groups]
    sections = [
        make_section(identifier, title, runs, found, report)
        for identifier, title, runs, found in zip(
            unique(map(slug, titles)), titles, groups, settings, strict=True
        )
    ]
    share(sections, report)
    page = render(
        [section.group for section in sections],
        summarize(titles, settings, groups),
        check_paper(dict(zip(titles, settings, strict=True))),
        facts(records),
        left_out,
    )
    for section in sections:
        files |= section.files
    return {**files, PAGE: page.encode()}


def _trained(runs: Sequence[Record]) -> int:
    """How much there is to see of them: the largest study comes first."""
    return sum(is_trained(run) for run in runs)


def main(arguments: Sequence[str]) -> None:
    """Read run records, write the report."""
    errors.exit_on_signals(at_once=True)
    parser = Parser("report", __doc__)
    add_outputs(parser)
    parser.add_argument(
        "--output", default="report", type=user_path, metavar="FOLDER", help="default: report"
    )
    options = parser.parse_args(arguments)
    try:
        with written(options.output, "another folder"):
            folder.check(options.output)
        records, left_out = read_all(options.outputs)
        print(*left_out, sep="\n", end="\n" if left_out else "", file=sys.stderr)
        files = make_report(records, left_out, options.output)
        errors.exit_on_signals()
        with written(options.output, "another folder"):
            folder.replace(options.output, files)
    except errors.BadInput as error:
        errors.exit_with_message(str(error), errors.BAD_INPUT)
    page = options.output / PAGE
    runs = f"{len(records)} run{'s' if len(records) > 1 else ''}"
    print(f"{page}: {runs}, {len(files[PAGE]) / 1e6:.1f} MB")
