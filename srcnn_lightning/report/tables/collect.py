"""Every table that the runs give."""

from collections.abc import Sequence

from srcnn_lightning.record import Record
from srcnn_lightning.report.groups import ablations, sweeps
from srcnn_lightning.report.tables.caption import caption
from srcnn_lightning.report.tables.formats import Table
from srcnn_lightning.report.tables.rows import ablation_rows, sweep_rows


def tables(records: Sequence[Record]) -> list[Table]:
    """Each ablation, then each other sweep."""
    found = []
    for runs in ablations(records):
        rows = ablation_rows(runs)
        found.append(Table(_title("Ablation", runs), caption(runs, rows), rows))
    for runs in sweeps(records):
        title = _title(runs[0]["experiment"], runs)
        found.append(Table(title, caption(runs), sweep_rows(runs), with_paper=False))
    return found


def _title(name: str, runs: Sequence[Record]) -> str:
    return f"{name}, {runs[0]['data']}, {runs[0]['config']['degradation']['name']}"
