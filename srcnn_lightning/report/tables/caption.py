"""What a table's values rest on, in words."""

from collections.abc import Callable, Iterable, Sequence

from srcnn_lightning.report.comparable_runs import Run, batch_settings
from srcnn_lightning.report.seed_groups import name_without_seed
from srcnn_lightning.report.statistics import PairedDifference
from srcnn_lightning.report.tables.rows import TableRow

SAID = {"lr", "max_epochs", "ema_decay", "init"}  # settings that a caption names for themselves
FEW_SEEDS = 5  # with fewer, an interval of 95 percent holds the truth less often than that


def caption(runs: Sequence[Run], rows: Sequence[TableRow] = ()) -> str:
    """Data set, degradation, initialization, epochs, device, parameters, seeds and convention.

    Args:
        runs: runs of the table.
        rows: rows of the table, for what their intervals mean.
    """
    sentences = [
        f"{runs[0].data} ({part_sizes(runs[0])} train/val/test images, "
        f"{cut(runs[0])}), "
        f"{runs[0].degradation}"
    ]
    trained = [run for run in runs if run.is_trained]
    if trained:
        sentences.append(_training(trained))
    sentences.append(f"device: {distinct(map(device, runs), ', ')}")
    sentences += filter(None, [dates(runs)])
    sentences.append("PSNR in dB: RGB, no border, mean over images; loss: mean squared error")
    differences = [row.to_base for row in rows if row.to_base]
    if differences:
        sentences.append(_intervals(differences))
    sentences += filter(None, [_costs([run for run in trained if run.is_finished])])
    return "; ".join(sentences) + "."


def part_sizes(run: Run) -> str:
    """Number of images to train, validate and test on, `60/20/20`."""
    split = run.split
    return "/".join(str(len(names)) for names in (split["train"], split["val"], split["test"]))


def cut(run: Run) -> str:
    """How files become targets, `centre crop 800, target 224`, or `whole images`."""
    crop, target = run.config["data"]["crop"], run.config["data"]["target_size"]
    if crop is None:
        return "whole images"
    side = crop if target is None else target
    scale = run.config["degradation"]["scale"]
    if isinstance(scale, int):
        side -= side % scale
    return f"centre crop {crop}, target {side}"


def batches(run: Run) -> str:
    """The batches of a training, `batch 16 of 96-pixel patches, flipped and rotated`."""
    settings = batch_settings(run)
    text = f"batch {settings['batch_size']}"
    if settings["patch_size"]:
        text += f" of {settings['patch_size']}-pixel patches"
    if settings["augment"]:
        text += ", flipped and rotated"
    if settings["steps_per_epoch"]:
        text += f", {settings['steps_per_epoch']} an epoch"
    return text


def device(run: Run) -> str:
    """What a run was trained on, `cpu (AMD EPYC, 1 thread)`; empty where its record is silent."""
    environment = run.environment
    name, threads = environment.get("device_name", "unknown"), environment.get("threads")
    kind = environment.get("device", "")
    if kind == "cpu" and threads:
        name += f", {threads} thread{'s' if threads > 1 else ''}"
    return f"{kind} ({name})" if kind else ""


def dates(runs: Sequence[Run]) -> str:
    """The first and the last day, `2026-11-23 to 2026-11-24`, or the only one."""
    days = sorted({run.date[:10] for run in runs if run.date})
    return " to ".join(dict.fromkeys(days[:1] + days[-1:]))


def distinct(values: Iterable[str], separator: str) -> str:
    """The different values that are not empty, in their order."""
    return separator.join(dict.fromkeys(value for value in values if value))


def _costs(finished: Sequence[Run]) -> str:
    """The multiply-adds of one network; of several, what their columns hold."""
    costs = [cost for run in finished if (cost := run.cost).get("multiply_adds")]
    sides = ((one.get("input_width"), one.get("input_height")) for one in costs)
    inputs = distinct((f"{width}x{height}" for width, height in sides), ", ")
    counts = {one["multiply_adds"] for one in costs}
    if not counts:
        return ""
    if len(counts) == 1:
        return f"{counts.pop() / 1e9:.2f} G multiply-adds for an input of {inputs} pixels"
    return (
        f"multiply-adds: for an input of {inputs} pixels; ms/megapixel: inference for a million "
        "pixels of output"
    )


def _intervals(differences: Sequence[PairedDifference]) -> str:
    """What "to base" stands on, and what it cannot say."""
    images = _range([difference.images for difference in differences])
    seeds = [difference.seeds for difference in differences]
    if max(seeds) == 1:
        caution = "one seed, so silent about other seeds"
    elif max(seeds) < FEW_SEEDS:
        caution = f"{_range(seeds)} seeds that both have, too few for an interval wide enough"
    else:
        caution = f"{_range(seeds)} seeds that both have"
    return (
        "to base: mean difference in test PSNR, paired by image and seed, and its 95 percent "
        f"bootstrap interval over {images} test images and {caution}; n.s.: the interval holds 0"
    )


def _range(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"


def _training(trained: Sequence[Run]) -> str:
    def values(text: Callable[[Run], str], runs: Sequence[Run] = trained) -> str:
        return distinct(map(text, runs), ", ")

    optimizers = values(lambda run: run.config["optimizer"]["_target_"].rpartition(".")[2])
    by_rate = sorted(trained, key=lambda run: run.config["optimizer"]["lr"])
    rates = values(lambda run: f"{run.config['optimizer']['lr']:g}", by_rate)
    epochs = values(lambda run: str(run.config["trainer"]["max_epochs"]))
    tasks = distinct(map(_task, trained), " or ")
    losses = values(lambda run: run.config["loss"]["name"])
    schedules = values(lambda run: run.config["schedule"]["name"])
    decays = values(lambda run: str(run.config["trainer"].get("ema_decay") or ""))
    averages = f"; moving average of the weights ({decays})" if decays else ""
    starts = values(lambda run: str(run.config["model"].get("init", "its own")))
    counts = sorted({run.parameters for run in trained if run.parameters is not None})
    sizes = " or ".join(f"{count:,}" for count in counts)
    others = "".join(f"; {pair}" for pair in _other_settings(trained))
    return (
        f"{epochs} epoch{'s' * (epochs != '1')} of {optimizers}, {tasks}loss {losses}, "
        f"learning rate {rates} ({schedules}), "
        f"{distinct(map(batches, trained), ' or ')}{averages}; initialization: {starts}; "
        f"{sizes} parameters{others}; seed {values(lambda run: str(run.seed))}"
    )


def _task(run: Run) -> str:
    """A task beside the loss alone, with its settings: `srgan (pretrain_epochs 50), `."""
    name, *settings = run.config["task"].items()
    if name == ("name", "supervised"):
        return ""
    texts = ", ".join(f"{key} {value}" for key, value in settings if value is not None)
    return f"{name[1]} ({texts}), "


def _other_settings(trained: Sequence[Run]) -> list[str]:
    """What all runs' names share and the rest of the caption does not say, `features=4-3`."""
    config = trained[0].config
    keys = {*config["model"], *config["optimizer"], *config["trainer"]} - SAID
    names = [name_without_seed(run).split(",") for run in trained]
    return [
        pair
        for pair in names[0]
        if pair.partition("=")[0].rpartition(".")[2] in keys and all(pair in name for name in names)
    ]
