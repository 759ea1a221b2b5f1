"""The table of networks: one for all lengths of training, with the frontier marked."""

import csv
import io
import json
from dataclasses import replace

import pytest
from run_records import make_record

from srcnn_lightning.report.tables.collect import collect_tables
from srcnn_lightning.report.tables.formats import FORMATS
from srcnn_lightning.studies.srcnn_paper import STUDY

GIGA = 10**9


def trained(network, psnr, giga, epochs=100, seed=0, choice=None, **changes):
    """A run of the experiment `models`; `giga`: multiply-adds in billions."""
    settings = {
        "model": {"name": network},
        "recipe": "modern",
        "trainer.max_epochs": epochs,
        **changes.pop("settings", {}),
    }
    name = f"model={choice or network},seed={seed}"
    changes = {"experiment": "models", "name": name, "seed": seed, **changes}
    run = make_record(None, settings=settings, test_psnr=psnr, **changes)
    if run.is_finished:
        run.cost["multiply_adds"] = giga * GIGA
    return replace(run, epochs=epochs)


def bicubic(psnr=26.0, **changes):
    changes = {"experiment": "models", "name": "model=bicubic", **changes}
    return replace(make_record("bicubic", test_psnr=psnr, **changes), variant=None)


@pytest.fixture
def runs():
    """By multiply-adds: 6 ESPCN, 18 SRCNN, 300 EDSR, 600 DRCN, of which DRCN is beaten by EDSR."""
    return [
        trained("srcnn", 28.0, 18, epochs=200),
        trained("srcnn", 28.4, 18, epochs=200, seed=1),
        trained("espcn", 27.0, 6, epochs=200),
        bicubic(),
        trained("drcn", 29.0, 600, epochs=30, choice="drcn_small"),
        trained("edsr", 30.0, 300, epochs=50),
    ]


def the_table(runs, study=STUDY):
    (table,) = collect_tables(runs, study)
    return table


def markdown_lines(table):
    lines = FORMATS["md"]([table]).splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "|" in line]


def csv_lines(table):
    return list(csv.DictReader(io.StringIO(FORMATS["csv"]([table]))))


def test_networks_of_all_lengths_and_the_baseline_are_one_table_by_psnr(runs):
    table = the_table(runs)
    assert table.title == "models, photos, antialiased x2"
    head, _, *body = markdown_lines(table)
    names = ["Network", "Test PSNR (RGB)", "Test PSNR (Y)", "Test SSIM (Y)", "Gain over bicubic"]
    costs = ["Parameters (k)", "Multiply-adds (G)", "ms/megapixel", "Epochs", "Seeds"]
    assert head == [*names, *costs]
    # The PSNR of SRCNN is the mean of 28.0 and 28.4, which deviate by 0.4 / sqrt(2).
    assert body == [
        ["EDSR *", "30.000", "28.000", "0.9000", "+4.000", "20.1", "300.00", "250.0", "50", "1"],
        [
            "DRCN (small)",
            "29.000",
            "28.000",
            "0.9000",
            "+3.000",
            *["20.1", "600.00", "250.0", "30", "1"],
        ],
        [
            *("SRCNN *", "28.200 ± 0.283", "28.000 ± 0.000", "0.9000 ± 0.0000", "+2.200"),
            *("20.1", "18.00", "250.0", "200", "2"),
        ],
        ["ESPCN *", "27.000", "28.000", "0.9000", "+1.000", "20.1", "6.00", "250.0", "200", "1"],
        ["Bicubic", "26.000", "28.000", "0.9000", "+0.000", "0.0", "", "250.0", "", ""],
    ]


def test_csv_json_and_latex_say_the_same(runs):
    table = the_table(runs)
    found = csv_lines(table)
    assert [row["row"] for row in found] == ["EDSR", "DRCN (small)", "SRCNN", "ESPCN", "Bicubic"]
    assert [row["on_frontier"] for row in found] == ["true", "false", "true", "true", "false"]
    assert [row["epochs"] for row in found] == ["50", "30", "200", "200", ""]
    assert [row["runs"] for row in found] == ["1", "1", "2", "1", "1"]
    (read,) = json.loads(FORMATS["json"]([table]))
    assert [row["on_frontier"] for row in read["rows"]] == [True, False, True, True, False]
    assert read["has_networks"] is True
    latex = FORMATS["tex"]([table])
    assert r"SRCNN * & 28.200 $\pm$ 0.283 &" in latex
    assert "DRCN (small) & 29.000 &" in latex


def test_caption_says_order_mark_seeds_lengths_and_where_times_were_measured(runs):
    caption = the_table(runs).caption
    for part in (
        "30, 50, 200 epochs of Adam",
        "seeds: 2 of SRCNN; 1 of the others (±: standard deviation over them)",
        "rows: by test PSNR (RGB), the highest first",
        "*: on the efficient frontier, above bicubic and where no network of as few multiply-adds",
        "multiply-adds: for an input of 640x360 pixels",
        "ms/megapixel: inference for a million pixels of output on cpu (A CPU, 2 threads);",
    ):
        assert part in caption
    assert "parameters" not in caption  # a column has them


