"""The verb `report`: tables, figures and a page, from run records."""

from collections.abc import Sequence

from srcnn_lightning import errors
from srcnn_lightning.cli.inputs import add_inputs, read_inputs
from srcnn_lightning.cli.options import Parser, user_path, written
from srcnn_lightning.report import folder
from srcnn_lightning.report.make import PAGE, make_report


def main(arguments: Sequence[str]) -> None:
    """Read run records, write the report."""
    errors.exit_on_signals(at_once=True)
    parser = Parser("report", __doc__)
    add_inputs(parser)
    parser.add_argument(
        "--output", default="report", type=user_path, metavar="FOLDER", help="default: report"
    )
    options = parser.parse_args(arguments)
    try:
        with written(options.output, "another folder"):
            folder.check(options.output)
        runs, left_out, study = read_inputs(options)
        files = make_report(runs, left_out, options.output, study)
        errors.exit_on_signals()
        with written(options.output, "another folder"):
            folder.replace(options.output, files)
    except errors.BadInput as error:
        errors.exit_with_message(str(error), errors.BAD_INPUT)
    count = f"{len(runs)} run{'s' if len(runs) > 1 else ''}"
    print(f"{options.output / PAGE}: {count}, {len(files[PAGE]) / 1e6:.1f} MB")
