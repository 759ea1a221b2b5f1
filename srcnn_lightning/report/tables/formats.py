"""Rows as Markdown, CSV, LaTeX (booktabs) or JSON."""

import csv
import io
import json
from dataclasses import asdict, dataclass

from srcnn_lightning.report.file_names import slug, unique
from srcnn_lightning.report.tables.rows import COSTS, METRICS, TableRow


@dataclass
class Table:
    """A table to print.

    Attributes:
        title: title, which no other table of the same report has.
        caption: sentence on what the values rest on.
        rows: rows from top to bottom.
        has_printed: whether a study's printed values stand beside those of the runs.
    """

    title: str
    caption: str
    rows: list[TableRow]
    has_printed: bool = True


COLUMNS = ("Max val PSNR", "Test loss", "Test PSNR")
GAIN = "Gain over bicubic"
TO_BASE = "To base [95 %]"
NOT_SIGNIFICANT = "n.s."  # marks an interval that holds 0
# Heads and units of the costs that a table shows where its networks differ in multiply-adds.
COST_COLUMNS = {
    "parameters": ("Parameters (k)", 1e-3, 1),
    "multiply_adds": ("Multiply-adds (G)", 1e-9, 2),
    "seconds_per_megapixel": ("ms/megapixel", 1e3, 1),
}
PRINTED_COLUMNS = (
    "Printed: max val PSNR",
    "Printed: test loss",
    "Printed: test PSNR",
    "Printed: gain",
)


def markdown(tables: list[Table]) -> str:
    """For a README."""
    blocks = []
    for table in tables:
        rows = markdown_rows(*cells(table))
        blocks.append(f"**{table.title}**\n\n{rows}\n\n{table.caption}\n")
    return "\n".join(blocks)


def markdown_rows(head: list[str], body: list[list[str]], left: int = 1) -> str:
    """Head and body as a Markdown table, without a line break at its end.

    Args:
        head: names of the columns.
        body: rows of as many cells.
        left: number of columns that are aligned to the left, counted from the first.
    """
    head, *body = [[_markdown_cell(cell) for cell in row] for row in [head, *body]]
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    rules = [("-" * w if i < left else "-" * (w - 1) + ":") for i, w in enumerate(widths)]
    return "\n".join(_markdown_line(row, widths, left) for row in [head, rules, *body])


def latex(tables: list[Table]) -> str:
    """For an article; needs booktabs and graphicx, which fits wide tables to the page."""
    blocks = []
    # A slug is shorter than a long title, and two of them may be equal.
    labels = unique(slug(table.title) for table in tables)
    for table, label in zip(tables, labels, strict=True):
        head, body = cells(table)
        lines = [
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{_escape(table.title)}. {_escape(table.caption)}}}",
            rf"  \label{{tab:{label}}}",
            r"  \resizebox{\textwidth}{!}{%",
            rf"  \begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
            r"    \toprule",
            f"    {' & '.join(map(_escape, head))} \\\\",
            r"    \midrule",
            *(f"    {' & '.join(map(_escape, row))} \\\\" for row in body),
            r"    \bottomrule",
            r"  \end{tabular}}",
            r"\end{table}",
        ]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def comma_separated(tables: list[Table]) -> str:
    """All metrics and costs of all rows, unrounded, empty where there is none."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    difference = ("mean", "low", "high", "seeds", "images")
    printed = ("max_val_psnr", "test_loss", "test_psnr")
    head = ["table", "row", "variant", "status", "runs", *METRICS]
    head += [*(f"{metric}_std" for metric in METRICS), "gain", "to_base"]
    head += [f"to_base_{name}" for name in difference[1:]]
    head += COSTS
    head += [*(f"printed_{name}" for name in printed), "printed_gain", "caption"]
    writer.writerow(head)
    for table in tables:
        for row in table.rows:
            writer.writerow(
                [table.title, row.label, row.variant, row.status, row.runs]
                + [row.mean.get(metric) for metric in METRICS]
                + [row.deviation.get(metric) for metric in METRICS]
                + [row.gain]
                + [getattr(row.to_base, name, None) for name in difference]
                + [row.cost.get(name) for name in COSTS]
                + [getattr(row.printed, name, None) for name in printed]
                + [row.printed_gain, table.caption]
            )
    return out.getvalue()


def as_json(tables: list[Table]) -> str:
    """All metrics and costs of all rows, unrounded."""
    return json.dumps([asdict(table) for table in tables], indent=1) + "\n"


FORMATS = {"md": markdown, "csv": comma_separated, "tex": latex, "json": as_json}


def cells(table: Table) -> tuple[list[str], list[list[str]]]:
    """The head and the body as text; all columns but the first hold values."""
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
            label = row.label if row.status == "finished" else f"{row.label} ({row.status})"
            line = [label, *(_metric(row, name) for name in METRICS[:3])]
        else:
            line = [row.label, row.status, "", ""]
        if has_gain:
            line.append(_gain(row.gain))
        if has_base:
            line.append(_to_base(row))
        if has_cost:
            line += [
                f"{row.cost[name] * unit:.{digits}f}" if name in row.cost else ""
                for name, (_, unit, digits) in COST_COLUMNS.items()
            ]
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


def _metric(row: TableRow, name: str) -> str:
    if name not in row.mean:
        return ""
    digits = 7 if name == "test_loss" else 3
    text = f"{row.mean[name]:.{digits}f}"
    return f"{text} ± {row.deviation[name]:.{digits}f}" if name in row.deviation else text


def _gain(decibels: float | None) -> str:
    return "" if decibels is None else f"{decibels:+.3f}"


def _to_base(row: TableRow) -> str:
    difference = row.to_base
    if difference is None:
        return ""
    mark = f" {NOT_SIGNIFICANT}" if difference.holds_zero else ""
    return f"{difference.mean:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]{mark}"


def _markdown_cell(text: str) -> str:
    """A cell whose text Markdown takes neither as its own signs nor as HTML."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def _markdown_line(cells: list[str], widths: list[int], left: int) -> str:
    padded = [
        cell.ljust(width) if number < left else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "| " + " | ".join(padded) + " |"


def _escape(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "±": r"$\pm$", "~": r"\textasciitilde{}"}
    special |= {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "[": "{[}"}
    special |= {"^": r"\textasciicircum{}", **{sign: f"\\{sign}" for sign in "&%$#_{}"}}
    return "".join(special.get(sign, sign) for sign in text)
