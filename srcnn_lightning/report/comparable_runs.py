"""Which runs may stand in one table or figure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from srcnn_lightning import old_records, run_record
from srcnn_lightning.errors import BadInput
from srcnn_lightning.run_record import RunRecord

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Run(RunRecord):
    """A run record and its place.

    Attributes:
        folder: folder of the run.
        outputs: folder in which runs were looked for.
    """

    folder: Path
    outputs: Path

    @property
    def is_finished(self) -> bool:
        """Whether the run has test scores."""
        return self.status == "finished"

    @property
    def is_trained(self) -> bool:
        """False for a baseline, one of the interpolations."""
        model = self.config["model"]
        return "_target_" in model or model.get("name") != "interpolation"

    @property
    def kernel(self) -> str | None:
        """Kernel of a baseline, `bicubic`; None for a network."""
        return None if self.is_trained else str(self.config["degradation"]["kernel"])

    @property
    def degradation(self) -> str:
        """Name and scale of the degradation, `antialiased x2`."""
        degradation = self.config["degradation"]
        return f"{degradation['name']} x{degradation['scale']}"

    @property
    def degradation_words(self) -> str:
        """Name, scale, and the arguments of a class that makes the inputs."""
        given = self.config["degradation"]["arguments"].items()
        words = ", ".join(f"{key}={value}" for key, value in given)
        return f"{self.degradation} ({words})" if words else self.degradation

    @property
    def seed(self) -> int:
        """Seed of the initialization and of the order of the images."""
        return self.config["seed"]


def at(record: RunRecord, folder: Path, outputs: Path) -> Run:
    """A record with its place."""
    values = {one.name: getattr(record, one.name) for one in fields(RunRecord)}
    return Run(**values, folder=folder, outputs=outputs)


def read_all(outputs: Path) -> tuple[list[Run], list[str]]:
    """Every readable record below a folder, each run of an experiment once.

    Returns:
        The runs, and a sentence for each record that is left out: broken, or of another format.

    Raises:
        BadInput: the folder is missing or holds no record.
    """
    if not outputs.is_dir():
        raise BadInput(f"OUTPUTS={outputs}: there is no such folder; give one that holds runs.")
    runs: dict[tuple[str, str], Run] = {}
    left_out = []
    for folder in run_record.find(outputs):
        try:
            run = at(run_record.load(folder), folder, outputs)
        except (ValueError, OSError) as error:
            left_out.append(f"Left out: {folder / run_record.FILE_NAME} ({error}).")
            continue
        if run.is_finished and isinstance(run.config["degradation"]["scale"], list):
            continue  # each of its scales has a record
        key = (run.experiment, run.hash)
        if key not in runs or not runs[key].is_finished:
            runs[key] = run
    if not runs:
        reasons = " ".join(["", *left_out])
        raise BadInput(
            f"OUTPUTS={outputs}: it holds no run records; train something first.{reasons}"
        )
    return list(runs.values()), left_out


def group_by(items: Iterable[Item], key: Callable[[Item], Any]) -> dict[Any, list[Item]]:
    """Lists of runs, or of other items, by a key, in the order in which they come."""
    groups = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


def images_key(run: Run) -> tuple[Any, ...]:
    """Runs that share it have the same targets, cut and reduced by one scale the same way.

    The kernel of the reduction is no part of it: each baseline has its own, and one table has all.
    """
    data, degradation = run.config["data"], dict(run.config["degradation"])
    del degradation["kernel"]
    cut = (data["crop"], data["target_size"])
    return (run.data, run.data_hash, *cut, *sorted(_texts(degradation)))


# These settings of the trainer change last bits at most, so runs may differ in them within a table.
DEVICE_SETTINGS = (
    "accelerator",
    "threads",
    "keep_memory",
    "channels_last",
    "accelerate",
    "compile",
    "tf32",
    "deterministic",
    "devices",
    "checkpoint_epochs",
    "jobs_per_gpu",
    "profiler",
    # of earlier versions
    "steps_per_call",
    "cuda_graph",
)


def trainer_settings(run: Run) -> dict[str, Any]:
    """The settings of the trainer that change results; a new setting counts until it is listed."""
    return {
        key: value
        for key, value in run.config["trainer"].items()
        if key not in DEVICE_SETTINGS
        and not old_records.has_no_effect(f"config.trainer.{key}", value)
    }


def batch_settings(run: Run) -> dict[str, Any]:
    """What the batches of a training are; without an effect, or missing, it is None."""
    keys = ("batch_size", "patch_size", "augment", "steps_per_epoch")
    return {key: run.config["data"].get(key) or None for key in keys}


def flat_settings(run: Run) -> dict[str, str | float | None]:
    """What tells runs of the same images apart, but for the seed: flat, lists as text."""
    config = run.config
    flat: dict[str, Any] = {f"model.{key}": value for key, value in config["model"].items()}
    if "_target_" in config["model"]:
        flat.pop("model.name", None)  # for people alone
    flat["degradation.kernel"] = config["degradation"]["kernel"]
    if run.is_trained:
        flat |= {f"optimizer.{key}": value for key, value in config["optimizer"].items()}
        flat |= {f"data.{key}": value for key, value in batch_settings(run).items()}
        for group in ("task", "loss", "schedule"):
            flat |= {f"{group}.{key}": value for key, value in config[group].items()}
        flat["monitor"] = config["monitor"]
        flat["init_from"] = config.get("init_from")
        flat |= {f"trainer.{key}": value for key, value in trainer_settings(run).items()}
    flat["trainer.precision"] = config["trainer"]["precision"]
    return {
        key: value if isinstance(value, int | float | None) else str(value)
        for key, value in flat.items()
    }


def differences(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """For each of several flat settings what tells it from the others, `lr 0.01, max_epochs 5`."""
    keys = sorted({key for one in settings for key in one})
    differing = [key for key in keys if len({one.get(key) for one in settings}) > 1]
    return [
        ", ".join(
            f"{key.rpartition('.')[2].strip('_')} {one[key]}"
            for key in differing
            if one.get(key) is not None
        )
        for one in settings
    ]


def seed_group_key(run: Run) -> tuple[Any, ...]:
    """Runs that share it differ in nothing but their seed."""
    return (images_key(run), *sorted(flat_settings(run).items()))


def variant_groups(runs: Sequence[Run], varied: Sequence[str] | None) -> list[list[Run]]:
    """Runs of variants, one list for each table; the baselines of its images stand in each.

    Args:
        runs: all runs.
        varied: keys of `model` in which the runs of one table may differ; None: in all.
    """
    # A seed that another experiment has trained is one of the row's seeds.
    variants = {seed_group_key(run): run.variant for run in runs if run.variant}
    named = [
        run if run.variant else replace(run, variant=variants[key])
        for run in runs
        if (key := seed_group_key(run)) in variants
    ]
    # By hash: a run of two experiments is one run.
    distinct = {(run.variant, run.hash): run for run in named}.values()
    baselines = group_by((run for run in distinct if not run.is_trained), images_key)
    tables = group_by(
        (run for run in distinct if run.is_trained),
        lambda run: (images_key(run), _training_key(run, varied)),
    )
    with_networks = {images for images, _ in tables}
    groups = [[*baselines.get(images, []), *trained] for (images, _), trained in tables.items()]
    return groups + [rest for images, rest in baselines.items() if images not in with_networks]


def compares_networks(runs: Iterable[Run]) -> bool:
    """Whether the trained runs are of more than one network, whatever its size."""
    return len({network_of(run) for run in runs if run.is_trained}) > 1


def network_of(run: Run) -> str:
    """The registered name of a network, `drcn`, or the dotted name of one's own class."""
    model = run.config["model"]
    return str(model.get("_target_") or model.get("name"))


