import pytest
from record_places import GONE, changed, places
from report_outputs import make_run, write_text_records
from run_records import as_run, seed_groups, select_curves

from srcnn_lightning import run_record
from srcnn_lightning.report.comparable_runs import group_by, images_key, read_all
from srcnn_lightning.report.make import make_report
from srcnn_lightning.report.tables.collect import collect_tables
from srcnn_lightning.report.tables.formats import FORMATS
from srcnn_lightning.studies.srcnn_paper import STUDY
from srcnn_lightning.studies.srcnn_paper.paper_checks import check_paper

VALUES = (GONE, None, ["x"], "a text", -7, 3.5, 10**11, 10**400)


def good(variant="base"):
    return make_run(variant, settings={"init_from": None})


def read(outputs, *contents):
    write_text_records(outputs, contents)
    return read_all(outputs)


@pytest.mark.parametrize("variant", ["base", "l2_1e-3"])
def test_whatever_is_taken_makes_tables_and_figures(variant, monkeypatch):
    monkeypatch.setattr("srcnn_lightning.report.statistics.RESAMPLES", 1_000)
    company = [as_run(make_run("base", seed=1)), as_run(make_run("bicubic"))]
    crashes, sound = [], 0
    for place in places(good(variant)):
        for value in VALUES:
            try:
                runs = [as_run(changed(good(variant), place, value)), *company]
            except ValueError:
                continue
            sound += 1
            try:
                for study in (STUDY, None):
                    tables = collect_tables(runs, study)
                    for write in FORMATS.values():
                        write(tables)
                    for group in group_by(runs, images_key).values():
                        select_curves(seed_groups(group, study), study)
                        check_paper({"photos": seed_groups(group, study)})
            except Exception as error:
                crashes.append((place, value, repr(error)))
    assert crashes == []
    assert sound > 150  # most of the keys are for people alone


def test_record_that_is_not_taken_is_named_and_the_others_stand(tmp_path):
    broken = changed(good(), ("config", "seed"), 2.0)
    runs, left_out = read(tmp_path, broken, make_run("tanh"))
    assert [run.variant for run in runs] == ["tanh"]
    path = tmp_path / "0" / run_record.FILE_NAME
    assert left_out == [f"Left out: {path} (config.seed: it must be a whole number)."]


@pytest.mark.parametrize("study", [STUDY, None], ids=["study", "no study"])
@pytest.mark.parametrize(
    ("variant", "changes"),
    [
        # Each may be so, and together they are everything that a record may lack.
        (
            "base",
            [
                *((name,) for name in ("date", "test_images", "history", "epochs")),
                *((name,) for name in ("environment", "durations", "cost")),
                ("config", "optimizer", "weight_decay"),
            ],
        ),
        (
            "l2_1e-3",
            [
                ("config", "optimizer", "weight_decay"),
                ("environment", "device_name"),
                ("cost", "input_width"),
            ],
        ),
        ("bicubic", [("config", "degradation", "kernel"), ("config", "model", "name")]),
    ],
    ids=["base", "l2", "bicubic"],
)
def test_report_of_a_record_that_lacks_what_it_may_is_made(tmp_path, variant, changes, study):
    content = good(variant)
    for place in changes:
        content = changed(content, place, GONE)
    runs, left_out = read(tmp_path, content, make_run("tanh"))
    assert (len(runs), left_out) == (2, [])
    files = make_report(runs, left_out, tmp_path / "report", study)
    assert {"index.html", "table.tex"} <= {*files}


@pytest.mark.parametrize("value", [None, -7, 1e30])
def test_report_of_senseless_metrics_is_made(tmp_path, value):
    content = good()
    for epoch in content["history"]:
        epoch |= {"val_loss": value, "val_psnr": value}
    content["metrics"] = dict.fromkeys(content["metrics"], value)
    for image in content["per_image"]:
        image["psnr"] = value
    runs, left_out = read(tmp_path, content, make_run("bicubic"))
    assert (len(runs), left_out) == (2, [])
    assert "index.html" in make_report(runs, left_out, tmp_path / "report", STUDY)


def test_report_of_diverged_runs_without_a_single_metric_is_made(tmp_path):
    content = make_run("base", status="diverged")
    for epoch in content["history"]:
        epoch |= {"val_loss": None, "val_psnr": None}
    runs, left_out = read(tmp_path, content)
    assert "index.html" in make_report(runs, left_out, tmp_path / "report", STUDY)


def test_titles_of_two_tables_of_an_experiment_say_what_differs(tmp_path):
    settings = ({"data.patch_size": 48}, {}, {"trainer.precision": "bf16-mixed"})
    contents = [
        make_run(None, experiment="single", name=f"a={place}", settings=one)
        for place, one in enumerate(settings)
    ]
    for content in contents:
        content["config"]["trainer"]["max_epochs"] = 1
    runs, _ = read(tmp_path, *contents)
    start = "single, photos, antialiased x2, 1 epoch"
    tables = collect_tables(runs, STUDY)
    assert sorted(table.title for table in tables) == [
        f"{start}, patch_size 48, precision 32-true",
        f"{start}, precision 32-true",
        f"{start}, precision bf16-mixed",
    ]
    assert all("; 1 epoch of Adam" in table.caption for table in tables)


def test_report_without_a_study_goes_by_experiment(tmp_path):
    contents = [make_run(variant) for variant in ("base", "tanh", "bicubic", "l2_1e-3")]
    contents.append(make_run(None, experiment="mine", name="width=8", level=110))
    contents[-1]["config"]["model"]["features"] = [8, 8]
    runs, left_out = read(tmp_path, *contents)
    tables = collect_tables(runs, None)
    assert [table.title.partition(",")[0] for table in tables] == ["ablation", "mine"]
    labels = {row.label for table in tables for row in table.rows}
    assert labels == {run.variant for run in runs[:4]} | {"width=8"}
    assert all(row.printed is row.to_base is None for table in tables for row in table.rows)
    bicubic, width = (
        row for table in tables for row in table.rows if row.label in ("bicubic", "width=8")
    )
    assert width.gain == pytest.approx(width.mean["test_psnr"] - bicubic.mean["test_psnr"])
    figures = select_curves(seed_groups(runs, None), None)
    assert {figure.name: len(figure.curves) for figure in figures} == {
        "curves_ablation": 3,
        "curves_mine": 1,
    }
    page = make_report(runs, left_out, tmp_path / "report", None)["index.html"].decode()
    for word in ("Paper", "paper", "Basic SRCNN", "Regularization"):
        assert word not in page
