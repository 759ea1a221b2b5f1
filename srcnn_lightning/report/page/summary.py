"""The page's first table and its footer."""

from collections import Counter
from collections.abc import Sequence

from srcnn_lightning.report.comparable_runs import Run
from srcnn_lightning.report.page.page_model import Cell, GridRow, number
from srcnn_lightning.report.run_words import cut, dates, device, distinct, part_sizes
from srcnn_lightning.report.seed_groups import SeedGroup

HEAD = (
    "Data set",
    "Train/val/test images",
    "Runs",
    "Bicubic test PSNR",
    "Best by validation",
    "Its test PSNR",
    "Gain over bicubic",
)


def summary_row(title: str, runs: Sequence[Run], seed_groups: Sequence[SeedGroup]) -> GridRow:
    """The row of a section in the first table.

    Args:
        title: title of the section.
        runs: runs of the section.
        seed_groups: seed groups of the same runs.
    """
    bicubic = next((one.mean("test_psnr") for one in seed_groups if one.kernel == "bicubic"), None)
    best = next((one for one in seed_groups if one.is_trained and one.finished), None)
    psnr = best.mean("test_psnr") if best else None
    gain = None if psnr is None or bicubic is None else psnr - bicubic
    return GridRow(
        [
            Cell(title),
            Cell(part_sizes(runs[0])),
            Cell(_count(runs), value=str(len(runs))),
            number(bicubic),
            Cell(best.label if best else ""),
            number(psnr),
            number(gain, sign=True),
        ]
    )


def facts(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """What the values rest on: data, degradation, training, hardware, versions, dates."""
    environments = [run.environment for run in runs]
    versions = (
        ", ".join(f"{name} {version}" for name, version in one.get("versions", {}).items())
        for one in environments
    )
    pairs = {
        "Data sets": distinct(map(_images, runs), "; "),
        "Degradations": distinct(map(_degradation, runs), "; "),
        "Seeds": distinct((str(run.seed) for run in runs), "; "),
        "Hardware": distinct(map(device, runs), "; "),
        "Versions": distinct(versions, "; "),
        "Commits": distinct((str(one.get("git_commit") or "")[:10] for one in environments), "; "),
        "Trained": dates(runs),
        "Figures": "PSNR in dB; loss: mean squared error of pixels in [0, 1]; "
        "curves: each epoch's validation; test: the epoch with the best validation PSNR",
    }
    return [(name, value) for name, value in pairs.items() if value]


def _count(runs: Sequence[Run]) -> str:
    """Number of runs, `7 (1 diverged)`."""
    states = Counter(run.status for run in runs if not run.is_finished)
    others = ", ".join(f"{count} {state}" for state, count in states.items())
    return f"{len(runs)} ({others})" if others else str(len(runs))


def _images(run: Run) -> str:
    pixels = "" if run.config["data"]["crop"] is None else " pixels"
    return f"{run.data} ({cut(run)}{pixels})"


def _degradation(run: Run) -> str:
    degradation = run.config["degradation"]
    kind = "antialiased resizes" if degradation["antialias"] else "resizes without antialiasing"
    if degradation["_target_"]:
        return run.degradation_words
    return f"{run.degradation} ({kind})"
