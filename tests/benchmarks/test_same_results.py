import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import same_results
from benchmarks.rounds import ROOT

RECORD = dict.fromkeys(same_results.COMPARED)


def records(folder: Path, **runs: float) -> same_results.Records:
    for name, psnr in runs.items():
        (folder / f"grid/data/{name}").mkdir(parents=True)
        record = {**RECORD, "metrics": {"test_psnr": psnr}, "durations": {"fit_s": psnr}}
        (folder / f"grid/data/{name}/metrics.json").write_text(json.dumps(record))
    return same_results.read(folder)


def test_a_difference_in_the_last_bit_is_found(tmp_path: Path) -> None:
    before = records(tmp_path / "before", one=28.0, two=28.0, gone=1.0)
    now = records(tmp_path / "now", one=28.0, two=28.000000000000004, new=1.0)
    assert same_results.differences(before, now) == {
        "grid/data/gone": ["a missing run"],
        "grid/data/new": ["a missing run"],
        "grid/data/one": [],
        "grid/data/two": ["metrics"],
    }


def test_how_long_a_run_took_is_no_difference(tmp_path: Path) -> None:
    before, now = records(tmp_path / "a", run=1.0), records(tmp_path / "b", run=1.0)
    path = tmp_path / "b/grid/data/run/metrics.json"
    path.write_text(path.read_text().replace('"fit_s": 1.0', '"fit_s": 2.0'))
    assert same_results.read(tmp_path / "b") == now
    assert same_results.differences(before, now) == {"grid/data/run": []}


@pytest.mark.slow
def test_a_commit_with_another_first_weight_differs(tmp_path: Path) -> None:
    # A checkout of its own, where the commit before the last has started its networks elsewhere.
    for name in ("srcnn_lightning", "conf", "benchmarks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    seed = tmp_path / "conf/config.yaml"
    now = seed.read_text()
    for text in (now.replace("seed: 0", "seed: 1", 1), now):
        seed.write_text(text)
        for command in ("init", "add .", "-c user.name=a -c user.email=a commit -qm a"):
            subprocess.run(["git", "-C", str(tmp_path), *command.split()], check=True)
    found = subprocess.run(
        [sys.executable, "-m", "benchmarks.same_results", "HEAD~1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1, found.stderr
    assert "17 runs before, 17 now" in found.stdout
    lines = found.stdout.splitlines()
    changed = "metrics, history, per_image"
    assert f"lr_grid/dead_leaves-antialiased-x2/lr=0.001: differs in {changed}" in lines
    assert "ablation/dead_leaves-antialiased-x2/variant=bicubic: equal" in lines
