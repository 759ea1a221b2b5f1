"""`python -m srcnn_lightning report` as a user types it: what the page shows."""

import csv
import re

import pytest
from PIL import Image
from report_outputs import (
    make_run,
    page_of,
    psnr_of,
    sections_of,
    write_ablation,
    write_run,
)

from srcnn_lightning import run_record


def test_report_of_an_ablation_holds_everything(report, tmp_path):
    write_ablation(tmp_path / "outputs")
    done = report()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("report/index.html: 7 runs, ")
    folder = tmp_path / "report"
    assert sorted(path.name for path in folder.iterdir()) == [
        ".report.json",
        "figures",
        "index.html",
        "table.csv",
        "table.md",
        "table.tex",
    ]
    names = {path.name for path in (folder / "figures/photos-antialiased-x2").iterdir()}
    for name in ("figure_3", "figure_5", "figure_8", "curves_ablation", "gains"):
        assert {f"{name}.svg", f"{name}.png"} <= names
        with Image.open(folder / f"figures/photos-antialiased-x2/{name}.png") as picture:
            assert min(picture.size) > 300
    page = page_of(folder)
    assert sections_of(page) == ["photos, antialiased x2"]
    # The mean of base's two seeds, over images 0.15 dB above the first.
    assert f"{(psnr_of(116) + psnr_of(124)) / 2 + 0.15:.3f}" in page


@pytest.mark.slow
def test_tables_are_those_of_the_table_command(report, command, tmp_path):
    write_ablation(tmp_path / "outputs")
    report()
    for kind in ("md", "csv", "tex"):
        table = command("--format", kind, verb="table")
        assert (tmp_path / f"report/table.{kind}").read_text() == table.stdout


def test_images_that_are_grey_in_their_file_are_marked(report, tmp_path):
    runs = [make_run("bicubic"), make_run("base")]
    for found in runs:
        for image in found["per_image"]:
            image["grey"] = image["name"] == "0802.png"
        write_run(tmp_path / "outputs", found)
    assert report().returncode == 0
    page = page_of(tmp_path / "report")
    assert page.count("0802.png (grey)") == 1
    assert page.count(" (grey)") == 2  # and the note
    assert "Test images marked (grey) are grey in their file" in page


def test_records_without_grey_images_mark_none(report, tmp_path):
    write_ablation(tmp_path / "outputs")
    assert report().returncode == 0
    assert "(grey)" not in page_of(tmp_path / "report")


def test_one_run_is_a_report(report, tmp_path):
    write_run(tmp_path / "outputs", make_run("base"))
    assert report().returncode == 0
    page = page_of(tmp_path / "report")
    assert '"name": "0801.png"' in page
    assert "Basic SRCNN" in page


@pytest.mark.slow
def test_runs_of_other_images_and_degradations_are_apart(report, tmp_path):
    aliased = {"name": "aliased", "antialias": False, "scale": 2}
    outputs = tmp_path / "outputs"
    for number, other in enumerate(({}, {"images": "d1"}, {"settings": {"degradation": aliased}})):
        found = make_run("base", level=110 + 10 * number, **other)
        write_run(outputs, found, folder=f"run{number}")
    assert report().returncode == 0
    page = page_of(tmp_path / "report")
    titles = ["photos, antialiased x2", "photos, antialiased x2 (2)", "photos, aliased x2"]
    assert sections_of(page) == titles
    with (tmp_path / "report/table.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["variant"] == "base"]
    # No row is a mean of two of them.
    assert sorted(float(row["test_psnr"]) for row in rows) == pytest.approx(
        sorted(psnr_of(level) + 0.15 for level in (110, 120, 130))
    )
    assert {row["runs"] for row in rows} == {"1"}


def test_runs_of_two_scales_are_apart(report, tmp_path):
    outputs = tmp_path / "outputs"
    for scale in (2, 3):
        degradation = {"name": "antialiased", "antialias": True, "scale": scale}
        found = make_run("base", level=100 + 10 * scale, settings={"degradation": degradation})
        write_run(outputs, found)
    assert report().returncode == 0
    folder = tmp_path / "report"
    assert sections_of(page_of(folder)) == ["photos, antialiased x2", "photos, antialiased x3"]
    figures = {path.name for path in (folder / "figures").iterdir()}
    assert figures == {"photos-antialiased-x2", "photos-antialiased-x3"}
    with (folder / "table.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["variant"] == "base"]
    psnr = {row["table"]: (float(row["test_psnr"]), row["runs"]) for row in rows}
    assert psnr == {
        f"Ablation, photos, antialiased x{scale}, 100 epochs": (
            pytest.approx(psnr_of(100 + 10 * scale) + 0.15),
            "1",
        )
        for scale in (2, 3)
    }
    labels = re.findall(r"\\label{(.*)}", (folder / "table.tex").read_text())
    assert labels == [f"tab:ablation-photos-antialiased-x{scale}-100-epochs" for scale in (2, 3)]


def test_diverged_and_failed_runs_say_so(report, tmp_path):
    outputs = tmp_path / "outputs"
    write_run(outputs, make_run("tanh", status="diverged"))
    write_run(outputs, make_run("batch_norm", status="failed"))
    done = report()
    assert done.returncode == 0, done.stderr
    page = page_of(tmp_path / "report")
    assert "2 (1 failed, 1 diverged)" in page
    assert "No run has finished, so there are no pictures." in page


def test_names_are_escaped(report, tmp_path):
    evil = """<script>alert("1")</script> 'x' $a_b$ </script> _c"""
    outputs = tmp_path / "outputs"
    found = make_run(None, experiment=evil, name=evil, level=110)
    found["data"] = evil
    write_run(outputs, found, folder="""a 'b' "c" <script>alert(1)<""")
    write_run(outputs, make_run(evil, level=120, name="other"), folder="other")
    done = report()
    assert done.returncode == 0, done.stderr
    page = page_of(tmp_path / "report")
    assert "<script>alert" not in page
    assert page.count("</script>") == page.count("<script")
    assert "&lt;script&gt;alert" in page
    # Names in file names lead to where the files are.
    for path in re.findall(r'href="(figures/[^"]+\.png)"', page):
        assert (tmp_path / "report" / path).is_file()


def test_links_lead_to_the_runs(report, tmp_path):
    from urllib.parse import unquote

    write_run(tmp_path / "outputs", make_run("base"), folder="an odd #name%20/100% ?")
    report("outputs", "--output", "some/where/else")
    folder = tmp_path / "some/where/else"
    (address,) = {unquote(link) for link in re.findall(r'href="(\.\.[^"]+/)"', page_of(folder))}
    assert (folder / address / run_record.FILE_NAME).is_file()


@pytest.mark.slow
def test_page_holds_no_address_but_its_own_files(report, tmp_path):
    write_ablation(tmp_path / "outputs")
    report()
    page = page_of(tmp_path / "report")
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert "@import" not in page
    assert "url(" not in re.sub(r"data:[^\"']*", "", page)
