"""What a table's figures rest on, in words."""

from collections.abc import Sequence
from typing import Any

from srcnn_lightning.report.comparable_runs import is_trained
from srcnn_lightning.report.statistics import PairedDifference
from srcnn_lightning.report.tables.rows import TableRow
from srcnn_lightning.run_record import Record

FEW_SEEDS = 5  # with fewer, an interval of 95 percent holds the truth less often than that


def caption(records: list[Record], rows: Sequence[TableRow] = ()) -> str:
    """Data set, degradation, initialization, epochs, device, parameters, seeds and convention.

    Args:
        records: that the table stands on.
        rows: of the table, for what their intervals mean.
    """
    config = records[0]["config"]
    split = records[0]["split"]
    parts = "/".join(str(len(split[part])) for part in ("train", "val", "test"))
    degradation = config["degradation"]
    data = (
        f"{records[0]['data']} ({parts} train/val/test images, centre crop "
        f"{config['data']['crop']}, target {config['data']['target_size']})"
    )
    sentences = [f"{data}, {degradation['name']} x{degradation['scale']}"]
    trained = [found for found in records if is_trained(found)]
    if trained:
        sentences.append(_training(trained))
    sentences.append(f"device: {_values(records, device)}")
    dates = sorted({found["date"][:10] for found in records if found.get("date")})
    if dates:
        sentences.append(dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}")
    sentences.append("PSNR in dB: RGB, no border, mean over images; loss: mean squared error")
    compared = [row.to_base for row in rows if row.to_base]
    if compared:
        sentences.append(_intervals(compared))
    return "; ".join(sentences) + "."


def _intervals(compared: Sequence[PairedDifference]) -> str:
    """What "to base" stands on, and what it cannot say."""
    images = _range([found.images for found in compared])
    seeds = [found.seeds for found in compared]
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


def _training(trained: list[Record]) -> str:
    first = trained[0]["config"]
    optimizer = str(first["optimizer"]["_target_"]).rpartition(".")[2]
    by_rate = sorted(trained, key=lambda found: found["config"]["optimizer"]["lr"])
    rates = _values(by_rate, lambda found: f"{found['config']['optimizer']['lr']:g}")
    epochs = _values(trained, lambda found: str(found["config"]["trainer"]["max_epochs"]))
    seeds = _values(trained, lambda found: str(found["config"]["seed"]))
    starts = _values(trained, lambda found: str(found["config"]["model"].get("init", "its own")))
    counts = sorted({found["parameters"] for found in trained if "parameters" in found})
    sizes = " or ".join(f"{count:,}" for count in counts)
    return (
        f"{epochs} epochs of {optimizer}, learning rate {rates}, batch "
        f"{first['data']['batch_size']}; initialization: {starts}; {sizes} parameters; seed {seeds}"
    )


def device(found: Record) -> str:
    """What a run was trained on, `cpu (AMD EPYC, 1 thread)`; empty where its record has no word."""
    environment = found.get("environment", {})
    name, threads = environment.get("device_name", "unknown"), environment.get("threads")
    kind = environment.get("device", "")
    if kind == "cpu" and threads:
        name += f", {threads} thread{'s' if threads > 1 else ''}"
    return f"{kind} ({name})" if kind else ""


def _values(records: list[Record], of: Any) -> str:
    """The different values, in the order met."""
    return ", ".join(dict.fromkeys(value for value in map(of, records) if value))
