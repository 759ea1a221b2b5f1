"""The processors of a machine, found without torch."""

import os
from pathlib import Path

import pytest
import torch

from srcnn_lightning import hardware


@pytest.fixture(autouse=True)
def clear_cache() -> None:
    hardware.physical_cores.cache_clear()


def test_device_is_the_one_torch_finds() -> None:
    assert hardware.device_type("cpu") == "cpu"
    assert hardware.gpu_count() == torch.cuda.device_count()
    assert (hardware.device_type("auto") == "cpu") == (
        not torch.cuda.is_available() and not torch.backends.mps.is_available()
    )


def test_two_threads_of_one_core_count_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cpu, siblings in enumerate(("0,2", "1,3", "0,2", "1,3")):
        path = tmp_path / f"cpu{cpu}/topology/thread_siblings_list"
        path.parent.mkdir(parents=True)
        path.write_text(f"{siblings}\n")
    monkeypatch.setattr(hardware, "TOPOLOGY", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    assert hardware.physical_cores() == 2
    hardware.physical_cores.cache_clear()
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 3}, raising=False)
    assert hardware.physical_cores() == 1


@pytest.mark.parametrize(
    ("wanted", "environment", "processes", "expected"),
    [(3, "8", 2, 3), (None, "8", 2, 4), (None, "8", 1, 8), (None, "1", 4, 1)],
)
def test_threads_are_shared_among_processes(
    wanted: int | None,
    environment: str,
    processes: int,
    expected: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", environment)
    assert hardware.thread_count(wanted, processes) == expected


@pytest.mark.parametrize("variable", ["", "many", "0"])
def test_threads_without_a_number_are_the_physical_cores(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", variable)
    assert hardware.thread_count(None) == hardware.physical_cores()
