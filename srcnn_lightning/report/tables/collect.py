"""Every table that the runs give."""

from collections.abc import Sequence

from srcnn_lightning.report.comparable_runs import (
    Run,
    experiment_groups,
    images_key,
    variant_groups,
)
from srcnn_lightning.report.file_names import unique
from srcnn_lightning.report.study import Study
from srcnn_lightning.report.tables.caption import caption
from srcnn_lightning.report.tables.formats import Table
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
        rows = experiment_rows(group, bicubic.get(images_key(group[0])))
        title = _title(group[0].experiment, group)
        tables.append(Table(title, caption(group, rows), rows, has_printed=False))
    titles = unique((table.title for table in tables), "{} ({})")
    for table, title in zip(tables, titles, strict=True):
        table.title = title
    return tables


def _study_tables(runs: Sequence[Run], study: Study) -> list[Table]:
    tables = []
    for group in variant_groups(runs, study.varied):
        rows = variant_rows(group, study)
        tables.append(Table(_title("Ablation", group), caption(group, rows), rows))
        for family in study.families:
            rows = family_rows(group, family, study)
            if len(rows) > 1:
                members = [run for run in group if family.holds(run.variant)]
                title, text = _title(family.title, group), caption(members, rows)
                tables.append(Table(title, text, rows, has_printed=False))
    return tables


def _title(name: str, runs: Sequence[Run]) -> str:
    trained = next((run for run in runs if run.is_trained), None)
    epochs = f", {trained.config['trainer']['max_epochs']} epochs" if trained else ""
    return f"{name}, {runs[0].data}, {runs[0].degradation}{epochs}"
