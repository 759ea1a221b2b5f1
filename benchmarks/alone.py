"""A measurement in a process of its own: allocator settings, threads and caches do not leak.

    python -m benchmarks.alone benchmarks.loops:plain '{"images": 10, "side": 32}'
"""

import json
import pkgutil
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
Figures = dict[str, float]
MEGABYTES = 1024 if sys.platform == "linux" else 1024**2  # of ru_maxrss: kilobytes, or bytes


def alone(function: str, **settings: Any) -> Figures:
    """Call `package.module:function(**settings)`; its figures, and `peak_mb` of its process."""
    command = [sys.executable, "-m", __name__, function, json.dumps(settings)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{function} failed: {done.stderr[-3000:]}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def alternate(
    contenders: Mapping[str, Callable[[], Figures]], rounds: int
) -> dict[str, list[Figures]]:
    """Each contender once a round, back and forth: what slows the machine slows all alike."""
    found: dict[str, list[Figures]] = {name: [] for name in contenders}
    for number in range(rounds):
        names = list(contenders) if number % 2 == 0 else list(reversed(contenders))
        for name in names:
            found[name].append(contenders[name]())
        for name in contenders:
            figures = ", ".join(f"{key} {value:.4g}" for key, value in found[name][-1].items())
            print(f"round {number + 1}, {name}: {figures}", file=sys.stderr, flush=True)
    return found


def column(found: list[Figures], name: str) -> tuple[float, ...]:
    """One figure of each round."""
    return tuple(figures[name] for figures in found)




def main() -> None:
    """Call the function that the command line names; its figures are the last line printed."""
    function, settings = sys.argv[1:]
    figures = pkgutil.resolve_name(function)(**json.loads(settings))
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTES
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
