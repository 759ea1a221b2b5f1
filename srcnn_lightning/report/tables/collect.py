"""Every table that the runs give."""

from collections.abc import Sequence
from typing import Any

from srcnn_lightning.report.comparable_runs import (
    Run,
    batch_settings,
    compares_networks,
    differences,
    experiment_groups,
    group_by,
    images_key,
    trainer_settings,
    variant_groups,
)
from srcnn_lightning.report.file_names import unique
from srcnn_lightning.report.study import Study
from srcnn_lightning.report.tables.caption import caption, network_caption
from srcnn_lightning.report.tables.cells import Table
from srcnn_lightning.report.tables.networks import network_rows
from srcnn_lightning.report.tables.rows import experiment_rows, family_rows, variant_rows


def collect_tables(runs: Sequence[Run], study: Study | None) -> list[Table]:
    """The study's tables of variants and of their families, then one for each other experiment.

    Without a study there is a table for each experiment.
    """
    tables = _study_tables(runs, study) if study else []
    bicubic = {
        images_key(run): run.metrics["test_psnr"]
        for run in runs
        if run.kernel == "bicubic" and run.is_finished
    }
    for group in experiment_groups(run for run in runs if not (study and run.variant)):
        has_networks, baseline = compares_networks(group), bicubic.get(images_key(group[0]))
        rows = (network_rows if has_networks else experiment_rows)(group, baseline)
        text = network_caption(group, rows) if has_networks else caption(group, rows)
        title = _title(group[0].experiment, group, has_length=not has_networks)
        tables.append((Table(title, text, rows, has_networks=has_networks), group))
    _make_titles_unique(tables)
    return [table for table, _ in tables]


def _study_tables(runs: Sequence[Run], study: Study) -> list[tuple[Table, list[Run]]]:
    tables = []
    for group in variant_groups(runs, study.varied):
        rows = variant_rows(group, study)
        title, text = _title(study.title, group), caption(group, rows)
        tables.append((Table(title, text, rows, study.printed_metrics, study.gain_metric), group))
        for family in study.families:
            rows = family_rows(group, family, study)
            if len(rows) > 1:
                members = [run for run in group if family.holds(run.variant)]
                title, text = _title(family.title, group), caption(members, rows)
                tables.append((Table(title, text, rows), members))
    return tables


def _title(name: str, runs: Sequence[Run], has_length: bool = True) -> str:
    trained = next((run for run in runs if run.is_trained), None)
    text = f"{name}, {runs[0].data}, {runs[0].degradation}"
    if trained is None or not has_length:
        return text
    epochs = trained.config["trainer"]["max_epochs"]
    return f"{text}, {epochs} epoch{'s' * (epochs != 1)}"


def _make_titles_unique(tables: Sequence[tuple[Table, Sequence[Run]]]) -> None:
    """Add to equal titles the settings that differ, `patch_size 48`."""
    for alike in group_by(tables, lambda pair: pair[0].title).values():
        words = differences([_shared(runs) for _, runs in alike])
        for (table, _), differing in zip(alike, words, strict=True):
            table.title += f", {differing}" if differing else ""
    titles = unique((table.title for table, _ in tables), "{} ({})")
    for (table, _), title in zip(tables, titles, strict=True):
        table.title = title


def _shared(runs: Sequence[Run]) -> dict[str, Any]:
    """What all trained runs of a table share of the settings that keep runs in tables apart."""
    settings = [
        {
            **{key: run.config["data"][key] for key in ("crop", "target_size")},
            **batch_settings(run),
            **trainer_settings(run),
            "augment": str(bool(run.config["data"].get("augment"))).lower(),
            "lr": run.config["optimizer"]["lr"],
        }
        for run in runs
        if run.is_trained
    ]
    return {
        key: str(value)
        for key, value in (settings[0] if settings else {}).items()
        if value is not None and all(one.get(key) == value for one in settings)
    }
