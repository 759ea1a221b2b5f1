"""Which run records may stand in one table."""

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from srcnn_lightning import record
from srcnn_lightning.errors import BadInput
from srcnn_lightning.record import Record

NEEDED = ("name", "experiment", "variant", "data", "data_hash", "hash", "config", "split", "status")
VARIED = ("name", "init", "batch_norm", "output_activation")  # what rows of one table differ in


def read_all(outputs: Path) -> list[Record]:
    """Every readable record below `outputs`, each run once; a broken one is named and left out.

    Raises:
        BadInput: the folder is missing or holds no record.
    """
    if not outputs.is_dir():
        raise BadInput(f"OUTPUTS={outputs}: there is no such folder; give one that holds runs.")
    records: dict[tuple[str, str], Record] = {}
    for folder in record.find(outputs):
        try:
            found = record.read(folder)
        except ValueError as error:
            print(f"Left out: {folder / record.FILE_NAME} ({error}).", file=sys.stderr)
            continue
        if found is None:
            continue
        try:
            _check(found)
        except (KeyError, TypeError) as error:
            path = folder / record.FILE_NAME
            print(f"Left out: {path} (it lacks {error}).", file=sys.stderr)
            continue
        key = (found["experiment"], found["hash"])
        if key not in records or records[key]["status"] != "finished":
            records[key] = found
    if not records:
        raise BadInput(f"OUTPUTS={outputs}: it holds no run records; train something first.")
    return list(records.values())


def _check(found: Record) -> None:
    """Raise what a table would raise over a record that lacks something."""
    for key in NEEDED:
        found[key]
    images_key(found), training_key(found), found["config"]["seed"]
    if found["status"] == "finished":
        found["metrics"]["test_psnr"], found["parameters"]


def is_trained(found: Record) -> bool:
    """False for the baselines."""
    return not str(found["config"]["model"]["_target_"]).endswith(".Interpolation")


def images_key(found: Record) -> tuple[Any, ...]:
    """Runs that share it saw the same images, cut and degraded the same way."""
    config = found["config"]
    cut = (config["data"]["crop"], config["data"]["target_size"])
    return (found["data"], found["data_hash"], *cut, *sorted(config["degradation"].items()))


def training_key(found: Record) -> tuple[Any, ...]:
    """Trained runs of one table share it as well: the network, its step size and how long."""
    config = found["config"]
    optimizer = (config["optimizer"]["_target_"], config["optimizer"]["lr"])
    trainer = (config["trainer"]["max_epochs"], config["trainer"]["precision"])
    network = [(key, str(value)) for key, value in config["model"].items() if key not in VARIED]
    return (*optimizer, *trainer, config["data"]["batch_size"], *sorted(network))


def ablations(records: list[Record]) -> list[list[Record]]:
    """Records of variants, one list for each table; the baselines of its images stand in each."""
    # By hash: a run of two experiments is one run.
    named = [found for found in records if found["variant"]]
    variants = list({(found["variant"], found["hash"]): found for found in named}.values())
    trained = defaultdict(list)
    baselines = defaultdict(list)
    for found in variants:
        if is_trained(found):
            trained[images_key(found), training_key(found)].append(found)
        else:
            baselines[images_key(found)].append(found)
    tables = [[*baselines[images], *runs] for (images, _), runs in trained.items()]
    with_networks = {images for images, _ in trained}
    return tables + [runs for images, runs in baselines.items() if images not in with_networks]


def sweeps(records: list[Record]) -> list[list[Record]]:
    """Records of the other experiments, by experiment, images, epochs and batch size."""
    groups = defaultdict(list)
    for found in records:
        if not found["variant"]:
            config = found["config"]
            length = (config["trainer"]["max_epochs"], config["data"]["batch_size"])
            groups[found["experiment"], images_key(found), length].append(found)
    return list(groups.values())
