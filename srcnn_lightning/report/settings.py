"""Runs that differ in nothing but their seed, and what to call them in a figure or page."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from srcnn_lightning.record import Record
from srcnn_lightning.report.groups import images_key, is_trained
from srcnn_lightning.report.paper import EXTRA_ROWS, TABLE_1
from srcnn_lightning.report.tables.rows import L2

LABELS = {row.variant: row.label for row in TABLE_1} | EXTRA_ROWS


@dataclass
class Setting:
    """One configuration, trained with one seed or several.

    Attributes:
        label: for people; no other setting of its images has the same.
        runs: one for each seed, diverged ones too; failed ones have no figures and are not here.
        settings: what it was trained with: flat, `model.batch_norm` and the like, without the seed.
    """

    label: str
    runs: list[Record]
    settings: dict[str, Any]

    @property
    def is_trained(self) -> bool:
        """False for the baselines."""
        return is_trained(self.runs[0])

    @property
    def finished(self) -> list[Record]:
        """Its runs that have test figures, by seed."""
        return [run for run in self.runs if run["status"] == "finished"]

    @property
    def variant(self) -> str | None:
        """The row of an ablation that it stands for."""
        return _variant(self.runs)

    @property
    def kernel(self) -> str | None:
        """Of a baseline: `nearest`, `bilinear` or `bicubic`."""
        return None if self.is_trained else str(self.settings["model.kernel"])

    def mean(self, metric: str) -> float | None:
        """Over its seeds."""
        values = [run["metrics"].get(metric) for run in self.finished]
        known = [value for value in values if value is not None]
        return fmean(known) if known else None

    def psnr_per_image(self) -> dict[str, float]:
        """Test PSNR in dB of each image, the mean over seeds; a perfect image is left out."""
        found = defaultdict(list)
        for run in self.finished:
            for image in run["per_image"]:
                found[image["name"]].append(image["psnr"])
        return {name: fmean(values) for name, values in found.items() if None not in values}


def by_images(records: Sequence[Record]) -> list[list[Record]]:
    """Records apart by what they were trained and tested on: those are never averaged together."""
    groups = defaultdict(list)
    for found in records:
        groups[images_key(found)].append(found)
    return list(groups.values())


def settings_of(records: Sequence[Record]) -> list[Setting]:
    """The settings among records of the same images, the best test PSNR first."""
    groups: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
    for found in records:
        if found["status"] != "failed":
            groups[tuple(sorted(_described(found).items()))].append(found)
    found_settings = [
        Setting(_label(runs), _one_per_seed(runs), dict(key)) for key, runs in groups.items()
    ]
    _tell_apart(found_settings)
    return sorted(found_settings, key=lambda one: -(one.mean("test_psnr") or 0))


def _one_per_seed(runs: list[Record]) -> list[Record]:
    """Of one seed the finished run, then the newest; it keeps the row that another stood for."""
    order = sorted(runs, key=lambda run: (run["status"] == "finished", str(run.get("date", ""))))
    variant = _variant(runs)
    by_seed = {run["config"]["seed"]: run for run in order}
    return [{**run, "variant": run["variant"] or variant} for _, run in sorted(by_seed.items())]


def _variant(runs: list[Record]) -> str | None:
    return next((run["variant"] for run in runs if run["variant"]), None)


def _described(found: Record) -> dict[str, str | float | None]:
    """What tells settings apart, flat; lists as text, so that it can be a key."""
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


def _label(runs: list[Record]) -> str:
    variant = _variant(runs)
    if variant is None:
        run = runs[0]
        if not is_trained(run):
            kernel = str(run["config"]["model"]["kernel"])
            return LABELS.get(kernel, kernel)
        parts = [part for part in run["name"].split(",") if not part.startswith("seed=")]
        return ",".join(parts) or str(run["config"]["model"].get("name", run["name"]))
    if variant.startswith(L2):
        return f"+ L2 {runs[0]['config']['optimizer']['weight_decay']:g}"
    return LABELS.get(str(variant), str(variant))


def _tell_apart(settings: list[Setting]) -> None:
    """Add to equal labels what their settings differ in."""
    by_label = defaultdict(list)
    for setting in settings:
        by_label[setting.label].append(setting)
    for alike in by_label.values():
        keys = sorted({key for setting in alike for key in setting.settings})
        differing = [
            key for key in keys if len({setting.settings.get(key) for setting in alike}) > 1
        ]
        for setting in alike if len(alike) > 1 else []:
            shown = ", ".join(
                f"{key.rpartition('.')[2]} {setting.settings.get(key)}" for key in differing
            )
            setting.label += f" ({shown})"
