"""The command `python -m srcnn_lightning.table`: the paper's Table 1, from run records alone."""

import argparse
from pathlib import Path
from typing import NoReturn

from srcnn_lightning import errors
from srcnn_lightning.record import write_text
from srcnn_lightning.report.caption import caption
from srcnn_lightning.report.formats import FORMATS, Table
from srcnn_lightning.report.groups import ablations, read_all, sweeps
from srcnn_lightning.report.rows import ablation_rows, sweep_rows


def tables(outputs: Path) -> list[Table]:
    """Every table the runs below `outputs` give: each ablation, then each other sweep.

    Raises:
        BadInput: there are no runs.
    """
    records = read_all(outputs)
    found = [
        Table(_title("Ablation", runs), caption(runs), ablation_rows(runs))
        for runs in ablations(records)
    ]
    return found + [
        Table(
            _title(runs[0]["experiment"], runs), caption(runs), sweep_rows(runs), with_paper=False
        )
        for runs in sweeps(records)
    ]


def check_gain(found: list[Table], variant: str) -> bool:
    """Whether the row of `variant` is above bicubic's test PSNR in every ablation table."""
    rows = [row for table in found for row in table.rows if row.variant == variant]
    return bool(rows) and all(row.gain is not None and row.gain > 0 for row in rows)


class Parser(argparse.ArgumentParser):
    """Bad input gets one sentence, as everywhere."""

    def error(self, message: str) -> NoReturn:
        """Instead of a page of usage."""
        errors.leave(f"{message}; --help lists the options.", errors.BAD_INPUT)


def main() -> None:
    """Print the tables, or write them to a file."""
    errors.leave_on_signals()
    parser = Parser(prog="python -m srcnn_lightning.table", description=__doc__)
    parser.add_argument("outputs", nargs="?", default="outputs", type=Path, metavar="OUTPUTS")
    parser.add_argument("--format", choices=FORMATS, default="md")
    parser.add_argument("--output", type=Path, metavar="FILE", help="instead of the terminal")
    parser.add_argument(
        "--expect-gain", metavar="VARIANT", help="exit 1 unless its row is above bicubic"
    )
    options = parser.parse_args()
    try:
        found = tables(options.outputs)
        text = FORMATS[options.format](found)
        if options.output:
            _write(options.output, text)
        else:
            print(text, end="")
    except errors.BadInput as error:
        errors.leave(str(error), errors.BAD_INPUT)
    if options.expect_gain and not check_gain(found, options.expect_gain):
        errors.leave(f"The row {options.expect_gain} is not above bicubic.", errors.FAILED)


def _title(name: str, runs: list[dict[str, object]]) -> str:
    degradation = runs[0]["config"]["degradation"]["name"]  # type: ignore[index]
    return f"{name}, {runs[0]['data']}, {degradation}"


def _write(path: Path, text: str) -> None:
    try:
        write_text(path, text)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it names no file"
        raise errors.BadInput(
            f"--output={path}: it cannot be written ({reason}); give another file."
        ) from error


if __name__ == "__main__":
    main()
