"""Studies by name, and a report by a study of another paper than ours."""

import subprocess
import sys

import pytest
from report_outputs import make_run
from run_records import as_run, make_record, seed_groups, select_curves

from srcnn_lightning import studies
from srcnn_lightning.errors import BadInput
from srcnn_lightning.report.make import make_report
from srcnn_lightning.report.page.viewer import compared_groups
from srcnn_lightning.report.study import Family, PrintedRow, Study, StudySection
from srcnn_lightning.report.tables.collect import collect_tables

OTHER = Study(
    name="other",
    printed=[
        PrintedRow(
            variant=variant, label=label, max_val_psnr=psnr, test_loss=0.01, test_psnr=psnr - 1
        )
        for variant, label, psnr in (
            ("linear", "Linear", 20.0),
            ("deep", "Ours", 30.0),
            ("wide", "Widest", 29.0),
        )
    ],
    extra_labels={"later": "A later idea"},
    base="deep",
    reference="linear",
    families=[
        Family(
            variant="wide",
            prefix="wide_",
            size=3,
            noun="widths",
            title="Widths",
            label=lambda run: f"Width {run.config['model']['features'][0]}",
            value=lambda run: float(run.config["model"]["features"][0]),
        )
    ],
    varied=("features",),
    curve_figures=lambda settings: [],
    comparisons=lambda settings, compared: [],
    section=lambda groups: StudySection(
        id="thoughts",
        title="Second thoughts",
        template="<p>{{ names | join(', ') }}: {{ evil }}</p>",
        values={"names": [*groups], "evil": "<script>"},
    ),
)


def runs_of_the_other_paper():
    psnr = {"deep": 26.0, "later": 27.0, "wide_8": 25.0, "wide_16": 25.5, "linear": 24.0, "own": 1}
    features = {"wide_8": [8], "wide_16": [16]}
    return [
        make_record(
            variant,
            max_val_psnr=value + 1,
            test_psnr=value,
            settings={"model.features": features.get(variant, [64, 32])},
        )
        for variant, value in psnr.items()
    ]


def test_every_study_is_found_by_its_name():
    assert studies.names() == ["srcnn_paper"]
    for name in studies.names():
        assert studies.find(name).name == name
    assert studies.find("none") is None
    with pytest.raises(BadInput, match=r"^--study=x: .*give one of srcnn_paper, none, or"):
        studies.find("x")


def test_table_of_another_paper_has_its_rows_base_and_reference():
    ablation, widths = collect_tables(runs_of_the_other_paper(), OTHER)
    rows = {row.label: row for row in ablation.rows}
    label = "Width 16, the best of 2 widths"
    assert [*rows] == ["Linear", "Ours", label, "A later idea", "own"]
    assert [row.gain for row in ablation.rows] == pytest.approx([0, 2, 1.5, 3, -23])
    assert [row.printed_gain for row in ablation.rows] == [0, 10, 9, None, None]
    assert rows["Ours"].printed.max_val_psnr == 30
    assert widths.title.startswith("Widths, photos")
    assert [row.label for row in widths.rows] == ["Width 8", "Width 16"]


def test_figures_and_page_of_another_paper_are_its_own(tmp_path):
    later = make_run("later", level=110, settings={"model.init": "identity"})
    runs = [as_run(content) for content in (make_run("deep"), later, make_run("bicubic"))]
    settings = seed_groups(runs, OTHER)
    assert [one.label for one in compared_groups(settings, OTHER)] == ["Ours", "A later idea"]
    (figure,) = select_curves(settings, OTHER)
    assert (figure.name, figure.origin) == ("curves_ablation", "")
    assert [curve.label for curve in figure.curves] == ["Ours", "A later idea"]
    page = make_report(runs, [], tmp_path, OTHER)["index.html"].decode()
    assert '<section id="thoughts"' in page
    assert '<a href="#thoughts">Second thoughts</a>' in page
    assert "<p>photos, antialiased x2: &lt;script&gt;</p>" in page
    assert "What the paper" not in page


def test_report_imports_neither_studies_nor_what_trains():
    code = (
        "import sys, pkgutil, importlib, srcnn_lightning.report as report;"
        "packages = pkgutil.walk_packages(report.__path__, report.__name__ + '.');"
        "names = [package.name for package in packages];"
        "[importlib.import_module(name) for name in names];"
        "print(len(names), *{name.partition('.')[0] for name in sys.modules},"
        "*{'/'.join(name.split('.')[1:2]) for name in sys.modules if name.startswith('srcnn_')})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, *names = done.stdout.split()
    assert int(count) > 15
    assert not {"torch", "lightning", "hydra", "studies", "training", "runs", "data"} & {*names}
