"""Start-up: `--help`, and from the command to the first training step with a warm cache."""

import tempfile
import time
from functools import partial

from benchmarks.alone import Figures, alternate, column, python
from benchmarks.figures import FigureSet, Row
from benchmarks.options import CACHE, Options

# The command, which ends with the first training step. `time.time` is that of the process
# that started it. SuperResolution is imported before Hydra begins, which changes no sum.
FIRST_STEP = """
import os, time
from srcnn_lightning import __main__ as command
from srcnn_lightning.training.task import SuperResolution
def ended(self, *arguments):
    print(time.time(), flush=True)
    os._exit(0)
SuperResolution.on_train_batch_end = ended
command.main()
"""


def measure(options: Options) -> list[FigureSet]:
    """Seconds of each, in alternating order."""
    settings = [
        "data=dead_leaves",
        f"data.cache_dir={CACHE}",
        f"data.count={options.images}",
        f"data.crop={options.crop}",
        f"data.target_size={options.side}",
        f"trainer={'gpu' if options.device == 'cuda' else 'cpu'}",
        f"trainer.threads={options.threads}",
    ]
    with tempfile.TemporaryDirectory() as folder:
        first_step(folder, settings)  # fills the cache
        found = alternate(
            {
                "--help": partial(help_seconds, folder),
                "first step": partial(first_step, folder, settings),
            },
            options.rounds,
        )
    rows = [
        Row("--help", "s", column(found["--help"], "seconds"), at_most=1),
        Row("first training step", "s", column(found["first step"], "seconds"), at_most=6),
    ]
    return [FigureSet("startup", "From the command, with a warm cache", rows)]


def help_seconds(folder: str) -> Figures:
    """The whole command."""
    started = time.time()
    python(folder, "-m", "srcnn_lightning", "--help")
    return {"seconds": time.time() - started}


def first_step(folder: str, settings: list[str]) -> Figures:
    """Until the first training step has been done."""
    started = time.time()
    output = python(folder, "-c", FIRST_STEP, f"output_dir={folder}/{started}", *settings)
    return {"seconds": float(output.splitlines()[-1]) - started}
