"""Which run records may stand in one table or figure."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from srcnn_lightning import run_record
from srcnn_lightning.errors import BadInput
from srcnn_lightning.report.record_schema import fault
from srcnn_lightning.run_record import Record

VARIED = ("name", "init", "batch_norm", "output_activation")  # what rows of one table differ in


def read_all(outputs: Path) -> tuple[list[Record], list[str]]:
    """Every readable record below `outputs`, each run once, with its `folder` and `outputs`.

    Returns:
        The records, and a sentence for each that is broken, or of another format, and left out.

    Raises:
        BadInput: the folder is missing or holds no record.
    """
    if not outputs.is_dir():
        raise BadInput(f"OUTPUTS={outputs}: there is no such folder; give one that holds runs.")
    records: dict[tuple[str, str], Record] = {}
    left_out = []
    for folder in run_record.find(outputs):
        try:
            found = run_record.read(folder) or {}
            what = fault(found)
        except (ValueError, OSError, RecursionError) as error:
            found, what = {}, str(error)
        if what is not None:
            left_out.append(f"Left out: {folder / run_record.FILE_NAME} ({what}).")
            continue
        key = (found["experiment"], found["hash"])
        if key not in records or records[key]["status"] != "finished":
            records[key] = {**found, "folder": folder, "outputs": outputs}
    if not records:
        reasons = " ".join(["", *left_out])
        raise BadInput(
            f"OUTPUTS={outputs}: it holds no run records; train something first.{reasons}"
        )
    return list(records.values()), left_out


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
    start = config.get("init_from")
    return (*optimizer, *trainer, config["data"]["batch_size"], start, *sorted(network))


def flat_settings(found: Record) -> dict[str, str | float | None]:
    """What tells runs of the same images apart, but for the seed: flat, lists as text."""
    config = found["config"]
    flat: dict[str, Any] = {f"model.{key}": value for key, value in config["model"].items()}
    flat.pop("model.name", None)
    if is_trained(found):
        flat |= {f"optimizer.{key}": value for key, value in config["optimizer"].items()}
        flat["data.batch_size"] = config["data"]["batch_size"]
        flat["trainer.max_epochs"] = config["trainer"]["max_epochs"]
        flat["init_from"] = config.get("init_from")
    flat["trainer.precision"] = config["trainer"]["precision"]
    return {
        key: value if isinstance(value, int | float | None) else str(value)
        for key, value in flat.items()
    }


def seed_group_key(found: Record) -> tuple[Any, ...]:
    """Runs that share it differ in nothing but their seed."""
    return (images_key(found), *sorted(flat_settings(found).items()))


def ablations(records: Sequence[Record]) -> list[list[Record]]:
    """Records of variants, one list for each table; the baselines of its images stand in each."""
    # A seed that another experiment has trained is one of the row's seeds.
    rows = {seed_group_key(found): found["variant"] for found in records if found["variant"]}
    named = [
        {**found, "variant": found["variant"] or rows[seed_group_key(found)]}
        for found in records
        if seed_group_key(found) in rows
    ]
    # By hash: a run of two experiments is one run.
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
