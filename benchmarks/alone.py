"""A measurement in a process of its own: allocator settings, threads and caches do not leak.

python -m benchmarks.alone benchmarks.loops:plain '{"images": 10, "side": 32}'
"""

import json
import os
import pkgutil
import platform
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
Figures = dict[str, float]
Contender = Callable[[], Figures]


def alone(function: str, **settings: Any) -> Figures:
    """Call `package.module:function(**settings)`; its figures, and `peak_mb` of its process."""
    output = python(ROOT, "-m", "benchmarks.alone", function, json.dumps(settings))
    figures: Figures = json.loads(output.splitlines()[-1])
    return figures


def python(folder: str | Path, *arguments: str) -> str:
    """What a new interpreter prints that runs in a folder and imports this checkout."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{arguments} failed: {done.stderr[-3000:]}")
    return done.stdout


def alternate(contenders: Mapping[str, Contender], rounds: int) -> dict[str, list[Figures]]:
    """Each contender once a round, back and forth: what slows the machine slows all alike."""
    found: dict[str, list[Figures]] = {name: [] for name in contenders}
    for number in range(rounds):
        names = list(contenders)[:: 1 if number % 2 == 0 else -1]
        for name in names:
            found[name].append(contenders[name]())
        for name in contenders:
            figures = ", ".join(f"{key} {value:.4g}" for key, value in found[name][-1].items())
            print(f"round {number + 1}, {name}: {figures}", file=sys.stderr, flush=True)
    return found


def column(found: list[Figures], name: str) -> tuple[float, ...]:
    """One figure of each round."""
    return tuple(figures[name] for figures in found)


def peak_memory() -> float:
    """Megabytes that this process has held at most."""
    if (
        platform.system() == "Linux"
    ):  # whose ru_maxrss begins with that of the process that started it
        status = Path("/proc/self/status").read_text(encoding="ascii")
        (kilobytes,) = (line.split()[1] for line in status.splitlines() if "VmHWM" in line)
        return int(kilobytes) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def main() -> None:
    """Call the function that the command line names; its figures are the last line printed."""
    function, settings = sys.argv[1:]
    figures = pkgutil.resolve_name(function)(**json.loads(settings))
    figures["peak_mb"] = peak_memory()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
