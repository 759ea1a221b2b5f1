"""What makes two runs the same: a hash over all that changes a run's figures."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from srcnn_lightning import files, hardware, run_record
from srcnn_lightning.data.sources import Source
from srcnn_lightning.data.split import Split
from srcnn_lightning.run_record import RESULTS_VERSION, UNNAMED_VERSION, VERSION_KEY

# Settings that change where a run is kept or shown, not what it gives.
UNHASHED = (
    "experiment_name",
    "variant",
    "logger",
    "output_dir",
    "name_keys",
    "rerun",
    "prepare_only",
)
# The images of each part are hashed, so how they were found and chosen need not be.
UNHASHED_DATA = (
    "name",
    "root",
    "cache_dir",
    "subset",
    "url",
    "split_file",
    "split",
    "count",
    "seed",
    "on_device",
)


@dataclass(frozen=True)
class Identity:
    """Two digests of a run.

    Attributes:
        hash: of all that changes its figures.
        lineage: of the same but the number of epochs: runs that share it are one run, cut off at
            different epochs.
    """

    hash: str
    lineage: str


def identify(settings: dict[str, Any], source: Source, split: Split) -> Identity:
    """Of a resolved configuration, the images it names, and the device it would use here."""
    lineage = files.digest([RESULTS_VERSION, _hashed(settings), image_identities(source, split)])
    return Identity(files.digest([lineage, settings["trainer"]["max_epochs"]]), lineage)


def describe_difference(before: run_record.Record, now: dict[str, Any]) -> str:
    """What makes a run another than the one before, `optimizer.lr=0.1, now 0.01`.

    Args:
        before: the earlier run's record.
        now: the resolved configuration.
    """
    shown = [describe_version_difference(before)]
    # Without the weights that training starts from: `before` is a record's, and may name any file.
    with suppress(KeyError):  # a configuration of another version
        old, new = (
            dict(_leaves({**_described(settings), "epochs": settings["trainer"]["max_epochs"]}))
            for settings in (before["config"], now)
        )
        keys = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
        shown += [f"{key}={old.get(key)}, now {new.get(key)}" for key in keys[:3]]
    return "; ".join(filter(None, shown)) or "other images, weights or device"


def describe_version_difference(before: dict[str, Any]) -> str:
    """That the program which left a record, or a checkpoint's state, gave other results, if so."""
    version = before.get(VERSION_KEY, UNNAMED_VERSION)
    if version == RESULTS_VERSION:
        return ""
    return (
        f"another version of this program gave other results: version {version}, "
        f"now {RESULTS_VERSION}"
    )


def _hashed(settings: dict[str, Any]) -> dict[str, Any]:
    """What of a configuration changes a run's figures, but for the number of its epochs."""
    kept = _described(settings)
    if settings["init_from"]:
        kept["init_from"] = _content(Path(str(settings["init_from"])))
    return kept


def _described(settings: dict[str, Any]) -> dict[str, Any]:
    """The same by the path of the weights that training starts from, not by their content.

    Names of models are left out as well: `model.name` is for tables.
    """
    kept = {key: value for key, value in settings.items() if key not in UNHASHED}
    kept["data"] = {k: v for k, v in settings["data"].items() if k not in UNHASHED_DATA}
    kept["model"] = {k: v for k, v in settings["model"].items() if k != "name"}
    trainer = settings["trainer"]
    device = hardware.device_type(trainer["accelerator"])
    kept["trainer"] = {
        "device": device,
        "devices": trainer["devices"],
        "precision": trainer["precision"],
        "deterministic": trainer["deterministic"],
        "channels_last": trainer["channels_last"],
        "compile": trainer["compile"],
        # A setting of an earlier version; without it, earlier runs would have other hashes.
        "cuda_graph": trainer.get("cuda_graph", False),
        "tf32": trainer["tf32"] if device == "cuda" else None,
        # A sum's order, and with it its last bits, depends on the threads that share it.
        "threads": trainer["threads"] if device == "cpu" else None,
    }
    return kept


def _leaves(content: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value


def image_identities(source: Source, split: Split) -> dict[str, list[list[Any]]]:
    """What tells these images and their split from others: names, sizes, times."""
    return {
        part: [[name, *source.identity[name]] for name in names]
        for part, names in split.as_dict().items()
    }


def _content(checkpoint: Path) -> str:
    with checkpoint.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
