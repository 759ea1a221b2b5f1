"""Times of inference, measured anew and written into run records."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from commands import run

from benchmarks.rounds import ROOT
from srcnn_lightning import run_record

TINY = (
    *("data=dead_leaves", "data.count=5", "data.split=[0.6,0.2,0.2]"),
    *("data.crop=64", "data.target_size=48", "trainer.max_epochs=1", "trainer.accelerator=cpu"),
)
SMALL = "model.kernel_sizes=[3,1,3]"


def measure(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.inference_time", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of two seeds of a network, of another size of it, and of bicubic."""
    folder = tmp_path_factory.mktemp("inference_time")
    for settings in (
        [SMALL, "model.features=[4,3]", "seed=0,1", "-m"],
        [SMALL, "model.features=[32,16]"],
        ["model=bicubic"],
    ):
        done = run(folder, *TINY, *settings)
        assert done.returncode == 0, done.stderr
    return folder / "outputs"


def records(outputs: Path) -> dict[str, run_record.Record]:
    found = {folder.name: run_record.read(folder) for folder in run_record.find(outputs)}
    return {name: record for name, record in found.items() if record is not None}


@pytest.mark.slow
def test_times_are_written_with_their_device_and_nothing_else_changes(outputs: Path) -> None:
    before = records(outputs)
    done = measure(outputs, "--rounds=1", "--threads=1", "--device=cpu")
    assert (done.returncode, done.stderr) == (0, "")
    after = records(outputs)
    devices = {record["cost"]["time_device"] for record in after.values()}
    assert len(after) == 4
    for name, record in after.items():
        cost = record["cost"]
        assert 0 < cost["seconds_per_megapixel"] < 100
        assert cost["seconds_per_megapixel"] != before[name]["cost"]["seconds_per_megapixel"]
        assert cost["time_device"].startswith("cpu (")
        assert cost["time_device"].endswith(", 1 thread)")
        assert (cost["input_height"], cost["input_width"]) == (360, 640)
        changed = ("seconds_per_megapixel", "time_device")
        for one in (before[name], record):
            one["cost"] = {key: one["cost"].get(key) for key in cost if key not in changed}
        assert record == before[name]
    # The table says what was written, and where it was measured.
    table = run(outputs.parent, "--format=csv", verb="table")
    rows = list(csv.DictReader(io.StringIO(table.stdout)))
    assert {row["time_device"] for row in rows} == devices


@pytest.mark.slow
def test_seeds_of_one_network_share_a_time_and_a_larger_network_takes_longer(
    outputs: Path,
) -> None:
    done = measure(outputs, "--rounds=3", "--threads=1", "--device=cpu")
    lines = done.stdout.splitlines()
    assert len(lines) == 4  # the device and three networks
    seconds = {
        name.rpartition("features=")[2]: record["cost"]["seconds_per_megapixel"]
        for name, record in records(outputs).items()
    }
    assert seconds["4-3,seed=0"] == seconds["4-3,seed=1"]
    # 32 features multiply 8 times as much in the first layer.
    assert seconds["32-16"] > seconds["4-3,seed=0"]
    assert f"{1e3 * seconds['32-16']:.2f} ms/megapixel" in done.stdout


@pytest.mark.slow
def test_runs_of_several_scales_have_a_time_for_each(tmp_path: Path) -> None:
    model = ("model=mdsr", "model.blocks=1", "model.features=4", "degradation.scale=[2,3]")
    done = run(tmp_path, *TINY, *model, "recipe=modern", "data.patch_size=12")
    assert done.returncode == 0, done.stderr
    assert measure(tmp_path / "outputs", "--rounds=1").returncode == 0
    found = records(tmp_path / "outputs")
    assert {*found} > {"x2", "x3"}
    inputs = {name: found[name]["cost"]["input_width"] for name in ("x2", "x3")}
    assert inputs == {"x2": 640, "x3": 426}
    assert all("time_device" in found[name]["cost"] for name in inputs)


@pytest.mark.slow
def test_damaged_checkpoint_is_named_and_the_others_are_measured(outputs: Path) -> None:
    damaged = next(outputs.rglob("*features=32-16/checkpoints/best.ckpt"))
    content = damaged.read_bytes()
    damaged.write_bytes(b"nothing")
    done = measure(outputs, "--rounds=1", "--threads=1")
    damaged.write_bytes(content)
    assert done.returncode == 0
    assert done.stderr.startswith("Left out: ")
    assert done.stderr.count("\n") == 1
    assert str(damaged) in done.stderr
    assert done.stdout.count("ms/megapixel") == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), "OUTPUTS=nowhere: it holds no finished run with checkpoints/best.ckpt"),
        (("nowhere", "--rounds=0"), "0: give a whole number of at least 1"),
    ],
)
def test_bad_options_are_refused(arguments: tuple[str, ...], words: str) -> None:
    done = measure(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
