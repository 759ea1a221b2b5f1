import resource
import time
from pathlib import Path

import pytest

from benchmarks.rounds import ROOT, Row, alternate, busy_cores, in_new_process, python, ratio, row


def test_rounds_alternate_in_order() -> None:
    order: list[str] = []

    def contender(name: str) -> dict[str, float]:
        order.append(name)
        return {"position": len(order)}

    found = alternate({name: lambda name=name: contender(name) for name in "abc"}, rounds=3)
    assert "".join(order) == "abccbaabc"
    assert row(found, "a", "position", "x") == Row("a", "x", (1, 6, 7))


def test_ratio_is_taken_within_each_round() -> None:
    # Medians of both are 20 and 4; a round that was slow for both does not change its ratio.
    fast, slow = Row("fast", "image/s", (10, 40, 20)), Row("slow", "image/s", (2, 10, 4))
    both = ratio("fast / slow", fast, slow)
    assert both.values == (5, 4, 5)
    assert both.median == 5


def test_a_process_reports_its_own_memory_alone() -> None:
    held = bytearray(200 * 2**20)  # megabytes of this process
    found = in_new_process("builtins:dict")
    assert len(held) > found["peak_mb"] * 2**20 > 2**20


def test_a_process_imports_the_package_of_the_checkout_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "srcnn_lightning").mkdir()
    (tmp_path / "srcnn_lightning/__init__.py").touch()
    show = ("-c", "import benchmarks, srcnn_lightning as s; print(benchmarks.__file__, s.__file__)")
    for package in (tmp_path, ROOT):
        own, measured = python(*show, package=package).split()
        assert Path(own).parents[1] == ROOT
        assert Path(measured).parents[1] == package


def test_a_failed_process_says_why() -> None:
    with pytest.raises(RuntimeError, match="no module of that name"):
        python("-c", "raise SystemExit('no module of that name')")


def test_busy_cores_are_busy_until_the_measurement_ends() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with busy_cores(1):
        time.sleep(1)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert 0.1 < spent < 2  # of processes that have ended
