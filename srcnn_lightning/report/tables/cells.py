"""From the rows of a table to its columns and cells, as text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from srcnn_lightning.report.tables.rows import METRICS, TableRow


@dataclass
class Table:
    """A table to print.

    Attributes:
        title: title, which no other table of the same report has.
        caption: sentence on what the values rest on.
        rows: rows from top to bottom.
        has_printed: whether a study's printed values stand beside those of the runs.
        has_networks: whether the rows are networks, whose quality stands beside their cost.
    """

    title: str
    caption: str
    rows: list[TableRow]
    has_printed: bool = True
    has_networks: bool = False


COLUMNS = ("Max val PSNR", "Test loss", "Test PSNR")
GAIN = "Gain over bicubic"
TO_BASE = "To base [95 %]"
NOT_SIGNIFICANT = "n.s."  # marks an interval that holds 0
FRONTIER = "*"  # marks a network on the efficient frontier
# Heads and units of the costs that a table shows where its networks differ in multiply-adds.
COST_COLUMNS = {
    "parameters": ("Parameters (k)", 1e-3, 1),
    "multiply_adds": ("Multiply-adds (G)", 1e-9, 2),
    "seconds_per_megapixel": ("ms/megapixel", 1e3, 1),
}
QUALITY_COLUMNS = {
    "test_psnr": "Test PSNR (RGB)",
    "test_psnr_y": "Test PSNR (Y)",
    "test_ssim": "Test SSIM (Y)",
}
DIGITS = {"test_loss": 7, "test_ssim": 4}  # of other metrics 3
PRINTED_COLUMNS = (
    "Printed: max val PSNR",
    "Printed: test loss",
    "Printed: test PSNR",
    "Printed: gain",
)


def cells(table: Table) -> tuple[list[str], list[list[str]]]:
    """The head and the body as text; all columns but the first hold values."""
    if table.has_networks:
        return _network_cells(table.rows)
    has_gain = table.has_printed or any(row.gain is not None for row in table.rows)
    has_base = any(row.to_base for row in table.rows)
    head = ["Experiment", *COLUMNS, *([GAIN] if has_gain else []), *([TO_BASE] if has_base else [])]
    # Records of earlier versions have no costs, and a baseline multiplies nothing that is counted.
    has_cost = len({row.cost.get("multiply_adds") or None for row in table.rows} - {None}) > 1
    head += [name for name, _, _ in COST_COLUMNS.values()] if has_cost else []
    head += PRINTED_COLUMNS if table.has_printed else ()
    body = []
    for row in table.rows:
        if row.mean:
            line = [_label(row), *(_metric(row, name) for name in METRICS[:3])]
        else:
            line = [row.label, row.status, "", ""]
        if has_gain:
            line.append(_gain(row.gain))
        if has_base:
            line.append(_to_base(row))
        if has_cost:
            line += _costs(row)
        if table.has_printed:
            printed = row.printed
            line += (
                [
                    f"{printed.max_val_psnr:.3f}",
                    f"{printed.test_loss:.7f}",
                    f"{printed.test_psnr:.3f}",
                ]
                if printed
                else [""] * 3
            )
            line.append(_gain(row.printed_gain))
        body.append(line)
    return head, body


def length_column(rows: Sequence[TableRow]) -> tuple[str, Callable[[TableRow], int | None]]:
    """`Epochs` and the epochs of a row; `Steps` where an epoch is not the same for all rows."""
    per_epoch = {row.steps / row.epochs for row in rows if row.steps and row.epochs}
    if len(per_epoch) > 1:
        return "Steps", lambda row: row.steps
    return "Epochs", lambda row: row.epochs


def _network_cells(rows: Sequence[TableRow]) -> tuple[list[str], list[list[str]]]:
    length_head, length = length_column(rows)
    costs = [name for name, _, _ in COST_COLUMNS.values()]
    head = ["Network", *QUALITY_COLUMNS.values(), GAIN, *costs, length_head, "Seeds"]
    body = []
    for row in rows:
        quality = [_metric(row, name) for name in QUALITY_COLUMNS]
        if row.mean:
            line = [f"{_label(row)} {FRONTIER}" if row.on_frontier else _label(row), *quality]
        else:
            line = [row.label, row.status, *quality[1:]]
        seeds = row.runs if row.epochs else None  # a baseline has none
        line += [_gain(row.gain), *_costs(row), str(length(row) or ""), str(seeds or "")]
        body.append(line)
    return head, body


def _label(row: TableRow) -> str:
    return row.label if row.status == "finished" else f"{row.label} ({row.status})"


def _metric(row: TableRow, name: str) -> str:
    if name not in row.mean:
        return ""
    digits = DIGITS.get(name, 3)
    text = f"{row.mean[name]:.{digits}f}"
    return f"{text} ± {row.deviation[name]:.{digits}f}" if name in row.deviation else text


def _costs(row: TableRow) -> list[str]:
    def text(name: str, unit: float, digits: int) -> str:
        # Nothing of an interpolation is counted, which does not mean that it multiplies nothing.
        if name not in row.cost or (name == "multiply_adds" and not row.cost[name]):
            return ""
        return f"{row.cost[name] * unit:.{digits}f}"

    return [text(name, unit, digits) for name, (_, unit, digits) in COST_COLUMNS.items()]


def _gain(decibels: float | None) -> str:
    return "" if decibels is None else f"{decibels:+.3f}"


def _to_base(row: TableRow) -> str:
    difference = row.to_base
    if difference is None:
        return ""
    mark = f" {NOT_SIGNIFICANT}" if difference.holds_zero else ""
    return f"{difference.mean:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]{mark}"
