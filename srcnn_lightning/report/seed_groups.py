"""Runs that differ in nothing but their seed, and their label in a figure or page."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from srcnn_lightning.report.comparable_runs import (
    Run,
    differences,
    flat_settings,
    group_by,
    seed_group_key,
)
from srcnn_lightning.report.file_names import unique
from srcnn_lightning.report.network_names import display_name
from srcnn_lightning.report.study import Study

TARGET, BICUBIC = "Target", "Bicubic"  # labels that everything is compared with
# A label has their values alone.
NAMED = ("variant", "model", "recipe", "task", "loss", "schedule", "optimizer")


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
    by_settings = [*group_by(runs, seed_group_key).values()]
    names = iter(short_names([alike for alike in by_settings if alike[0].is_trained]))
    groups = [
        SeedGroup(
            _label(alike, study, alike[0].kernel or next(names)),
            _one_per_seed(alike),
            flat_settings(alike[0]),
        )
        for alike in by_settings
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


def short_names(groups: Sequence[Sequence[Run]]) -> list[str]:
    """For each of several lists of runs, what its name says and not all lists share: `ESPCN, l1`.

    Args:
        groups: lists of runs that differ in nothing but their seed.
    """
    facts = [_facts(alike[0]) for alike in groups]

    def is_shared(key: str) -> bool:
        return key in facts[0] and len({str(one.get(key)) for one in facts}) == 1

    names = []
    for alike, fact in zip(groups, facts, strict=True):
        (network,) = fact["model"]
        pairs = [pair.partition("=") for pair in name_without_seed(alike[0]).split(",")]
        words = []
        for key, sign, value in pairs:
            if key in ("model", network):  # a name of nothing else is the network's
                words += [] if is_shared("model") else [display_name(network, value or None)]
            elif not is_shared(key):
                words.append(value if key in NAMED else f"{key}{sign}{value}")
        is_named = any(key in ("variant", "model") for key, _, _ in pairs)
        if not is_named and not is_shared("model") and network not in words:
            words.insert(0, display_name(network))
        names.append(", ".join(words) or display_name(network))
    return names


def _facts(run: Run) -> dict[str, list[Any]]:
    """The settings of a run by the keys that its name may have: `data.seed`, `lr`, `loss`."""
    facts = defaultdict(list)
    for group, values in run.config.items():
        if not isinstance(values, Mapping):
            facts[group] = [values]
            continue
        facts[group].append(values.get("name", values.get("_target_")))
        for key, value in values.items():
            facts[f"{group}.{key}"].append(value)
            if key not in run.config:  # else the shorter key is the configuration's own
                facts[key].append(value)
    network = run.config["model"].get("name", run.config["model"].get("_target_"))
    facts["model"] = [run.kernel or str(network).rpartition(".")[2]]
    return facts


def _one_per_seed(runs: list[Run]) -> list[Run]:
    """Of one seed the finished run, then the newest; it keeps the variant of another."""
    order = sorted(runs, key=lambda run: (run.is_finished, run.date or ""))
    by_seed = {run.seed: run for run in order}
    return [
        replace(run, variant=run.variant or _variant(runs)) for _, run in sorted(by_seed.items())
    ]


def _variant(runs: list[Run]) -> str | None:
    return next((run.variant for run in runs if run.variant), None)


def _label(runs: list[Run], study: Study | None, name: str) -> str:
    run, variant = runs[0], _variant(runs) or runs[0].kernel
    if study and variant:
        label = study.label(variant, run)
    else:
        label = name.capitalize() if run.kernel else name
    return f"{label} (a run)" if label in (TARGET, BICUBIC) and run.is_trained else label


def _make_labels_unique(groups: list[SeedGroup]) -> None:
    """Add to equal labels the settings that differ."""
    labels = distinct_labels([(group.label, group.settings) for group in groups])
    for group, label in zip(groups, labels, strict=True):
        group.label = label


def distinct_labels(labelled: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Labels with the settings that differ between equal ones, `EDSR (max_epochs 50)`.

    Args:
        labelled: pairs of a label and flat settings.
    """
    labels = [label for label, _ in labelled]
    for alike in group_by(range(len(labelled)), lambda place: labelled[place][0]).values():
        words = differences([labelled[place][1] for place in alike])
        for place, differing in zip(alike, words, strict=True):
            labels[place] += f" ({differing})" if differing else ""
    return unique(labels, "{} ({})")
