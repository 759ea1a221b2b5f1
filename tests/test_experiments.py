"""Each experiment's own command, with a tiny budget: its jobs, its folders, its table."""

import json
import re
from pathlib import Path

import pytest
from conftest import TINY, Command
from omegaconf import OmegaConf

EXPERIMENTS = Path(__file__).resolve().parent.parent / "conf/experiment"
JOBS = {
    "lr_grid": 5,
    "tanh": 6,
    "batch_norm": 6,
    "l2": 6,
    "baselines": 3,
    "ablation": 12,
    "recipe": 7,  # of one seed
    "models": 11,
    "weights": 3,
}

FITTING = {  # patches that fit tiny images, or images that fit a recipe's patches
    "recipe": ("data.crop=96", "data.target_size=96", "trainer.max_epochs=1", "seed=0"),
    "models": ("data.patch_size=16", "data.batch_size=1", "data.steps_per_epoch=1"),
    "weights": (
        *("data.patch_size=24", "data.batch_size=1", "data.steps_per_epoch=1"),
        "data.split=[0.6,0.2,0.2]",
    ),
}


def records(outputs: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted(outputs.rglob("metrics.json"))]


def test_experiments_are_all_tried() -> None:
    assert {path.stem for path in EXPERIMENTS.glob("*.yaml")} == set(JOBS)


@pytest.mark.parametrize(
    "name",
    [name if name == "lr_grid" else pytest.param(name, marks=pytest.mark.slow) for name in JOBS],
)
def test_experiment_command_runs_its_jobs(name: str, command: Command, tmp_path: Path) -> None:
    header, line = (EXPERIMENTS / f"{name}.yaml").read_text().splitlines()[:2]
    # In the other order Hydra ignores the header and runs one default job.
    assert header == "# @package _global_"
    match = re.fullmatch(r"# python -m srcnn_lightning (.*)", line)
    assert match
    arguments = match[1].split()
    assert "-m" in arguments
    result = command(*arguments, "data=dead_leaves", *TINY, *FITTING.get(name, ()))
    assert result.returncode == 0, result.stderr
    found = records(tmp_path / "outputs" / name)
    assert len(found) == JOBS[name]
    assert len({record["hash"] for record in found}) == JOBS[name]
    assert {record["status"] for record in found} <= {"finished", "diverged"}


def test_experiments_sweep_without_the_flag() -> None:
    contents = [OmegaConf.load(path) for path in EXPERIMENTS.glob("*.yaml")]
    assert [content.hydra.mode for content in contents] == ["MULTIRUN"] * len(JOBS)


def test_experiment_sweeps_without_the_flag(command: Command, tmp_path: Path) -> None:
    result = command("+experiment=baselines", "data=dead_leaves", *TINY)
    assert result.returncode == 0, result.stderr
    assert len(records(tmp_path / "outputs")) == 3


def test_experiment_takes_seeds_and_a_smaller_list(command: Command, tmp_path: Path) -> None:
    arguments = ("-m", "+experiment=l2", "data=dead_leaves", *TINY)
    result = command(*arguments, "seed=0,1", "optimizer.weight_decay=0.1")
    assert result.returncode == 0, result.stderr
    found = records(tmp_path / "outputs/l2")
    assert [record["name"] for record in found] == [
        "weight_decay=0.1,seed=0",
        "weight_decay=0.1,seed=1",
    ]
    assert found[0]["split"] == found[1]["split"]
    assert found[0]["history"] != found[1]["history"]


@pytest.mark.slow
def test_ablation_rows_differ_in_one_thing(command: Command, tmp_path: Path) -> None:
    result = command("+experiment=ablation", "data=dead_leaves", *TINY, "-m")
    assert result.returncode == 0, result.stderr
    configs = {r["variant"]: r["config"] for r in records(tmp_path / "outputs")}
    base = configs["base"]
    assert base["model"]["init"] == "default"
    changed = {
        "identity": ("model", "init", "identity"),
        "tanh": ("model", "output_activation", "tanh"),
        "batch_norm": ("model", "batch_norm", True),
        **{f"l2_1e-{n}": ("optimizer", "weight_decay", 10.0**-n) for n in range(2, 7)},
    }
    for variant, (group, key, value) in changed.items():
        expected = json.loads(json.dumps(base))
        expected[group][key] = value
        expected["variant"] = variant
        assert configs[variant] == expected
    table = command("outputs", verb="table")
    assert table.returncode == 0, table.stderr
    ablation, factors = table.stdout.split("**L2 factors, ")
    labels = re.findall(r"^\| (.*?) +\|", ablation, re.MULTILINE)[2:]
    assert labels[0] == "Basic SRCNN"
    assert labels[1].startswith("+ Regularization (")
    assert labels[2:] == [
        "+ Tanh",
        "+ Batch Norm",
        "Bicubic",
        "Bilinear",
        "Nearest neighbor",
        "SRCNN, identity start (ours)",
    ]
    every = re.findall(r"^\| (.*?) +\|", factors, re.MULTILINE)[2:]
    numbers = ("1e-06", "1e-05", "0.0001", "0.001", "0.01")
    assert every == [f"+ Regularization ({number})" for number in numbers]
    assert "missing" not in table.stdout
