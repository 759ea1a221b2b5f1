"""The verb `table`: the tables of a study and of further experiments, from run records alone."""

import math
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from srcnn_lightning import errors
from srcnn_lightning.cli.inputs import add_inputs, read_inputs
from srcnn_lightning.cli.options import Parser, checked_output, user_path, written
from srcnn_lightning.files import write_text
from srcnn_lightning.report.tables.cells import Table
from srcnn_lightning.report.tables.collect import collect_tables
from srcnn_lightning.report.tables.formats import FORMATS
from srcnn_lightning.report.tables.kept import KeptRow, compare, comparison_table

MOST_ROWS = 3  # rows that a sentence names
TOLERANCE = (
    0.3  # dB between processors and numbers of threads, whose last bits a training magnifies
)


def is_above_bicubic(tables: Sequence[Table], name: str) -> bool:
    """Whether a row is above bicubic's test PSNR in every table that has it.

    Args:
        tables: tables.
        name: variant of the row, or its label.

    Raises:
        BadInput: no table has such a row.
    """
    rows = [row for table in tables for row in table.rows]
    gains = [row.gain for row in rows if name in (row.variant, row.label)]
    if not gains:
        known = [*dict.fromkeys(min(row.variant, row.label, key=len) for row in rows)]
        shown = get_close_matches(name, known, MOST_ROWS) or known[:MOST_ROWS]
        others = f" or one of {len(known) - len(shown)} others" if len(known) > len(shown) else ""
        raise errors.BadInput(
            f"--expect-gain={name}: there is no such row; choose {'; '.join(shown)}{others}."
        )
    return all(gain is not None and gain > 0 for gain in gains)


def _compare(tables: Sequence[Table], path: Path, tolerance: float) -> list[KeptRow]:
    errors.require(
        0 <= tolerance < math.inf, "--tolerance", tolerance, "it must be 0 dB or more, and finite"
    )
    try:
        return compare(tables, path.read_text(encoding="utf-8"), tolerance)
    except OSError as error:
        raise errors.BadInput(
            f"--against={path}: it cannot be read ({error.strerror}); give a file that `table "
            "--format csv` has written."
        ) from error
    except ValueError as error:
        raise errors.BadInput(
            f"--against={path}: {error}; give a file that `table --format csv` has written."
        ) from error


def main(arguments: Sequence[str]) -> None:
    """Print the tables, or write them to a file."""
    parser = Parser("table", __doc__)
    add_inputs(parser)
    parser.add_argument("--format", choices=FORMATS, default="md", help="default: md")
    parser.add_argument("--output", type=user_path, metavar="FILE", help="instead of the terminal")
    parser.add_argument(
        "--expect-gain", metavar="ROW", help="exit 1 unless this row is above bicubic"
    )
    parser.add_argument(
        "--against",
        type=user_path,
        metavar="CSV",
        help="a kept table of --format csv: exit 1 unless its rows are repeated",
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        metavar="DB",
        default=TOLERANCE,
        help=f"test PSNR by which a trained row may differ from --against; default: {TOLERANCE}",
    )
    options = parser.parse_args(arguments)
    try:
        runs, _, study = read_inputs(options)
        tables = collect_tables(runs, study)
        text = FORMATS[options.format](tables)
        kept = _compare(tables, options.against, options.tolerance) if options.against else []
        is_expected = not options.expect_gain or is_above_bicubic(tables, options.expect_gain)
        if options.output:
            output = checked_output(options.output)
            with written(options.output, "another file"):
                write_text(output, text)
        else:
            print(text, end="", flush=True)
        if kept:
            print(f"\n{comparison_table(kept)}", end="", flush=True)
    except errors.BadInput as error:
        errors.exit_with_message(str(error), errors.BAD_INPUT)
    if not all(row.is_repeated for row in kept):
        errors.exit_with_message(
            f"The rows differ from {options.against} by more than the tolerance.", errors.FAILED
        )
    if not is_expected:
        errors.exit_with_message(
            f"The row {options.expect_gain} is not above bicubic.", errors.FAILED
        )
