"""Split files, caches and what other sweeps have left: they run nothing and name no other files."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Command
from hostile import CANARY, TOUCH, Reduced, contents, write_modules
from kills import LEAVES
from report_outputs import TEST_IMAGES, write_pictures

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "../images/a.png"])
@pytest.mark.parametrize("kind", ["dead_leaves", "folder", "div2k"])
def test_split_file_names_images_of_the_source_alone(
    kind: str, name: str, command: Command, tmp_path: Path
) -> None:
    write_modules(tmp_path)
    for folder in ("images", "DIV2K_valid_HR"):
        write_pictures(tmp_path / folder, 7)
        shutil.copy(tmp_path / folder / TEST_IMAGES[0], tmp_path / folder / "a.png")
    known = {"dead_leaves": "dead_leaves_0001", "folder": TEST_IMAGES[1], "div2k": TEST_IMAGES[1]}
    other = {"dead_leaves": "dead_leaves_0002", "folder": TEST_IMAGES[2], "div2k": TEST_IMAGES[2]}
    content: dict = {"train": [known[kind]], "val": [other[kind]], "test": [name]}
    if name.startswith("/"):  # a record in a split file's place
        model = {"_target_": "planted.Neighbour"}
        content = {"format": 1, "config": {"model": model}, "split": content}
    (tmp_path / "split.json").write_text(json.dumps(content))
    root = {"dead_leaves": None, "folder": "images", "div2k": "."}[kind]
    source = [f"data={kind}", *([f"data.root={root}"] if root else [])]
    before = contents(tmp_path)
    done = command(*LEAVES[1:], *source, "data.split_file=split.json")
    assert done.returncode == 2
    assert done.stderr.startswith(f"data.split_file=split.json: {name} is not among the ")
    assert len(done.stderr.splitlines()) == 1
    assert contents(tmp_path) == before


def test_pickled_cache_is_made_anew(command: Command, tmp_path: Path) -> None:
    assert command(*LEAVES).returncode == 0
    caches = sorted(tmp_path.rglob("*.npy"))
    assert len(caches) == 2  # targets and inputs
    whole = [cache.read_bytes() for cache in caches]
    for cache in caches:
        with cache.open("wb") as file:
            np.save(file, np.array([Reduced()], dtype=object), allow_pickle=True)
    again = command(*LEAVES, "rerun=true")
    assert again.returncode == 0, again.stderr
    assert not (tmp_path / CANARY).exists()
    assert [cache.read_bytes() for cache in caches] == whole


@pytest.mark.parametrize(
    "plan",
    [
        {"jobs": 1, "workers": 1, "process": f"{os.uname().nodename}/../../x"},
        {"jobs": 1, "workers": 1, "process": f"{os.uname().nodename}/{10**30}"},
        {"jobs": 1, "workers": 1, "process": ["os.system"]},
        {"_target_": "planted.Neighbour"},
        ["planted.Neighbour"],
    ],
)
def test_files_of_another_sweep_run_nothing(plan: Any, command: Command, tmp_path: Path) -> None:
    write_modules(tmp_path)
    planted = tmp_path / "outputs/.state/sweeps/planted"
    planted.mkdir(parents=True)
    (planted / "sweep.json").write_text(json.dumps(plan))
    (planted / "refused.txt").write_text("No.")
    (planted / "000000.json").write_text(json.dumps({"_target_": "os.system", "command": TOUCH}))
    (tmp_path / "outputs/.state/sweeps/link").symlink_to(tmp_path)
    before = contents(tmp_path)
    (tmp_path / "sweep.json").write_text(
        json.dumps({"jobs": 1, "workers": 1, "process": f"{os.uname().nodename}/{2**22}"})
    )
    done = command(*LEAVES, "model=bicubic", "-m", "seed=0,1")
    assert done.returncode == 0, done.stderr
    assert "2 jobs: 2 finished" in done.stdout
    assert "No." not in done.stdout + done.stderr
    assert not (tmp_path / CANARY).exists()
    assert before.items() <= contents(tmp_path).items()
