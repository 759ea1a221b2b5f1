"""Measure, print tables, keep the figures: `make bench`."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console

from benchmarks import convolutions, inference, networks, report, results, startup, training
from benchmarks.rounds import FigureSet, busy_cores, extract
from benchmarks.workload import QUICK, Workload

WIDTH = 100  # of the tables in a file or a pipe
MEASURED: dict[str, Callable[[Workload], list[FigureSet]]] = {
    "training": training.measure,
    "settings": training.measure_settings,
    "convolutions": convolutions.measure,
    "networks": networks.measure,
    "inference": inference.measure,
    "startup": startup.measure,
    "report": report.measure,
}


def main() -> None:
    """Measure every part that is asked for, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--folder", type=_folder, help="image files, in place of drawn ones")
    parser.add_argument("--rounds", type=_positive, help="figures are medians over so many")
    parser.add_argument("--threads", type=_positive, help="of the CPU; 1 suits a busy machine")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="the GPU where there is one")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, few cases: does it run?")
    parser.add_argument("--only", type=_parts, default=list(MEASURED), help=", ".join(MEASURED))
    parser.add_argument("--against", metavar="COMMIT", help="train and upscale with it as well")
    parser.add_argument("--busy", type=_positive, default=0, help="cores that others keep busy")
    parser.add_argument("--output", type=Path, help="folder of results.csv and results.png")
    arguments = parser.parse_args()
    workload = _workload(arguments)
    with tempfile.TemporaryDirectory() as folder, busy_cores(arguments.busy):
        if arguments.against is not None:
            try:
                extract(arguments.against, Path(folder))
            except ValueError as error:
                parser.error(f"--against={error}")
            workload = replace(workload, other=Path(folder))
        measure(arguments, workload)


def measure(arguments: argparse.Namespace, workload: Workload) -> None:
    """Measure, print and keep each part before the next begins."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    conditions = f"; cores kept busy: {arguments.busy}" if arguments.busy else ""
    conditions += f"; before: {arguments.against}" if arguments.against else ""
    found: list[FigureSet] = []
    started = time.monotonic()
    for name in arguments.only:
        print(f"{name}:", file=sys.stderr, flush=True)
        sets = [replace(s, title=s.title + conditions) for s in MEASURED[name](workload)]
        found += sets
        for figures in sets:
            results.show(figures, console)
        if arguments.output is not None:
            results.append(arguments.output, sets, workload)
            if "training" in [s.name for s in found]:  # inference alone would replace its bars
                results.draw(arguments.output, found, workload)
    console.print(f"{time.monotonic() - started:.0f} s")


def _workload(arguments: argparse.Namespace) -> Workload:
    """The sizes that were asked for, on a GPU where there is one."""
    given = {name: getattr(arguments, name) for name in ("folder", "rounds", "threads", "device")}
    given["device"] = given["device"] or ("cuda" if torch.cuda.is_available() else "cpu")
    given = {name: value for name, value in given.items() if value is not None}
    return replace(QUICK if arguments.quick else Workload(), **given)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: give a whole number of at least 1")
    return int(text)


def _folder(text: str) -> Path:
    folder = Path(text).expanduser().resolve()
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: give a folder of image files")
    return folder


def _parts(text: str) -> list[str]:
    names = text.split(",")
    if not set(names) <= set(MEASURED):
        raise argparse.ArgumentTypeError(f"{text}: choose some of {', '.join(MEASURED)}")
    return names


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:  # a process that was measured has failed
        sys.exit(str(error))
    except KeyboardInterrupt:
        print("Interrupted; what was finished before is kept.", file=sys.stderr)
        sys.exit(130)