def test_caption_names_the_rows_whose_time_was_measured_elsewhere(runs):
    for run in runs[:3]:
        run.cost["time_device"] = "cuda (A GPU)"
    runs[4].cost["time_device"] = "cuda (A GPU)"
    text = "of output on cuda (A GPU), of EDSR, Bicubic on cpu (A CPU, 2 threads);"
    assert text in the_table(runs).caption
    devices = {row["row"]: row["time_device"] for row in csv_lines(the_table(runs))}
    assert devices["SRCNN"] == "cuda (A GPU)"
    assert devices["Bicubic"] == "cpu (A CPU, 2 threads)"


def test_steps_stand_in_place_of_epochs_where_epochs_differ_in_their_steps(runs):
    for run, steps in zip(runs, (100, 100, 30, None, 100, 100), strict=True):
        run.config["data"]["steps_per_epoch"] = steps
    head, _, *body = markdown_lines(the_table(runs))
    assert head[8] == "Steps"
    steps = {line[0].removesuffix(" *"): line[8] for line in body}
    assert steps == {
        "EDSR": "5000",
        "DRCN (small)": "3000",
        "SRCNN": "20000",
        "ESPCN": "6000",
        "Bicubic": "",
    }


def test_steps_of_whole_images_are_those_of_the_last_batch_as_well(runs):
    # Three images in batches of 2 are 2 batches; two batches a step make that 1 step.
    runs[2].config["trainer"]["accumulate_grad_batches"] = 2
    runs[2].config["recipe"] = "paper"  # so that its other settings do not part it
    rows = {row.label.split(",")[0]: row for row in the_table(runs).rows}
    assert (rows["EDSR"].steps, rows["ESPCN"].steps) == (50 * 2, 200)


def test_one_network_of_two_lengths_has_two_rows(runs):
    rows = the_table([*runs, trained("edsr", 31.0, 300, epochs=500)]).rows
    labels = [row.label for row in rows if row.label.startswith("EDSR")]
    assert labels == ["EDSR (max_epochs 500)", "EDSR (max_epochs 50)"]


def test_network_below_the_baseline_is_not_on_the_frontier(runs):
    runs.append(trained("span", 25.0, 1))
    rows = {row.label: row.on_frontier for row in the_table(runs).rows}
    assert rows["SPAN"] is False
    assert rows["Bicubic"] is False  # what it multiplies is not counted


def test_row_without_scores_or_costs_is_named_and_not_marked(runs):
    runs.append(trained("vdsr", 0.0, 600, status="diverged"))
    runs[5].cost.pop("multiply_adds")
    body = {line[0]: line for line in markdown_lines(the_table(runs))[2:]}
    assert body["VDSR"][1:4] == ["diverged", "", ""]
    assert body["EDSR"][6] == ""  # without a mark
    assert [*body][-1] == "VDSR"
    assert "DRCN (small) *" in body  # EDSR's cost is not known


def test_scales_and_experiments_have_tables_of_their_own(runs):
    runs.append(trained("edsr", 27.0, 300, settings={"degradation.scale": 3}))
    runs.append(trained("vdsr", 27.0, 300, settings={"degradation.scale": 3}))
    runs.append(trained("edsr", 27.0, 300, experiment="others"))
    titles = [table.title for table in collect_tables(runs, STUDY)]
    assert titles == [
        "models, photos, antialiased x2",
        "models, photos, antialiased x3",
        "others, photos, antialiased x2, 100 epochs",
    ]


def test_patches_and_whole_images_are_apart_each_with_the_baselines(runs):
    patched = {"data.patch_size": 96, "data.batch_size": 8}
    runs += [trained(name, 31.0, 9, settings=patched) for name in ("vdsr", "span")]
    tables = collect_tables(runs, STUDY)
    assert [{row.label for row in table.rows} for table in tables] == [
        {"SRCNN", "ESPCN", "DRCN (small)", "EDSR", "Bicubic"},
        {"VDSR", "SPAN", "Bicubic"},
    ]
    assert len({table.title for table in tables}) == 2


def test_sizes_of_one_network_stay_a_sweep():
    runs = [
        trained("edsr", 30.0, blocks, choice=f"edsr,blocks={blocks}", settings={"model": model})
        for blocks in (8, 16)
        for model in [{"name": "edsr", "blocks": blocks}]
    ]
    table = the_table(runs)
    assert table.title == "models, photos, antialiased x2, 100 epochs"
    assert [row.label for row in table.rows] == ["blocks=8", "blocks=16"]
    assert {row.on_frontier for row in table.rows} == {None}


def test_lengths_of_one_network_stay_apart_beside_a_table_of_networks(runs):
    # On whole images SRCNN alone was trained: these are not compared with the networks on patches.
    for run in runs:
        if run.is_trained:
            run.config["data"] |= {"patch_size": 96}
    alone = [trained("srcnn", 27.0, 18, epochs=epochs) for epochs in (10, 20)]
    titles = [table.title for table in collect_tables([*runs, *alone], STUDY)]
    assert titles == [
        "models, photos, antialiased x2",
        "models, photos, antialiased x2, 10 epochs",
        "models, photos, antialiased x2, 20 epochs",
    ]
