"""The whole of `make bench` on tiny sizes: that it runs, and what it leaves."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as suite
from benchmarks.alone import ROOT

TRAINING = [
    "a textbook, from files",
    "a' textbook, in memory",
    "b channels_last loop",
    "c ours",
    "c ours, whole epochs",
    "d roof",
    "d' roof of convolutions",
]
RATIOS = ["c / a", "c / a'", "c / b", "c / d", "c / d'", "whole epochs / steps"]


def bench(output: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--output", str(output), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def medians(line: dict[str, str]) -> dict[str, float]:
    pairs = [pair.rpartition("=") for pair in line["medians"].split("; ")]
    return {name: float(value) for name, _, value in pairs}


def test_training_prints_its_ratios_and_keeps_its_medians(tmp_path: Path) -> None:
    printed = bench(tmp_path, "--only", "training")
    for name in (*TRAINING, *RATIOS):
        assert any(line.startswith(f" {name}  ") for line in printed.splitlines()), name
    with (tmp_path / "results.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["set"] for line in lines] == ["training", "overhead", "memory", "machine"]
    training = lines[0]
    assert training["device"]
    assert training["date"]
    assert training["torch"].startswith("2.")
    figures = medians(training)
    assert list(figures) == [f"{name} (image/s)" for name in TRAINING] + [
        f"{name} (x)" for name in RATIOS
    ]
    assert all(value > 0 for value in figures.values())
    ours, plain = figures["c ours (image/s)"], figures["a' textbook, in memory (image/s)"]
    assert figures["c / a' (x)"] == pytest.approx(ours / plain, rel=1e-3)
    assert (tmp_path / "results.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_everything_runs_and_is_kept_once_for_each_benchmark(tmp_path: Path) -> None:
    bench(tmp_path)
    bench(tmp_path, "--only", "data")
    with (tmp_path / "results.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["set"] for line in lines] == [
        *("training", "overhead", "memory", "machine", "inference", "inference_memory"),
        *("settings_steps", "settings_epochs", "block_convolution", "startup", "sweeps"),
        *("data", "scaling_counts", "scaling_sides", "grid", "accuracy"),
        "data",
    ]


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("--only=nothing", "choose some of training, inference"),
        ("--folder=nowhere", "there is no such folder; give one with image files"),
        (f"--folder={ROOT}/conf", "it must hold image files, and no others"),
        ("--rounds=0", "--rounds=0: it must be at least 1"),
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
