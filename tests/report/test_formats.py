import csv
import io
import json
import re

import pytest

from srcnn_lightning.report.tables.formats import (
    FORMATS,
    Table,
    as_json,
    comma_separated,
    latex,
    markdown,
)
from srcnn_lightning.report.tables.rows import TableRow
from srcnn_lightning.studies.srcnn_paper.table_1 import TABLE_1

LOSS, PSNR = 0.006123456789012345, 26.123456789012345


def finished_row(label="Basic SRCNN", **changes):
    mean = {
        "max_val_psnr": 27.455,
        "test_loss": LOSS,
        "test_psnr": PSNR,
        "test_psnr_pooled": 24.1,
        "test_psnr_y": 28.2,
        "test_ssim": 0.9,
    }
    return TableRow(label, "base", **{"runs": 1, "mean": mean, **changes})


def missing_row(status="missing"):
    return TableRow("+ Tanh", "tanh", status=status)


PRINTED = ("max_val_psnr", "test_loss", "test_psnr")


def table(*rows, **changes):
    common = {"title": "A title", "caption": "A caption.", "printed": PRINTED}
    return Table(**{**common, "rows": list(rows), **changes})


def markdown_cells(text):
    """The cells of each line of a Markdown table; an escaped bar parts no cells."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def latex_cells(text):
    lines = [line.strip() for line in text.splitlines() if line.endswith(r"\\")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)&", line[:-2])] for line in lines]


def csv_rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_markdown_rounds_as_the_paper_does():
    head, rule, cells = markdown_cells(markdown([table(finished_row(), printed=())]))
    assert head == ["Experiment", "Max val PSNR", "Test loss", "Test PSNR"]
    assert rule[0].strip("-") == ""
    assert all(re.fullmatch("-+:", cell) for cell in rule[1:])
    assert cells == ["Basic SRCNN", "27.455", "0.0061235", "26.123"]


def test_markdown_puts_the_papers_figures_beside_ours():
    row = finished_row(printed=TABLE_1[0], gain=0.5, printed_gain=3.216)
    text = markdown([table(row)])
    assert markdown_cells(text)[2][4:] == ["+0.500", "27.455", "0.0064324", "26.442", "+3.216"]
    assert text.startswith("**A title**\n")
    assert text.rstrip().endswith("A caption.")


def test_markdown_shows_deviation_and_sign():
    row = finished_row(
        runs=3, deviation={"test_psnr": 0.45826, "test_loss": 0.00001234}, gain=-0.25
    )
    cells = markdown_cells(markdown([table(row)]))[2]
    assert cells[1:5] == ["27.455", "0.0061235 ± 0.0000123", "26.123 ± 0.458", "-0.250"]


@pytest.mark.parametrize("status", ["missing", "failed", "diverged", "2 of 2 failed"])
@pytest.mark.parametrize("write", [markdown, latex])
def test_row_without_figures_says_why_and_shows_none(write, status):
    row = missing_row(status)
    row.printed, row.printed_gain = TABLE_1[2], 3.056
    read = markdown_cells if write is markdown else latex_cells
    cells = read(write([table(row)]))[-1]
    assert cells[1:5] == [status, "", "", ""]
    assert cells[5:] == ["27.336", "0.0066215", "26.282", "+3.056"]


def test_row_of_which_some_runs_failed_says_so_beside_its_figures():
    cells = markdown_cells(markdown([table(finished_row(status="1 of 3 diverged"))]))[2]
    assert cells[0] == "Basic SRCNN (1 of 3 diverged)"
    assert cells[3] == "26.123"


def test_markdown_escapes_bars():
    lines = markdown_cells(markdown([table(finished_row("a|b"), missing_row())]))
    assert [len(line) for line in lines] == [8] * 4
    assert lines[2][0] == r"a\|b"


def test_latex_escapes_what_tex_would_take_as_its_own():
    label = r"a_b & 50% #1 {x} $y ^ ~ \z"
    title, caption = "dead_leaves & more", "100% of 2_000."
    text = latex([table(finished_row(label), title=title, caption=caption)])
    cells = latex_cells(text)
    assert cells[-1][0] == (
        r"a\_b \& 50\% \#1 \{x\} \$y \textasciicircum{} \textasciitilde{} \textbackslash{}z"
    )
    assert r"\caption{dead\_leaves \& more. 100\% of 2\_000.}" in text
    assert len({len(line) for line in cells}) == 1


def test_latex_is_a_booktabs_table_of_as_many_columns_as_cells():
    row = finished_row(deviation={"test_psnr": 0.5})
    text = latex([table(row, missing_row())])
    for part in (r"\toprule", r"\midrule", r"\bottomrule", r"\begin{table}", r"\end{table}"):
        assert text.count(part) == 1
    (columns,) = re.findall(r"\\begin\{tabular\}\{(\w+)\}", text)
    assert [len(line) for line in latex_cells(text)] == [len(columns)] * 3
    assert r"26.123 $\pm$ 0.500" in text


def test_csv_is_unrounded():
    row = finished_row(
        deviation={"test_psnr": 1 / 3}, gain=2 / 3, printed=TABLE_1[0], printed_gain=0.1
    )
    (found,) = csv_rows(comma_separated([table(row)]))
    assert float(found["test_psnr"]) == PSNR
    assert float(found["test_loss"]) == LOSS
    assert float(found["test_psnr_std"]) == 1 / 3
    assert float(found["gain"]) == 2 / 3
    assert float(found["printed_test_loss"]) == 0.0064324
    assert float(found["printed_max_val_psnr"]) == 27.455


def test_csv_leaves_empty_what_there_is_not():
    (found,) = csv_rows(comma_separated([table(missing_row("failed"))]))
    assert (found["row"], found["variant"], found["status"]) == ("+ Tanh", "tanh", "failed")
    assert found["runs"] == "0"
    figures = [name for name in found if "psnr" in name or "loss" in name or "gain" in name]
    assert len(figures) > 10
    assert {found[name] for name in figures} == {""}


def test_csv_keeps_commas_quotes_and_bars():
    label, caption = 'kernel_sizes=9,1,5 "wide" | a', "One; two, three."
    row = TableRow(label, label, mean={"test_psnr": 1.0})
    text = comma_separated([table(row, caption=caption), table(missing_row(), title="Another")])
    first, second = csv_rows(text)
    assert (first["row"], first["variant"], first["caption"]) == (label, label, caption)
    assert (first["table"], second["table"]) == ("A title", "Another")


def test_json_holds_every_figure_unrounded():
    row = finished_row(printed=TABLE_1[0], printed_gain=3.216)
    first, second = json.loads(as_json([table(row, missing_row()), table(title="Another")]))
    assert (first["title"], first["caption"]) == ("A title", "A caption.")
    assert first["rows"][0]["mean"] == row.mean
    assert first["rows"][0]["printed"]["test_psnr"] == 26.442
    assert first["rows"][1]["status"] == "missing"
    assert first["rows"][1]["mean"] == {}
    assert (second["title"], second["rows"]) == ("Another", [])


SRCNN = {"parameters": 20_099, "multiply_adds": 18_432_000_000, "seconds_per_megapixel": 0.35}
DRCN = {"parameters": 1_775_121, "multiply_adds": 17_974_306_944_000}


def test_costs_of_several_networks_are_columns():
    rows = [finished_row(cost=SRCNN), finished_row(cost=DRCN), missing_row()]
    head, _, srcnn, drcn, missing = markdown_cells(markdown([table(*rows, printed=())]))
    assert head[4:] == ["Parameters (k)", "Multiply-adds (G)", "ms/megapixel"]
    assert srcnn[4:] == ["20.1", "18.43", "350.0"]
    assert drcn[4:] == ["1775.1", "17974.31", ""]
    assert missing[4:] == ["", "", ""]


@pytest.mark.parametrize("other", [{**SRCNN, "parameters": 20_291}, {"multiply_adds": 0}, {}])
def test_costs_of_one_network_widen_no_table(other):
    """With batch norm, beside a baseline, or beside a record of an earlier version."""
    text = markdown([table(finished_row(cost=SRCNN), finished_row(cost=other))])
    assert "Multiply" not in text


def test_csv_and_json_hold_every_cost():
    activations = {"activations": 91_238_400, "input_height": 360, "input_width": 640}
    cost = {**SRCNN, **activations, "fit_s": 61.5}
    (found,) = csv_rows(comma_separated([table(finished_row(cost=cost))]))
    assert {name: float(found[name]) for name in cost} == cost
    (found,) = json.loads(as_json([table(finished_row(cost=cost))]))
    assert found["rows"][0]["cost"] == cost


@pytest.mark.parametrize("name", ["md", "csv", "tex", "json"])
def test_every_format_ends_its_last_line(name):
    assert FORMATS[name]([table(finished_row())]).endswith("\n")


def test_labels_of_long_titles_stay_apart():
    titles = [f"Ablation, {'a' * 50}, antialiased x{scale}" for scale in (2, 3)]
    text = latex([table(finished_row(), title=title) for title in titles])
    labels = re.findall(r"\\label{(.*)}", text)
    assert len(set(labels)) == 2
