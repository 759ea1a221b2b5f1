"""Rows as Markdown, CSV, LaTeX (booktabs) or JSON."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import asdict

from srcnn_lightning.report.file_names import slug, unique
from srcnn_lightning.report.tables.cells import METRIC_COLUMNS, Table, cells
from srcnn_lightning.report.tables.rows import COSTS, METRICS, TableRow

# Further columns of CSV, which has no values but texts and numbers.
FACTS: tuple[tuple[str, Callable[[TableRow], object]], ...] = (
    ("time_device", lambda row: row.time_device),
    ("epochs", lambda row: row.epochs),
    ("steps", lambda row: row.steps),
    ("on_frontier", lambda row: "" if row.on_frontier is None else str(row.on_frontier).lower()),
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
    printed = [*METRIC_COLUMNS]
    head = ["table", "row", "variant", "status", "runs", *METRICS]
    head += [*(f"{metric}_std" for metric in METRICS), "gain", "to_base"]
    head += [f"to_base_{name}" for name in difference[1:]]
    head += [*COSTS, *(name for name, _ in FACTS)]
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
                + [text(row) for _, text in FACTS]
                + [getattr(row.printed, name, None) for name in printed]
                + [row.printed_gain, table.caption]
            )
    return out.getvalue()


def as_json(tables: list[Table]) -> str:
    """All metrics and costs of all rows, unrounded."""
    return json.dumps([asdict(table) for table in tables], indent=1) + "\n"


FORMATS = {"md": markdown, "csv": comma_separated, "tex": latex, "json": as_json}


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
