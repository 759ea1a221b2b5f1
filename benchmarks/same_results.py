"""Does this checkout give the same results as an earlier commit, to the last bit?

`python -m benchmarks.same_results COMMIT` runs the learning-rate grid and the ablation with both
on ten built-in images, for two epochs and with one thread. It compares metrics, history and the
figures of each test image. Bits differ from processor to processor, so both run on this machine.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.rounds import ROOT, extract, python

EXPERIMENTS = ("lr_grid", "ablation")
SETTINGS = (
    *("data=dead_leaves", "data.count=10"),
    *("trainer=cpu", "trainer.max_epochs=2", "trainer.threads=1"),
)
COMPARED = ("status", "metrics", "history", "per_image", "parameters", "split")
Records = dict[str, dict[str, Any]]


def run(checkout: Path, outputs: Path) -> Records:
    """Run the experiments with the package of a checkout; returns each run's compared values."""
    common = [*SETTINGS, f"output_dir='{outputs}'", f"data.cache_dir='{outputs}/cache'"]
    for experiment in EXPERIMENTS:
        arguments = [f"+experiment={experiment}", *common, "-m"]
        python("-m", "srcnn_lightning", *arguments, package=checkout)
    return read(outputs)


def read(outputs: Path) -> Records:
    """Compared values of each run, by its folder below `outputs`."""
    found = {}
    for path in sorted(outputs.glob("*/*/*/metrics.json")):
        record = json.loads(path.read_text())
        found[str(path.parent.relative_to(outputs))] = {key: record[key] for key in COMPARED}
    return found


def differences(before: Records, now: Records) -> dict[str, list[str]]:
    """What differs in each run: names of compared values, or that the run is missing."""
    return {
        name: [key for key in COMPARED if before[name][key] != now[name][key]]
        if name in before and name in now
        else ["a missing run"]
        for name in sorted({*before, *now})
    }


def main() -> None:
    """Print a line for each run; exits with 1 where a run differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.same_results", description=__doc__)
    parser.add_argument("commit", help="the earlier one")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        try:
            extract(parser.parse_args().commit, folder / "checkout")
        except ValueError as error:
            parser.error(str(error))
        before = run(folder / "checkout", folder / "before")
        now = run(ROOT, folder / "now")
    found = differences(before, now)
    for name, keys in found.items():
        print(f"{name}: {'differs in ' + ', '.join(keys) if keys else 'equal'}")
    different = sum(map(bool, found.values()))
    print(f"{len(before)} runs before, {len(now)} now, {different} different")
    sys.exit(0 if found and not different else 1)


if __name__ == "__main__":
    main()
