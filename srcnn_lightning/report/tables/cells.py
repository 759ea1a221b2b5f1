"""From the rows of a table to its columns and cells, as text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from srcnn_lightning.report.tables.rows import TableRow


@dataclass
class Table:
    """A table to print.

    Attributes:
        title: title, which no other table of the same report has.
        caption: sentence on what the values rest on.
        rows: rows from top to bottom.
        printed: metrics whose printed values stand beside those of the runs.
        gain_metric: metric whose gains the rows have, `test_psnr` or `test_psnr_y`.
        has_networks: whether the rows are networks, whose quality stands beside their cost.
    """

    title: str
    caption: str
    rows: list[TableRow]
    printed: Sequence[str] = ()
    gain_metric: str = "test_psnr"
    has_networks: bool = False


METRIC_COLUMNS = {
    "max_val_psnr": "Max val PSNR",
    "test_loss": "Test loss",
    "test_psnr": "Test PSNR",
    "test_psnr_y": "Test PSNR (Y)",
    "test_ssim": "Test SSIM (Y)",
}
ALWAYS_SHOWN = ("max_val_psnr", "test_loss", "test_psnr")  # the others where they are printed
GAIN = "Gain over bicubic"
TO_BASE = "To base [95 %]"
TO_BASE_RGB = "To base, RGB [95 %]"  # beside gains of Y
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


def cells(table: Table) -> tuple[list[str], list[list[str]]]:
    """The head and the body as text; all columns but the first hold values."""
    if table.has_networks:
        return _network_cells(table.rows)
    has_gain = bool(table.printed) or any(row.gain is not None for row in table.rows)
    has_base = any(row.to_base for row in table.rows)
    shown = {
        name: head
        for name, head in METRIC_COLUMNS.items()
        if name in (*ALWAYS_SHOWN, *table.printed)
    }
    head = ["Experiment", *shown.values()]
    is_of_y = table.gain_metric == "test_psnr_y"
    gain_head, base_head = (f"{GAIN} (Y)", TO_BASE_RGB) if is_of_y else (GAIN, TO_BASE)
    head += [*([gain_head] if has_gain else []), *([base_head] if has_base else [])]
    has_printed_gain = any(row.printed_gain is not None for row in table.rows)
    # Records of earlier versions have no costs, and a baseline multiplies nothing that is counted.
    has_cost = len({row.cost.get("multiply_adds") or None for row in table.rows} - {None}) > 1
    head += [name for name, _, _ in COST_COLUMNS.values()] if has_cost else []
    if table.printed:
        printed_heads = (shown[name] for name in table.printed)
        head += [f"Printed: {name[0].lower()}{name[1:]}" for name in printed_heads]
        head += ["Printed: gain"] if has_printed_gain else []
    body = []
    for row in table.rows:
        if row.mean:
            line = [_label(row), *(_metric(row, name) for name in shown)]
        else:
            line = [row.label, row.status, *[""] * (len(shown) - 1)]
        if has_gain:
            line.append(_gain(row.gain))
        if has_base:
            line.append(_to_base(row))
        if has_cost:
            line += _costs(row)
        if table.printed:
            line += [_printed(row, name) for name in table.printed]
            line += [_gain(row.printed_gain)] if has_printed_gain else []
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


def _printed(row: TableRow, name: str) -> str:
    value = getattr(row.printed, name, None)
    return "" if value is None else f"{value:.{DIGITS.get(name, 3)}f}"


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
