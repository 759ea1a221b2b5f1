"""What makes two runs the same: a digest of everything that changes a run's results."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from srcnn_lightning import files, hardware, old_records
from srcnn_lightning.config import SCHEDULES_OF_A_LENGTH, Config
from srcnn_lightning.data.sources import Source
from srcnn_lightning.data.split import Split
from srcnn_lightning.run_record import RESULTS_VERSION

# These settings change where a run is kept or shown, and no result.
UNHASHED = (
    "experiment_name",
    "recipe",
    "variant",
    "logger",
    "output_dir",
    "name_keys",
    "rerun",
    "prepare_only",
    "check",
)
# The images of each part are hashed themselves, so how they were found and chosen is not.
UNHASHED_DATA = (
    "name",
    "root",
    "hr_root",
    "lr_root",
    "cache_dir",
    "subset",
    "url",
    "split_file",
    "split",
    "count",
    "seed",
    "on_device",
    "eval_batch_size",
)
# The device stands for `accelerator`; the number of epochs is no part of the lineage.
UNHASHED_TRAINER = (
    "accelerator",
    "max_epochs",
    "keep_memory",
    "checkpoint_epochs",
    "jobs_per_gpu",
    "profiler",
)


@dataclass(frozen=True)
class Identity:
    """Two digests of a run.

    Attributes:
        hash: digest of everything that changes the run's results.
        lineage: the same without the number of epochs. Runs of one lineage are one run, ended after
            different epochs.
    """

    hash: str
    lineage: str


def identify(config: Config, source: Source, split: Split) -> Identity:
    """The identity of a run with these images, on the device that it would use here."""
    settings = _described(asdict(config))
    for key, earlier in old_records.TRANSLATIONS.items():
        if earlier.added_in == RESULTS_VERSION:  # runs trained before the setting stay trained
            group, name = old_records.place(settings, key.removeprefix("config."))
            if group is not None and group[name] == earlier.default:
                del group[name]
    if config.init_from:
        with Path(config.init_from).open("rb") as file:
            settings["init_from"] = file_digest(file, "sha256").hexdigest()
    if vgg_weights := config.task.get("vgg_weights"):
        with suppress(OSError), Path(vgg_weights).expanduser().open("rb") as file:
            settings["task"]["vgg_weights"] = file_digest(file, "sha256").hexdigest()
    if config.schedule["name"] in SCHEDULES_OF_A_LENGTH:
        settings["max_epochs"] = config.trainer.max_epochs
    lineage = files.digest([RESULTS_VERSION, settings, image_identities(source, split)])
    return Identity(files.digest([lineage, config.trainer.max_epochs]), lineage)


def image_identities(source: Source, split: Split) -> dict[str, list[list[Any]]]:
    """For each part of the split: name, size and time of each image."""
    return {
        part: [[name, *source.identity[name]] for name in names]
        for part, names in split.as_dict().items()
    }


def describe_difference(version: int, before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The settings that make a run another than an earlier one, `optimizer.lr=0.1, now 0.01`.

    Args:
        version: version of the results of the earlier run.
        before: configuration of the earlier run as plain values.
        now: configuration as plain values.
    """
    differences = [describe_version_difference(version)]
    with suppress(KeyError):  # a configuration of another version of this program
        old, new = (
            dict(_leaves({**_described(settings), "epochs": settings["trainer"]["max_epochs"]}))
            for settings in (before, now)
        )
        # A key of one version alone is no choice of the user's.
        keys = [key for key in sorted({*old} & {*new}) if old[key] != new[key]]
        schedule = now["schedule"]["name"]
        is_same = schedule == before["schedule"]["name"]
        if "epochs" in keys and is_same and schedule in SCHEDULES_OF_A_LENGTH:
            differences.append(f"the rates of schedule={schedule} depend on the number of epochs")
        differences += [f"{key}={old[key]}, now {new[key]}" for key in keys[:3]]
    return "; ".join(filter(None, differences)) or "other images, weights or device"


def describe_version_difference(version: int) -> str:
    """A sentence part where a run has another version of the program's results than today's."""
    if version == RESULTS_VERSION:
        return ""
    return f"the program's results have changed: version {version}, now {RESULTS_VERSION}"


def _described(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that change results, but for the number of epochs.

    The name of a network of the user's own is for tables alone. The weights that training starts
    from are named by their path: a record may name any file, and reading one is the caller's
    decision.
    """
    kept = {key: value for key, value in settings.items() if key not in UNHASHED}
    kept["data"] = _without(settings["data"], UNHASHED_DATA)
    if any(settings["trainer"].get(f"limit_{part}_batches") for part in ("val", "test")):
        # A number of batches is a number of images.
        kept["data"]["eval_batch_size"] = settings["data"]["eval_batch_size"]
    if "_target_" in settings["model"]:
        kept["model"] = _without(settings["model"], ("name",))
    device = hardware.device_type(settings["trainer"]["accelerator"])
    trainer = {"device": device, **_without(settings["trainer"], UNHASHED_TRAINER)}
    if device != "cuda":
        del trainer["tf32"]
    if device != "cpu":
        # On a CPU the order of a sum, and with it its last bits, depends on these.
        del trainer["threads"], trainer["accelerate"]
    return {**kept, "trainer": trainer}


def _without(group: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in group.items() if key not in keys}


def _leaves(group: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in group.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value
