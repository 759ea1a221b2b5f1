"""Runs that differ in nothing but their seed, and what to call them in a figure or page."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from srcnn_lightning.report.comparable_runs import (
    flat_settings,
    images_key,
    is_trained,
    seed_group_key,
)
from srcnn_lightning.report.file_names import unique
from srcnn_lightning.report.paper import EXTRA_ROWS, TABLE_1
from srcnn_lightning.report.tables.rows import L2, factor_label, name_without_seed
from srcnn_lightning.run_record import Record

TARGET, BICUBIC = "Target", "Bicubic"
RESERVED = (TARGET, BICUBIC)
LABELS = {row.variant: row.label for row in TABLE_1} | EXTRA_ROWS


@dataclass
class SeedGroup:
    """One configuration, trained with one seed or several.

    Attributes:
        label: for people; no other setting of its images has the same.
        runs: one for each seed, diverged ones too; failed ones have no figures and are not here.
        settings: what it was trained with: flat, `model.batch_norm` and the like, without the seed.
        states: how many seeds diverged or failed, ` (1 of 3 diverged)`; the label ends with it.
    """

    label: str
    runs: list[Record]
    settings: dict[str, Any]
    states: str = ""

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
        return None if self.is_trained else str(self.settings.get("model.kernel"))

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

    def grey_images(self) -> set[str]:
        """Test images that are grey in their file; a record of an earlier version names none."""
        return {
            image["name"]
            for run in self.finished
            for image in run["per_image"]
            if image.get("grey")
        }


def by_images(records: Sequence[Record]) -> list[list[Record]]:
    """Records apart by what they were trained and tested on: those are never averaged together."""
    groups = defaultdict(list)
    for found in records:
        groups[images_key(found)].append(found)
    return list(groups.values())


def seed_groups(records: Sequence[Record]) -> list[SeedGroup]:
    """The settings among records of the same images, the best first.

    Best by validation, as whoever has not seen the test images would choose; those of which every
    seed has finished come before the others, for a survivor's figures are no setting's.
    """
    groups = defaultdict(list)
    for found in records:
        groups[seed_group_key(found)].append(found)
    found_settings = [
        SeedGroup(_label(runs), _one_per_seed(runs), flat_settings(runs[0]))
        for runs in groups.values()
    ]
    _tell_apart(found_settings)
    for setting in found_settings:
        setting.states = _states(setting.runs)
        setting.label += setting.states
        setting.runs = [run for run in setting.runs if run["status"] != "failed"]
    ended = [setting for setting in found_settings if setting.runs]

    def rank(setting: SeedGroup) -> tuple[bool, float]:
        return len(setting.finished) < len(setting.runs), -(setting.mean("max_val_psnr") or 0)

    return sorted(ended, key=rank)


def _states(runs: Sequence[Record]) -> str:
    """` (2 of 3 diverged)`: the figures are those of the others."""
    states = Counter(run["status"] for run in runs if run["status"] != "finished")
    words = [
        state if len(runs) == 1 else f"{count} of {len(runs)} {state}"
        for state, count in states.items()
    ]
    return f" ({', '.join(words)})" if words else ""


def _one_per_seed(runs: list[Record]) -> list[Record]:
    """Of one seed the finished run, then the newest; it keeps the row that another stood for."""
    order = sorted(runs, key=lambda run: (run["status"] == "finished", str(run.get("date", ""))))
    variant = _variant(runs)
    by_seed = {run["config"]["seed"]: run for run in order}
    return [{**run, "variant": run["variant"] or variant} for _, run in sorted(by_seed.items())]


def _variant(runs: list[Record]) -> str | None:
    return next((run["variant"] for run in runs if run["variant"]), None)


def _label(runs: list[Record]) -> str:
    variant, run = _variant(runs), runs[0]
    if variant is None and not is_trained(run):
        kernel = str(run["config"]["model"].get("kernel"))
        return LABELS.get(kernel, kernel)
    if variant is None:
        label = name_without_seed(run)
    elif variant.startswith(L2):
        label = factor_label(run)
    else:
        label = LABELS.get(variant, variant)
    # Those two are what everything is compared with.
    return f"{label} (a run)" if label in RESERVED and is_trained(run) else label


def _tell_apart(settings: list[SeedGroup]) -> None:
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
            shown = [
                f"{key.rpartition('.')[2].strip('_')} {setting.settings[key]}"
                for key in differing
                if setting.settings.get(key) is not None
            ]
            setting.label += f" ({', '.join(shown)})" if shown else ""
    for setting, label in zip(
        settings, unique((one.label for one in settings), "{} ({})"), strict=True
    ):
        setting.label = label
