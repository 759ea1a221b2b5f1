"""How are figures measured? In alternating rounds, and each in a new process.

What slows the machine for a while slows all contenders of a round alike, so ratios are taken within
a round. Memory allocators, threads and caches do not carry over from one process to the next.

python -m benchmarks.rounds benchmarks.roof:measure '{"matrix": 4096, ...}'
"""

import io
import json
import os
import pkgutil
import resource
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
Figures = dict[str, float]
Contender = Callable[[], Figures]


@dataclass(frozen=True)
class Row:
    """One figure: its name, its unit (`x` for a ratio), and one value a round."""

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median over the rounds."""
        return median(self.values)


@dataclass(frozen=True)
class FigureSet:
    """Figures that were measured in the same rounds: one table, one line of results.csv."""

    name: str
    title: str
    rows: list[Row]


def alternate(contenders: Mapping[str, Contender], rounds: int) -> dict[str, list[Figures]]:
    """Measure each contender once a round, in reversed order in every second round."""
    found: dict[str, list[Figures]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name in list(contenders)[:: 1 if number % 2 == 0 else -1]:
            found[name].append(contenders[name]())
            figures = ", ".join(f"{key} {value:.4g}" for key, value in found[name][-1].items())
            print(f"round {number + 1}, {name}: {figures}", file=sys.stderr, flush=True)
    return found


def row(
    found: Mapping[str, list[Figures]], contender: str, figure: str, unit: str, name: str = ""
) -> Row:
    """One figure of a contender, under the contender's name by default."""
    return Row(name or contender, unit, tuple(figures[figure] for figures in found[contender]))


def ratio(name: str, numerator: Row, denominator: Row) -> Row:
    """Ratios within each round."""
    pairs = zip(numerator.values, denominator.values, strict=True)
    return Row(name, "x", tuple(one / other for one, other in pairs))


def in_new_process(
    function: str,
    package: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    **settings: Any,
) -> Figures:
    """Call a function in a new process.

    Args:
        function: `package.module:function`, which returns figures.
        package: folder of the checkout whose `srcnn_lightning` the function imports.
        environment: variables of the process beside those of this one.
        settings: arguments of the function, as JSON can hold them.

    Returns:
        The function's figures, and `peak_mb`: the most memory its process has held, in megabytes.
    """
    arguments = ("-m", "benchmarks.rounds", function, json.dumps(settings))
    output = python(*arguments, package=package, environment=environment)
    figures: Figures = json.loads(output.splitlines()[-1])
    return figures


def python(
    *arguments: str,
    package: Path = ROOT,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a new interpreter and return what it prints.

    Args:
        arguments: arguments of the interpreter.
        package: folder of the checkout whose `srcnn_lightning` it imports.
        folder: working folder; `package` by default.
        environment: variables of the interpreter beside those of this one.

    Raises:
        RuntimeError: the interpreter fails; the message ends with what it wrote to stderr.
    """
    paths = [str(package), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder or package,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{arguments} failed: {done.stderr[-3000:]}")
    return done.stdout


def extract(commit: str, folder: Path) -> None:
    """Write the files of a commit to a folder, all but its benchmarks.

    Raises:
        ValueError: git does not know the commit.
    """
    command = ["git", "-C", str(ROOT), "archive", commit, "--", ".", ":(exclude)benchmarks"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise ValueError(f"{commit}: give a commit of this checkout")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as files:
        files.extractall(folder, filter="data")


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """Keep so many CPU cores busy with other processes."""
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def peak_memory() -> float:
    """Most memory that this process has held, in megabytes."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux, whose ru_maxrss begins with that of the parent process
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


if __name__ == "__main__":
    name, settings = sys.argv[1:]
    figures = pkgutil.resolve_name(name)(**json.loads(settings))
    print(json.dumps({**figures, "peak_mb": peak_memory()}))
