"""Runs that differ in nothing but their seed, and their label in a figure or page."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from srcnn_lightning.report.comparable_runs import (
    Run,
    flat_settings,
    group_by,
    seed_group_key,
)
from srcnn_lightning.report.file_names import unique
from srcnn_lightning.report.study import Study

TARGET, BICUBIC = "Target", "Bicubic"  # labels that everything is compared with


@dataclass
class SeedGroup:
    """One configuration, trained with one seed or several.

    Attributes:
        label: name for people; no other group of the same images has it.
        runs: runs, one for each seed, diverged ones too; failed ones have no scores.
        settings: flat settings without the seed, `model.batch_norm` and the like.
        states: number of seeds that diverged or failed, ` (1 of 3 diverged)`; the label's end.
    """

    label: str
    runs: list[Run]
    settings: dict[str, Any]
    states: str = ""

    @property
    def is_trained(self) -> bool:
        """False for a baseline."""
        return self.runs[0].is_trained

    @property
    def finished(self) -> list[Run]:
        """The runs that have test scores, by seed."""
        return [run for run in self.runs if run.is_finished]

    @property
    def variant(self) -> str | None:
        """The variant that the group stands for."""
        return _variant(self.runs)

    @property
    def kernel(self) -> str | None:
        """Kernel of a baseline, `bicubic`; None for a network."""
        return self.runs[0].kernel

    def mean(self, metric: str) -> float | None:
        """Mean of a metric over the seeds; None where no seed has it."""
        values = [run.metrics.get(metric) for run in self.finished]
        known = [value for value in values if value is not None]
        return fmean(known) if known else None

    def psnr_per_image(self) -> dict[str, float]:
        """Test PSNR in dB of each image, the mean over seeds; a perfect image is left out."""
        values = defaultdict(list)
        for run in self.finished:
            for image in run.per_image:
                values[image["name"]].append(image["psnr"])
        return {
            name: fmean(psnr for psnr in entries if psnr is not None)
            for name, entries in values.items()
            if None not in entries
        }

    def grey_images(self) -> set[str]:
        """Test images that are grey in their file; a record of an earlier version names none."""
        images = [image for run in self.finished for image in run.per_image]
        return {image["name"] for image in images if image.get("grey")}


def seed_groups(runs: Sequence[Run], study: Study | None) -> list[SeedGroup]:
    """The groups among runs of the same images, the best first.

    Best by validation, as somebody would choose who has not seen the test images. Groups of which
    every seed has finished come first, for the metrics of the seeds that survived are no setting's.
    """
    groups = [
        SeedGroup(_label(alike, study), _one_per_seed(alike), flat_settings(alike[0]))
        for alike in group_by(runs, seed_group_key).values()
    ]
    _make_labels_unique(groups)
    for group in groups:
        group.states = f" ({states})" if (states := unfinished(group.runs)) else ""
        group.label += group.states
        group.runs = [run for run in group.runs if run.status != "failed"]

    def rank(group: SeedGroup) -> tuple[bool, float]:
        return len(group.finished) < len(group.runs), -(group.mean("max_val_psnr") or 0)

    return sorted((group for group in groups if group.runs), key=rank)


def unfinished(runs: Sequence[Run]) -> str:
    """States of the runs that did not finish, `2 of 3 diverged`; empty where all have."""
    states = Counter(run.status for run in runs if not run.is_finished)
    return ", ".join(
        state if len(runs) == 1 else f"{count} of {len(runs)} {state}"
        for state, count in states.items()
    )


def name_without_seed(run: Run) -> str:
    """A run's name without its seed, `lr=0.001`; the network's where nothing else is in it."""
    pairs = [pair for pair in run.name.split(",") if not pair.startswith("seed=")]
    return ",".join(pairs) or str(run.config["model"].get("name", run.name))


def _one_per_seed(runs: list[Run]) -> list[Run]:
    """Of one seed the finished run, then the newest; it keeps the variant of another."""
    order = sorted(runs, key=lambda run: (run.is_finished, run.date or ""))
    by_seed = {run.seed: run for run in order}
    return [
        replace(run, variant=run.variant or _variant(runs)) for _, run in sorted(by_seed.items())
    ]


def _variant(runs: list[Run]) -> str | None:
    return next((run.variant for run in runs if run.variant), None)


def _label(runs: list[Run], study: Study | None) -> str:
    run, variant = runs[0], _variant(runs) or runs[0].kernel
    if study and variant:
        label = study.label(variant, run)
    else:
        label = run.kernel.capitalize() if run.kernel else name_without_seed(run)
    return f"{label} (a run)" if label in (TARGET, BICUBIC) and run.is_trained else label


def _make_labels_unique(groups: list[SeedGroup]) -> None:
    """Add to equal labels the settings that differ."""
    by_label = defaultdict(list)
    for group in groups:
        by_label[group.label].append(group)
    for alike in by_label.values():
        keys = sorted({key for group in alike for key in group.settings})
        differing = [key for key in keys if len({group.settings.get(key) for group in alike}) > 1]
        for group in alike:
            words = [
                f"{key.rpartition('.')[2].strip('_')} {group.settings[key]}"
                for key in differing
                if group.settings.get(key) is not None
            ]
            group.label += f" ({', '.join(words)})" if words else ""
    labels = unique((group.label for group in groups), "{} ({})")
    for group, label in zip(groups, labels, strict=True):
        group.label = label
