"""The whole of `make bench` on tiny sizes: that it runs, and what it leaves."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import __main__ as suite
from benchmarks.results import show
from benchmarks.rounds import ROOT, FigureSet, Row

TRAINING = [
    "a textbook, from files",
    "a' textbook, in memory",
    "b channels_last loop",
    "c ours",
    "c ours, whole epochs",
    "d roof",
    "d' roof of convolutions",
]
SETS = [
    *("training", "memory", "settings_steps", "settings_epochs", "convolutions", "networks"),
    *("inference", "inference_memory", "inference_edsr", "inference_edsr_memory"),
    *("startup", "sweeps", "report"),
]
RATIOS = ["c / a", "c / a'", "c / b", "c / d", "c / d'", "whole epochs / steps"]


def bench(output: Path, *arguments: str) -> list[dict[str, str]]:
    """Lines of results.csv."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--output", str(output), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with (output / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def medians(line: dict[str, str]) -> dict[str, float]:
    pairs = [pair.rpartition("=") for pair in line["medians"].split("; ")]
    return {name: float(value) for name, _, value in pairs}


@pytest.mark.slow
def test_every_benchmark_runs_and_training_keeps_medians_and_their_ratios(tmp_path: Path) -> None:
    training, memory, *others = bench(tmp_path)
    assert [line["set"] for line in (training, memory, *others)] == SETS
    assert training["date"]
    assert training["device"]
    assert training["torch"].startswith("2.")
    figures = medians(training)
    names = [f"{name} (image/s)" for name in TRAINING] + [f"{name} (x)" for name in RATIOS]
    assert list(figures) == names
    ours, plain = figures["c ours (image/s)"], figures["a' textbook, in memory (image/s)"]
    assert figures["c / a' (x)"] == pytest.approx(ours / plain, rel=1e-3)
    steps, whole = ours, figures["c ours, whole epochs (image/s)"]
    assert 0 < whole < steps
    assert list(medians(memory)) == [f"{name} (MB)" for name in TRAINING[:4]]
    assert (tmp_path / "results.png").read_bytes().startswith(b"\x89PNG")


def test_table_has_a_row_for_each_figure() -> None:
    console = Console(width=200, record=True)
    row = Row("[data.augment=true]", "image/s", (41.26, 39.9, 1234.4))
    show(FigureSet("set", "Title", [row]), console)
    lines = console.export_text().splitlines()
    assert lines[0].strip() == "Title"
    (line,) = (line for line in lines if "augment" in line)
    assert re.split(r"\s{2,}", line.strip()) == [
        "[data.augment=true]",
        "41.3",
        "39.9",
        "1234",
        "image/s",
    ]


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("--only=nothing", "nothing: choose some of training, settings, convolutions"),
        ("--folder=nowhere", "nowhere: give a folder of image files"),
        ("--rounds=0", "0: give a whole number of at least 1"),
        ("--against=nothing", "--against=nothing: give a commit of this checkout"),
    ],
)
def test_bad_options_are_refused(
    argument: str, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", argument])
    with pytest.raises(SystemExit) as stopped:
        suite.main()
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err
