"""The verb `table`: the paper's Table 1, from run records alone."""

import sys
from collections.abc import Sequence

from srcnn_lightning import errors
from srcnn_lightning.cli.options import Parser, add_outputs, checked_output, user_path, written
from srcnn_lightning.files import write_text
from srcnn_lightning.report.comparable_runs import read_all
from srcnn_lightning.report.tables.collect import tables
from srcnn_lightning.report.tables.formats import FORMATS, Table


def check_gain(found: list[Table], variant: str) -> bool:
    """Whether the row of `variant` is above bicubic's test PSNR in every ablation table."""
    rows = [row for table in found for row in table.rows if row.variant == variant]
    return bool(rows) and all(row.gain is not None and row.gain > 0 for row in rows)


def main(arguments: Sequence[str]) -> None:
    """Print the tables, or write them to a file."""
    parser = Parser("table", __doc__)
    add_outputs(parser)
    parser.add_argument("--format", choices=FORMATS, default="md", help="default: md")
    parser.add_argument("--output", type=user_path, metavar="FILE", help="instead of the terminal")
    parser.add_argument(
        "--expect-gain", metavar="VARIANT", help="exit 1 unless its row is above bicubic"
    )
    options = parser.parse_args(arguments)
    try:
        records, left_out = read_all(options.outputs)
        print(*left_out, sep="\n", end="\n" if left_out else "", file=sys.stderr)
        found = tables(records)
        text = FORMATS[options.format](found)
        if options.output:
            output = checked_output(options.output)
            with written(options.output, "another file"):
                write_text(output, text)
        else:
            print(text, end="")
    except errors.BadInput as error:
        errors.exit_with_message(str(error), errors.BAD_INPUT)
    if options.expect_gain and not check_gain(found, options.expect_gain):
        errors.exit_with_message(
            f"The row {options.expect_gain} is not above bicubic.", errors.FAILED
        )
