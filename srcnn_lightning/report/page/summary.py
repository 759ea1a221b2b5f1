"""The page's first table and its footer."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from srcnn_lightning.report.page.page_model import Cell, Grid, GridRow, number
from srcnn_lightning.report.seed_groups import SeedGroup
from srcnn_lightning.report.tables.caption import device
from srcnn_lightning.run_record import Record

HEAD = (
    "Data set",
    "Train/val/test images",
    "Runs",
    "Bicubic test PSNR",
    "Best by validation",
    "Its test PSNR",
    "Gain over bicubic",
)


def summarize(
    titles: Sequence[str],
    found_settings: Sequence[Sequence[SeedGroup]],
    groups: Sequence[Sequence[Record]],
) -> Grid:
    """One row for each section, of which all three hold an entry."""
    rows = []
    for title, settings, runs in zip(titles, found_settings, groups, strict=True):
        split = runs[0]["split"]
        parts = "/".join(str(len(split[part])) for part in ("train", "val", "test"))
        bicubic = next((s.mean("test_psnr") for s in settings if s.kernel == "bicubic"), None)
        best = next((s for s in settings if s.is_trained and s.finished), None)
        psnr = best.mean("test_psnr") if best else None
        gain = None if psnr is None or bicubic is None else psnr - bicubic
        rows.append(
            GridRow(
                [
                    Cell(title),
                    Cell(parts),
                    Cell(_states(runs), value=str(len(runs))),
                    number(bicubic),
                    Cell(best.label if best else ""),
                    number(psnr),
                    number(gain, sign=True),
                ]
            )
        )
    return Grid(HEAD, rows)


def facts(records: Sequence[Record]) -> list[tuple[str, str]]:
    """What the figures rest on: data, degradation, training, hardware, versions, dates."""
    environments = [found["environment"] for found in records if found.get("environment")]
    versions = [
        ", ".join(f"{name} {version}" for name, version in one.get("versions", {}).items())
        for one in environments
    ]
    dates = sorted(str(found["date"])[:10] for found in records if found.get("date"))
    pairs = {
        "Data sets": _distinct(_images(found) for found in records),
        "Degradations": _distinct(_degradation(found) for found in records),
        "Seeds": _distinct(str(found["config"]["seed"]) for found in records),
        "Hardware": _distinct(map(device, records)),
        "Versions": _distinct(versions),
        "Commits": _distinct(str(one.get("git_commit") or "")[:10] for one in environments),
        "Trained": "" if not dates else " to ".join(dict.fromkeys((dates[0], dates[-1]))),
        "Figures": "PSNR in dB; loss: mean squared error of pixels in [0, 1]; "
        "curves: each epoch's validation; test: the epoch with the best validation PSNR",
    }
    return [(name, value) for name, value in pairs.items() if value]


def _states(runs: Sequence[Record]) -> str:
    states = Counter(found["status"] for found in runs)
    others = [f"{count} {state}" for state, count in states.items() if state != "finished"]
    return f"{len(runs)} ({', '.join(others)})" if others else str(len(runs))


def _images(found: Record) -> str:
    data = found["config"]["data"]
    return f"{found['data']} (centre crop {data['crop']}, target {data['target_size']} pixels)"


def _degradation(found: Record) -> str:
    degradation = found["config"]["degradation"]
    kind = "antialiased resizes" if degradation["antialias"] else "resizes without antialiasing"
    return f"{degradation['name']} x{degradation['scale']} ({kind})"


def _distinct(values: Any) -> str:
    return "; ".join(dict.fromkeys(value for value in values if value))
