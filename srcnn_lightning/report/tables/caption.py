"""What a table's values rest on, in words."""

from collections.abc import Callable, Sequence

from srcnn_lightning.report.comparable_runs import Run, group_by
from srcnn_lightning.report.run_words import (
    batches,
    cut,
    dates,
    device,
    distinct,
    part_sizes,
)
from srcnn_lightning.report.seed_groups import name_without_seed
from srcnn_lightning.report.statistics import PairedDifference
from srcnn_lightning.report.tables.cells import FRONTIER
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
        f"{runs[0].degradation_words}"
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
    sentences += filter(None, [_costs([run for run in trained if run.is_finished], rows)])
    return "; ".join(sentences) + "."


def network_caption(runs: Sequence[Run], rows: Sequence[TableRow]) -> str:
    """What a table of networks rests on, its seeds, its order and its mark.

    Args:
        runs: runs of the table.
        rows: rows of the table.
    """
    trained = [run for run in runs if run.is_trained]
    sentences = [
        f"{runs[0].data} ({part_sizes(runs[0])} train/val/test images, {cut(runs[0])}), "
        f"{runs[0].degradation_words}",
        _training(trained, has_sizes=False),
        *filter(None, [_seeds([row for row in rows if row.epochs])]),
        f"trained on {distinct(map(device, trained), ', ')}",
        *filter(None, [dates(runs)]),
        "PSNR in dB, mean over images: RGB without a border, Y without a border of as many pixels "
        "as the scale",
        *filter(None, [_costs([run for run in trained if run.is_finished], rows)]),
        "rows: by test PSNR (RGB), the highest first",
    ]
    if any(row.on_frontier for row in rows):
        sentences.append(
            f"{FRONTIER}: on the efficient frontier, above bicubic and where no network of as few "
            "multiply-adds has a higher test PSNR (RGB)"
        )
    return "; ".join(sentences) + "."


def _seeds(rows: Sequence[TableRow]) -> str:
    """The numbers of seeds of the rows: `3 seeds of SRCNN and EDSR, 1 of the others`."""
    by_count = group_by(rows, lambda row: row.runs)
    if not by_count or [*by_count] == [1]:
        return ""
    most = max(by_count, key=lambda count: len(by_count[count]))
    parts = [
        f"{count} of {', '.join(row.label for row in alike)}"
        for count, alike in sorted(by_count.items(), reverse=True)
        if count != most
    ]
    parts.append(f"{most} of {'the others' if parts else 'each network'}")
    return f"seeds: {'; '.join(parts)} (±: standard deviation over them)"


def _costs(finished: Sequence[Run], rows: Sequence[TableRow]) -> str:
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
        f"pixels of output on {_time_devices(rows)}"
    )


def _time_devices(rows: Sequence[TableRow]) -> str:
    """Where most times of the rows were measured, and those of which rows elsewhere."""
    by_device = group_by((row for row in rows if row.time_device), lambda row: row.time_device)
    most, *others = sorted(by_device, key=lambda name: -len(by_device[name])) or [""]
    parts = [f"of {', '.join(row.label for row in by_device[name])} on {name}" for name in others]
    return ", ".join([most, *parts])


def _intervals(differences: Sequence[PairedDifference]) -> str:
    """What "to base" stands on, and what it cannot say."""
    images = _range([difference.images for difference in differences])
    seeds = [difference.seeds for difference in differences]
    if max(seeds) == 1:
        caution = "one seed, so silent about other seeds"
    elif max(seeds) < FEW_SEEDS:
        caution = f"{_range(seeds)} seeds that both have (so few make it too narrow)"
    else:
        caution = f"{_range(seeds)} seeds that both have"
    return (
        "to base: mean difference in test PSNR, paired by image and seed, and its 95 percent "
        f"bootstrap interval over {images} test images and {caution}; n.s.: the interval holds 0"
    )


def _range(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"


def _training(trained: Sequence[Run], has_sizes: bool = True) -> str:
    def values(text: Callable[[Run], str], runs: Sequence[Run] = trained) -> str:
        return distinct(map(text, runs), ", ")

    optimizers = values(lambda run: run.config["optimizer"]["_target_"].rpartition(".")[2])
    by_rate = sorted(trained, key=lambda run: run.config["optimizer"]["lr"])
    rates = values(lambda run: f"{run.config['optimizer']['lr']:g}", by_rate)
    by_length = sorted(trained, key=lambda run: run.config["trainer"]["max_epochs"])
    epochs = values(lambda run: str(run.config["trainer"]["max_epochs"]), by_length)
    tasks = distinct(map(_task, trained), " or ")
    losses = values(lambda run: run.config["loss"]["name"])
    schedules = values(lambda run: run.config["schedule"]["name"])
    decays = values(lambda run: str(run.config["trainer"].get("ema_decay") or ""))
    averages = f"; moving average of the weights ({decays})" if decays else ""
    starts = values(lambda run: str(run.config["model"].get("init", "its own")))
    counts = sorted({run.parameters for run in trained if run.parameters is not None})
    sizes = f"; {' or '.join(f'{count:,}' for count in counts)} parameters" if has_sizes else ""
    others = "".join(f"; {pair}" for pair in _other_settings(trained))
    return (
        f"{epochs} epoch{'s' * (epochs != '1')} of {optimizers}, {tasks}loss {losses}, "
        f"learning rate {rates} ({schedules}), "
        f"{distinct(map(batches, trained), ' or ')}{averages}; initialization: {starts}"
        f"{sizes}{others}; seed {values(lambda run: str(run.seed))}"
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