def experiment_groups(runs: Iterable[Run]) -> list[list[Run]]:
    """Runs by experiment, images, length, and settings of the trainer and batches.

    Runs of one recipe have these settings alike. Runs of several recipes stand in one table, since
    their names show the recipe. Networks need trainings of different lengths, so those of any
    length stand in one table, with the baselines.
    """
    groups = []
    for alike in group_by(runs, lambda run: (run.experiment, images_key(run))).values():
        baselines = [run for run in alike if not run.is_trained]
        parts = _by_settings([run for run in alike if run.is_trained], has_length=False)
        compared = [part for part in parts if compares_networks(part)]
        groups += [[*baselines, *part] for part in compared]
        placed = {id(run) for group in groups for run in group}
        others = [run for run in alike if id(run) not in placed]
        for one_length in group_by(
            others, lambda run: run.config["trainer"]["max_epochs"]
        ).values():
            groups += _by_settings(one_length)
    return groups


def _by_settings(runs: Sequence[Run], has_length: bool = True) -> list[list[Run]]:
    """Runs by the settings of the trainer and batches; all in one list where recipes tell them."""

    def settings(run: Run) -> tuple[Any, ...]:
        shown = {**trainer_settings(run), **batch_settings(run)}
        lengths = () if has_length else ("max_epochs", "steps_per_epoch")
        return (*sorted(_texts({key: shown[key] for key in shown if key not in lengths})),)

    recipes = group_by(runs, lambda run: run.config["recipe"]).values()
    if all(len({settings(run) for run in recipe}) == 1 for recipe in recipes):
        return [list(runs)]
    return [*group_by(runs, settings).values()]


def _training_key(run: Run, varied: Sequence[str] | None) -> tuple[Any, ...]:
    """Trained runs of one table share it: the network, its step size and how long it trained."""
    config = run.config
    optimizer = (config["optimizer"]["_target_"], config["optimizer"]["lr"])
    trainer = sorted(_texts(trainer_settings(run)))
    label = ("name",) if "_target_" in config["model"] else ()  # for people alone
    settings = [] if varied is None else _texts(config["model"])
    network = [pair for pair in settings if pair[0] not in (*label, *(varied or ()))]
    network.append(("kernel", config["degradation"]["kernel"]))
    groups = (_texts(config[group]) for group in ("task", "loss", "schedule"))
    how = [*chain(*groups), ("monitor", config["monitor"])]
    start = config.get("init_from")
    batches = batch_settings(run).values()
    return (*optimizer, *trainer, *batches, start, *how, *sorted(network))


def _texts(settings: Any) -> list[tuple[str, str]]:
    return [(key, str(value)) for key, value in settings.items()]
