"""Which run records may stand in one table or figure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from srcnn_lightning import record
from srcnn_lightning.errors import BadInput
from srcnn_lightning.record import Record

NEEDED = ("name", "experiment", "variant", "data", "data_hash", "hash", "config", "split", "status")
STATUSES = ("finished", "diverged", "failed")
VARIED = ("name", "init", "batch_norm", "output_activation")  # what rows of one table differ in


def read_all(outputs: Path) -> tuple[list[Record], list[str]]:
    """Every readable record below `outputs`, each run once, with its `folder`.

    Returns:
        The records, and a sentence for each that is broken, or of another format, and left out.

    Raises:
        BadInput: the folder is missing or holds no record.
    """
    if not outputs.is_dir():
        raise BadInput(f"OUTPUTS={outputs}: there is no such folder; give one that holds runs.")
    records: dict[tuple[str, str], Record] = {}
    left_out = []
    for folder in record.find(outputs):
        try:
            found = record.read(folder)
            if found is None:
                continue
            _check(found)
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            what = f"it lacks {error}" if isinstance(error, KeyError) else error
            left_out.append(f"Left out: {folder / record.FILE_NAME} ({what}).")
            continue
        key = (found["experiment"], found["hash"])
        if key not in records or records[key]["status"] != "finished":
            records[key] = {**found, "folder": folder}
    if not records:
        reasons = " ".join(["", *left_out])
        raise BadInput(
            f"OUTPUTS={outputs}: it holds no run records; train something first.{reasons}"
        )
    return list(records.values()), left_out


def _check(found: Record) -> None:
    """Raise what a table or figure would raise over a record that lacks something."""
    for key in NEEDED:
        found[key]
    images_key(found), training_key(found)
    if not all(isinstance(found["split"][part], list) for part in ("train", "val", "test")):
        raise ValueError("its split holds no lists of images")
    _numbers("its seed", [found["config"]["seed"]])
    if found["status"] not in STATUSES:
        raise ValueError(f"its status is {found['status']!r}")
    history = found.get("history", [])
    _numbers("its epochs", [epoch["epoch"] for epoch in history])
    for curve in ("val_loss", "val_psnr"):
        _numbers(f"its history of {curve}", [epoch[curve] for epoch in history], or_none=True)
    if found["status"] == "finished":
        found["parameters"]
        _numbers("its metrics", found["metrics"].values(), or_none=True)
        _numbers("its test PSNR", [found["metrics"]["test_psnr"]], or_none=True)
        for image in found["per_image"]:
            _numbers(f"its PSNR of {image['name']}", [image["psnr"]], or_none=True)


def _numbers(what: str, values: Iterable[Any], or_none: bool = False) -> None:
    for value in values:
        if not isinstance(value, int | float) and not (or_none and value is None):
            raise ValueError(f"{what}: {value!r} is no number")


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


def ablations(records: Sequence[Record]) -> list[list[Record]]:
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


def sweeps(records: Sequence[Record]) -> list[list[Record]]:
    """Records of the other experiments, by experiment, images, epochs and batch size."""
    groups = defaultdict(list)
    for found in records:
        if not found["variant"]:
            config = found["config"]
            length = (config["trainer"]["max_epochs"], config["data"]["batch_size"])
            groups[found["experiment"], images_key(found), length].append(found)
    return list(groups.values())
