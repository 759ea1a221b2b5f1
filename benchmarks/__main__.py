"""Measure everything, print tables, keep the figures: `make bench`.

python -m benchmarks [--folder DIR] [--quick | --long] [--only training,inference] [--output DIR]
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console

from benchmarks import (
    accuracy,
    block_convolution,
    chart,
    data,
    grid,
    inference,
    results,
    scaling,
    settings,
    startup,
    sweeps,
    training,
)
from benchmarks.figures import FigureSet, show
from benchmarks.images import holds_images_alone
from benchmarks.options import Options, long, quick
from srcnn_lightning import errors
from srcnn_lightning.errors import BadInput

WIDTH = 100  # of the tables in a file or a pipe
MEASURED: dict[str, Callable[[Options], list[FigureSet]]] = {
    "training": training.measure,
    "inference": inference.measure,
    "settings": settings.measure,
    "block_convolution": block_convolution.measure,
    "startup": startup.measure,
    "sweeps": sweeps.measure,
    "data": data.measure,
    "scaling": scaling.measure,
    "grid": grid.measure,
    "accuracy": accuracy.measure,
}


def main() -> None:
    """Every measurement that is asked for, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--folder", type=Path, help="of real images, in place of drawn ones")
    parser.add_argument("--rounds", type=int, help="medians are over so many")
    parser.add_argument("--threads", type=int, help="of the CPU: 1 is steadier on a busy machine")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="tiny sizes: does everything run?")
    length.add_argument("--long", action="store_true", help="longer trainings, the full grid")
    parser.add_argument("--only", default=",".join(MEASURED), help="some of %(default)s")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="the GPU, where there is one")
    parser.add_argument(
        "--output", type=Path, help="folder of results.csv and results.png; nowhere if not given"
    )
    arguments = parser.parse_args()
    if message := _what_is_wrong(arguments):
        parser.error(message)
    options = make_options(arguments)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    names = arguments.only.split(",")
    for name in names:
        if name not in MEASURED:
            parser.error(f"--only {name}: choose some of {', '.join(MEASURED)}")
    found: list[FigureSet] = []
    started = time.monotonic()
    for name in names:
        print(f"{name}:", file=sys.stderr, flush=True)
        measured = MEASURED[name](options)
        found += measured
        for figures in measured:
            show(figures, console)
        if arguments.output is not None:  # at once: a benchmark that is stopped keeps what it has
            keep(arguments.output, measured, found, options)
    console.print(f"{time.monotonic() - started:.0f} s")


def _what_is_wrong(arguments: argparse.Namespace) -> str | None:
    """One sentence, or None."""
    for name in ("rounds", "threads"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            return f"--{name}={value}: it must be at least 1"
    if arguments.device == "cuda" and not torch.cuda.is_available():
        return "--device=cuda: there is no GPU of CUDA's here; leave it out"
    folder, output = arguments.folder, arguments.output
    if folder is not None and not folder.expanduser().is_dir():
        return f"--folder={folder}: there is no such folder; give one with image files"
    if folder is not None and not holds_images_alone(folder.expanduser()):
        return f"--folder={folder}: it must hold image files, and no others"
    if output is not None and output.exists() and not output.is_dir():
        return f"--output={output}: it is no folder; give one for results.csv and results.png"
    return None


def keep(folder: Path, measured: list[FigureSet], found: list[FigureSet], options: Options) -> None:
    """Append what has just been measured, and draw all there is so far."""
    folder.mkdir(parents=True, exist_ok=True)
    results.append(folder, measured, options)
    threads = f"{options.threads} thread{'s' if options.threads > 1 else ''}"
    device = results.device_name(options.device)
    if any(figures.name == "training" for figures in found):  # a part would replace the whole
        chart.draw(folder, found, f"{device}, {threads}, torch {torch.__version__}")


def make_options(arguments: argparse.Namespace) -> Options:
    """The sizes that were asked for, on a GPU where there is one."""
    device = arguments.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if arguments.quick:
        options = quick(device)
    elif arguments.long:
        options = long(device)
    else:
        options = Options(device=device)
    if arguments.folder is not None:
        options = replace(options, folder=arguments.folder.expanduser().resolve())
    given = {name: getattr(arguments, name) for name in ("rounds", "threads")}
    return replace(options, **{name: value for name, value in given.items() if value is not None})


if __name__ == "__main__":
    try:
        main()
    except BadInput as error:
        errors.exit_with_message(str(error), errors.BAD_INPUT)
    except KeyboardInterrupt:
        errors.exit_with_message("Interrupted; what was finished before is kept.", 130)
