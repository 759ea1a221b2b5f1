"""The learning-rate grid as the command trains it: run after run, and two runs at a time."""

import tempfile
import time
from functools import partial

from benchmarks.alone import Figures, alternate, column, python
from benchmarks.figures import FigureSet, Row, ratio
from benchmarks.options import CACHE, Options

WORKERS = 2


def measure(options: Options) -> list[FigureSet]:
    """Wall seconds from the command to its end, imports included."""
    rounds = min(options.rounds, options.grid_rounds)
    grid(options, 1, ["trainer.max_epochs=1"])  # fills the cache
    found = alternate(
        {
            "1 worker": partial(grid, options, 1),
            f"{WORKERS} workers": partial(grid, options, WORKERS),
        },
        rounds,
    )
    one, more = (
        Row(f"grid, {name}", "s", column(figures, "seconds")) for name, figures in found.items()
    )
    title = f"The learning-rate grid, 5 runs, {' '.join(options.grid)}"
    rows = [one, more, ratio(f"1 worker / {WORKERS} workers", one, more)]
    return [FigureSet("grid", title, rows)]


def grid(options: Options, workers: int, more: list[str] | None = None) -> Figures:
    """Of the whole command; the workers share the threads."""
    launcher = ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={workers}"]
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        python(
            folder,
            *("-m", "srcnn_lightning", "-m", "+experiment=lr_grid", "data=dead_leaves"),
            f"data.cache_dir={CACHE}",
            f"trainer={'gpu' if options.device == 'cuda' else 'cpu'}",
            f"trainer.threads={max(1, options.threads // workers)}",
            *options.grid,
            *(more or []),
            *(launcher if workers > 1 else []),
        )
        return {"seconds": time.perf_counter() - started}
