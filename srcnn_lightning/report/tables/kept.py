"""Tables beside those of a kept file: whether another machine repeats them."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from srcnn_lightning.report.tables.cells import Table
from srcnn_lightning.report.tables.formats import markdown_rows

METRIC = "test_psnr"
UNTRAINED_TOLERANCE = 0.01  # dB; interpolation differs in the last bits alone
HEAD = ["Row", "Kept test PSNR", "Here", "Difference", "Tolerance", "Repeated"]


@dataclass(frozen=True)
class KeptRow:
    """A row of a kept file beside the row of today.

    Attributes:
        label: name of the row.
        kept: test PSNR of the kept file in dB.
        found: test PSNR in dB; None where there is no such row, or it has not finished.
        tolerance: difference in dB up to which the row counts as repeated.
    """

    label: str
    kept: float
    found: float | None
    tolerance: float

    @property
    def is_repeated(self) -> bool:
        """Whether the two differ by no more than the tolerance."""
        return self.found is not None and abs(self.found - self.kept) <= self.tolerance


def compare(tables: Sequence[Table], kept: str, tolerance: float) -> list[KeptRow]:
    """Each row of a kept file, with the row of the same label of the tables.

    Args:
        tables: tables of today.
        kept: content of a file that `formats.comma_separated` has written.
        tolerance: tolerance in dB for trained rows; for others it is `UNTRAINED_TOLERANCE`.

    Raises:
        ValueError: the content is no such file.
    """
    found = {row.label: row.mean.get(METRIC) for table in tables for row in table.rows}
    rows: list[KeptRow] = []
    for line in csv.DictReader(io.StringIO(kept)):
        if line.get(METRIC) == "":  # a row without finished runs
            continue
        try:
            is_trained = float(line["parameters"] or 0) > 0
            psnr = float(line[METRIC])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"line {len(rows) + 2} has no {METRIC} and parameters") from error
        allowed = tolerance if is_trained else UNTRAINED_TOLERANCE
        rows.append(KeptRow(line["row"], psnr, found.get(line["row"]), allowed))
    if not rows:
        raise ValueError("it has no rows")
    return rows


def comparison_table(rows: Sequence[KeptRow]) -> str:
    """The comparison in Markdown, with its line of summary."""
    body = [
        [
            row.label,
            f"{row.kept:.3f}",
            "missing" if row.found is None else f"{row.found:.3f}",
            "" if row.found is None else f"{row.found - row.kept:+.3f}",
            f"{row.tolerance:g}",
            "yes" if row.is_repeated else "no",
        ]
        for row in rows
    ]
    repeated = sum(row.is_repeated for row in rows)
    return f"{markdown_rows(HEAD, body)}\n\n{repeated} of {len(rows)} rows are repeated.\n"
