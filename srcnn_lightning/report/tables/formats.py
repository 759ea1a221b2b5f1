"""Rows as Markdown, CSV, LaTeX (booktabs) or JSON."""

import csv
import io
import json
from dataclasses import asdict, dataclass

from srcnn_lightning.report.file_names import slug
from srcnn_lightning.report.tables.rows import METRICS, TableRow


@dataclass
class Table:
    """A title, what its figures rest on, and its rows."""

    title: str
    caption: str
    rows: list[TableRow]
    with_paper: bool = True


OURS = ("Max val PSNR", "Test loss", "Test PSNR")
GAIN = "Gain over bicubic"
TO_BASE = "To base [95 %]"
NOT_SHOWN = "n.s."  # marks an interval that holds 0: no difference is shown
PAPERS = ("Paper: max val PSNR", "Paper: test loss", "Paper: test PSNR", "Paper: gain")


def markdown(tables: list[Table]) -> str:
    """For a README."""
    blocks = []
    for table in tables:
        head, body = cells(table)
        widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
        lines = [_markdown_line(head, widths)]
        rules = [("-" * w if i == 0 else "-" * (w - 1) + ":") for i, w in enumerate(widths)]
        lines.append(_markdown_line(rules, widths))
        lines += [_markdown_line([_markdown_cell(cell) for cell in row], widths) for row in body]
        blocks.append(f"**{table.title}**\n\n" + "\n".join(lines) + f"\n\n{table.caption}\n")
    return "\n".join(blocks)


def latex(tables: list[Table]) -> str:
    """For a paper; needs the packages booktabs and graphicx, which fits wide tables to the page."""
    blocks = []
    for table in tables:
        head, body = cells(table)
        lines = [
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{_escape(table.title)}. {_escape(table.caption)}}}",
            rf"  \label{{tab:{slug(table.title)}}}",
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
    """All figures of all rows, unrounded, empty where there is none."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    deviations = [f"{figure}_std" for figure in METRICS]
    papers = ["paper_max_val_psnr", "paper_test_loss", "paper_test_psnr", "paper_gain"]
    to_base = ["to_base", "to_base_low", "to_base_high", "to_base_seeds", "to_base_images"]
    head = ["table", "row", "variant", "status", "runs", *METRICS, *deviations, "gain"]
    head += [*to_base, *papers]
    writer.writerow([*head, "caption"])
    for table in tables:
        for row in table.rows:
            paper = row.paper
            writer.writerow(
                [table.title, row.label, row.variant, row.status, row.runs]
                + [row.mean.get(figure) for figure in METRICS]
                + [row.deviation.get(figure) for figure in METRICS]
                + [row.gain]
                + _interval(row)
                + ([paper.max_val_psnr, paper.test_loss, paper.test_psnr] if paper else [None] * 3)
                + [row.paper_gain, table.caption]
            )
    return out.getvalue()


def as_json(tables: list[Table]) -> str:
    """All figures of all rows, unrounded."""
    return json.dumps([asdict(table) for table in tables], indent=1) + "\n"


FORMATS = {"md": markdown, "csv": comma_separated, "tex": latex, "json": as_json}


def cells(table: Table) -> tuple[list[str], list[list[str]]]:
    """The head and the body as text; only the first column is no figure."""
    with_gain = table.with_paper or any(row.gain is not None for row in table.rows)
    with_base = any(row.to_base for row in table.rows)
    head = ["Experiment", *OURS, *([GAIN] if with_gain else []), *([TO_BASE] if with_base else [])]
    head += PAPERS if table.with_paper else ()
    body = []
    for row in table.rows:
        if row.mean:
            label = row.label if row.status == "finished" else f"{row.label} ({row.status})"
            cells = [label, *(_figure(row, name) for name in METRICS[:3])]
        else:
            cells = [row.label, row.status, "", ""]
        if with_gain:
            cells.append("" if row.gain is None else f"{row.gain:+.3f}")
        if with_base:
            cells.append(_to_base(row))
        if table.with_paper:
            paper = row.paper
            cells += (
                [f"{paper.max_val_psnr:.3f}", f"{paper.test_loss:.7f}", f"{paper.test_psnr:.3f}"]
                if paper
                else ["", "", ""]
            )
            cells.append("" if row.paper_gain is None else f"{row.paper_gain:+.3f}")
        body.append(cells)
    return head, body


def _figure(row: TableRow, name: str) -> str:
    if name not in row.mean:
        return ""
    digits = 7 if name == "test_loss" else 3
    text = f"{row.mean[name]:.{digits}f}"
    return f"{text} ± {row.deviation[name]:.{digits}f}" if name in row.deviation else text


def _to_base(row: TableRow) -> str:
    found = row.to_base
    if found is None:
        return ""
    mark = f" {NOT_SHOWN}" if found.holds_zero else ""
    return f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]{mark}"


def _interval(row: TableRow) -> list[float | int | None]:
    found = row.to_base
    if found is None:
        return [None] * 5
    return [found.mean, found.low, found.high, found.seeds, found.images]


def _markdown_cell(text: str) -> str:
    """A name holds what Markdown would take as its own, or as HTML."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def _markdown_line(cells: list[str], widths: list[int]) -> str:
    first = cells[0].ljust(widths[0])
    rest = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return "| " + " | ".join([first, *rest]) + " |"


def _escape(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "±": r"$\pm$", "~": r"\textasciitilde{}"}
    special |= {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "[": "{[}"}
    special |= {"^": r"\textasciicircum{}", **{sign: f"\\{sign}" for sign in "&%$#_{}"}}
    return "".join(special.get(sign, sign) for sign in text)
