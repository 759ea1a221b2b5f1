"""What do 10,000 runs cost: `table`, `report`, and a sweep that skips them all?

One run is trained in earnest. The others are its record under other learning rates and seeds, in
the folders and with the hashes that a sweep of them would give, so that the sweep skips them:

    python -m benchmarks.many_runs FOLDER --runs 10000
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import open_dict

from srcnn_lightning import run_record
from srcnn_lightning.cli import hydra_setup
from srcnn_lightning.cli.train import plan_job
from srcnn_lightning.config import CONF
from srcnn_lightning.runs.identity import identify
from srcnn_lightning.runs.naming import run_name
from srcnn_lightning.runs.plan import Plan

SEEDS = 10
PARTS = ("table", "report", "skip")
SETTINGS = (
    *("data=dead_leaves", "data.count=30", "data.split=[0.1,0.2,0.7]"),  # 21 test images
    *("data.crop=64", "data.target_size=32", "trainer=cpu", "trainer.threads=1", "logger=none"),
    *("trainer.max_epochs=100", "experiment_name=many"),
)


def main() -> None:
    """Make the runs where there are none yet, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=10_000, help="a multiple of 10")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    os.chdir(options.folder)
    rates = [f"{number}e-6" for number in range(100, 100 + options.runs // SEEDS)]
    grid = [f"optimizer.lr={','.join(rates)}", f"seed=range(0,{SEEDS})"]
    if not Path("outputs").exists():
        measure("one trained run", *SETTINGS, f"optimizer.lr={rates[0]}", "seed=0", "-m")
        multiply(rates)
    commands = {
        "table": ["table", "outputs", "--output", "table.md"],
        "report": ["report", "outputs", "--output", "report"],
        "skip": [*SETTINGS, *grid, "-m"],
    }
    for part in options.only:
        measure(f"{part}, {options.runs} runs", *commands[part])


def multiply(rates: list[str]) -> None:
    """Write the record of the trained run under every rate and seed."""
    (trained,) = run_record.find(Path("outputs"))
    record = run_record.read(trained)
    assert record is not None
    plan = compose_plan(f"optimizer.lr={rates[0]}", "seed=0")
    assert plan.identity.hash == record["hash"]
    for rate in rates:
        for seed in range(SEEDS):
            write_copy(record, plan, rate, seed)


def write_copy(record: dict[str, Any], plan: Plan, rate: str, seed: int) -> None:
    """Write the record of one run as if it had been trained."""
    optimizer = {**plan.config.optimizer, "lr": float(rate)}
    config = replace(plan.config, optimizer=optimizer, seed=seed)
    identity = identify(config, plan.source, plan.split)
    name = run_name([f"optimizer.lr={rate}", f"seed={seed}"], "")
    values = {**record["config"], "optimizer": optimizer, "seed": seed}
    # Means that differ by the seed, as those of real runs do.
    metrics = {key: value + seed / 100 for key, value in record["metrics"].items()}
    changed = {"name": name, "hash": identity.hash, "lineage": identity.lineage}
    content = {**record, **changed, "config": values, "metrics": metrics}
    run_record.write(plan.folder.with_name(name), content)


def compose_plan(*overrides: str) -> Plan:
    """The plan of the command with these overrides."""
    hydra_setup.register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        composed = compose("config", [*SETTINGS, *overrides], return_hydra_config=True)
    HydraConfig.instance().set_config(composed)  # for settings that name ${hydra:...}
    hydra_config = composed.hydra
    with open_dict(composed):
        del composed["hydra"]
    return plan_job(composed, hydra_config)


def measure(title: str, *arguments: str) -> None:
    """Run the program, and print its seconds and the most memory that it has used."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "srcnn_lightning", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9
    print(
        f"{title}: {seconds:.1f} s ({usage.ru_utime + usage.ru_stime:.1f} s of CPU time), "
        f"{peak:.2f} GB, status {os.waitstatus_to_exitcode(status)}",
        flush=True,
    )


if __name__ == "__main__":
    main()
