"""`python -m srcnn_lightning report` where something is missing, broken or in the way."""

import json
import shutil
import signal
import time

import pytest
from commands import start
from report_outputs import (
    BASELINES,
    SHARED,
    make_run,
    page_of,
    write_ablation,
    write_run,
)

from srcnn_lightning import run_record


def test_no_runs_is_one_sentence(report, tmp_path):
    for place in ("outputs", "nowhere"):
        (tmp_path / "outputs").mkdir(exist_ok=True)
        done = report(place)
        assert done.returncode == 2
        assert done.stderr.startswith(f"OUTPUTS={place}: ")
        assert len(done.stderr.splitlines()) == 1
        assert not (tmp_path / "report").exists()


def test_broken_and_older_records_are_named_and_left_out(report, tmp_path):
    outputs = tmp_path / "outputs"
    write_ablation(outputs)
    broken = {
        "older": json.dumps({"format": 0, "name": "x"}),
        "cut": '{"format": 1, "na',
        "list": "[1, 2]",
        "words": json.dumps({**make_run("base"), "format": 1, "per_image": [{"name": "a"}]}),
        "text": json.dumps(
            {**make_run("base"), "format": 1, "metrics": {"test_psnr": "<b>26</b>"}}
        ),
        "curve": json.dumps({**make_run("base"), "format": 1, "history": [{"epoch": "one"}]}),
        "status": json.dumps({**make_run("base"), "format": 1, "status": "dreaming"}),
        "binary": "\udcff\udcfe",
    }
    for name, text in broken.items():
        folder = outputs / "broken" / name
        folder.mkdir(parents=True)
        (folder / run_record.FILE_NAME).write_bytes(text.encode(errors="surrogateescape"))
    done = report()
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == len(broken)
    page = page_of(tmp_path / "report")
    for name in broken:
        assert any(f"broken/{name}/metrics.json" in line for line in lines)
        assert f"broken/{name}/metrics.json" in page
    assert "7 runs" in done.stdout
    assert "<b>26</b>" not in page


def test_only_broken_records_is_one_sentence_that_names_them(report, tmp_path):
    folder = tmp_path / "outputs/run"
    folder.mkdir(parents=True)
    (folder / run_record.FILE_NAME).write_text("{")
    done = report()
    assert done.returncode == 2
    assert "run/metrics.json" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("gone", ["run", "shared", "both", "broken"])
@pytest.mark.slow
def test_pictures_that_are_gone_are_said(report, tmp_path, gone):
    outputs = tmp_path / "outputs"
    write_ablation(outputs)
    pictures = outputs / "ablation/photos-antialiased-x2/variant=tanh/pictures"
    if gone in ("run", "both"):
        shutil.rmtree(pictures)
    if gone in ("shared", "both"):
        shutil.rmtree(outputs / SHARED)
    if gone == "broken":
        for path in pictures.iterdir():
            path.write_bytes(b"no picture")
    done = report()
    assert done.returncode == 0, done.stderr
    page = page_of(tmp_path / "report")
    said = "Pictures of + Tanh are gone"
    assert (said in page) == (gone != "shared")
    assert ("The pictures of the targets are gone" in page) == (gone in ("shared", "both"))
    assert "Basic SRCNN" in page


def test_output_that_cannot_be_written_is_one_sentence(report, tmp_path):
    write_run(tmp_path / "outputs", make_run("base"))
    (tmp_path / "a_file").write_text("keep me")
    done = report("--output", "a_file")
    assert done.returncode == 2
    assert done.stderr == "--output=a_file: it is a file; give a folder.\n"
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "a_file").read_text() == "keep me"


def test_unknown_option_is_one_sentence(report):
    done = report("--fast")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_second_report_leaves_no_figure_of_the_first(report, tmp_path):
    write_ablation(tmp_path / "outputs")
    report()
    folder = tmp_path / "report"
    (folder / "notes.txt").write_text("mine")
    (folder / "figures/mine.png").write_text("mine, too")
    shutil.rmtree(tmp_path / "outputs")
    write_run(tmp_path / "outputs", make_run("bicubic"))
    assert report().returncode == 0
    assert not list(folder.rglob("figure_*"))
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "figures/mine.png").read_text() == "mine, too"
    assert {path.name for path in tmp_path.iterdir()} == {"outputs", "report"}


@pytest.mark.parametrize("place", ["paper", "outputs", "."])
def test_folder_of_somebody_else_is_refused(report, tmp_path, place):
    write_run(tmp_path / "outputs", make_run("base"))
    (tmp_path / "paper/figures").mkdir(parents=True)
    (tmp_path / "paper/figures/own.png").write_text("precious")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    done = report("--output", place)
    assert done.returncode == 2
    assert done.stderr.startswith(f"--output={place}: ")
    assert len(done.stderr.splitlines()) == 1
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("missing", BASELINES)
def test_report_without_a_baseline(report, tmp_path, missing):
    outputs = tmp_path / "outputs"
    for variant in {*BASELINES, "base"} - {missing}:
        write_run(outputs, make_run(variant))
    done = report()
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "seconds", [0.3, *(pytest.param(late, marks=pytest.mark.slow) for late in (0.8, 1.5, 2.5))]
)
def test_interrupted_report_leaves_the_last_one(report, tmp_path, seconds):
    write_ablation(tmp_path / "outputs")
    assert report("--output", "last").returncode == 0
    before = {path: path.read_bytes() for path in (tmp_path / "last").rglob("*.*")}
    running = start(tmp_path, "--output", "last", verb="report")
    time.sleep(seconds)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate()
    assert running.returncode in (130, 0)  # 0: it was done before
    assert "Traceback" not in errors
    after = {path: path.read_bytes() for path in (tmp_path / "last").rglob("*.*")}
    assert after == before  # the same runs give the same report, bit for bit
    assert {path.name for path in tmp_path.iterdir()} == {"outputs", "last"}
