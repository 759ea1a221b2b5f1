"""Every table that the runs give."""

from collections.abc import Sequence

from srcnn_lightning.report.comparable_runs import ablations, images_key, is_trained, sweeps
from srcnn_lightning.report.file_names import unique
from srcnn_lightning.report.tables.caption import caption
from srcnn_lightning.report.tables.formats import Table
from srcnn_lightning.report.tables.rows import ablation_rows, factor_rows, sweep_rows
from srcnn_lightning.run_record import Record


def tables(records: Sequence[Record]) -> list[Table]:
    """Each ablation with its L2 factors, then each other sweep."""
    found = []
    bicubic = {
        images_key(run): run["metrics"]["test_psnr"]
        for run in records
        if run["config"]["model"].get("kernel") == "bicubic"
        and not is_trained(run)
        and run["status"] == "finished"
    }
    for runs in ablations(records):
        rows = ablation_rows(runs)
        found.append(Table(_title("Ablation", runs), caption(runs, rows), rows))
        factors = factor_rows(runs)
        if len(factors) > 1:
            used = [run for run in runs if str(run["variant"]).startswith("l2_")]
            text = caption(used, factors)
            found.append(Table(_title("L2 factors", runs), text, factors, with_paper=False))
    for runs in sweeps(records):
        title = _title(runs[0]["experiment"], runs)
        rows = sweep_rows(runs, bicubic.get(images_key(runs[0])))
        found.append(Table(title, caption(runs), rows, with_paper=False))
    _tell_apart(found)
    return found


def _title(name: str, runs: Sequence[Record]) -> str:
    trained = next((run for run in runs if is_trained(run)), None)
    epochs = f", {trained['config']['trainer']['max_epochs']} epochs" if trained else ""
    return f"{name}, {runs[0]['data']}, {runs[0]['config']['degradation']['name']}{epochs}"


def _tell_apart(found: Sequence[Table]) -> None:
    titles = unique((table.title for table in found), "{} ({})")
    for table, title in zip(found, titles, strict=True):
        table.title = title
