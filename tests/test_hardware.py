"""The processors of a machine, found without torch."""

import os
import subprocess
import sys
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
    ("line", "files", "expected"),
    [
        ("0::/", {"cpu.max": "max 100000"}, 8),
        ("0::/", {"cpu.max": "350000 100000"}, 3),
        ("0::/", {"cpu.max": "50000 100000"}, 1),
        ("0::/a/b", {"a/cpu.max": "200000 100000", "a/b/cpu.max": "max 100000"}, 2),
        (
            "4:cpu,cpuacct:/a",
            {"cpu/a/cpu.cfs_quota_us": "400000", "cpu/a/cpu.cfs_period_us": "100000"},
            4,
        ),
        (
            "4:cpu,cpuacct:/",
            {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
            8,
        ),
        ("3:memory:/", {"cpu.max": "100000 100000"}, 8),
    ],
)
def test_quota_of_a_container_counts_in_whole_cores(
    line: str, files: dict, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    (tmp_path / "groups").write_text(f"{line}\n")
    monkeypatch.setattr(hardware, "CONTROL_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(hardware, "CGROUP", tmp_path)
    monkeypatch.setattr(hardware, "TOPOLOGY", tmp_path)  # each CPU is a core
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert hardware.physical_cores() == expected


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


@pytest.mark.parametrize(("given", "wanted"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_wait_without_spinning_unless_the_user_says_so(
    given: str | None, wanted: str, tmp_path: Path
) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    if given:
        environment["OMP_WAIT_POLICY"] = given
    code = (
        "import os, runpy, sys\n"
        "sys.argv = ['srcnn_lightning', 'table', 'nowhere']\n"
        "try: runpy.run_module('srcnn_lightning', run_name='__main__')\n"
        "finally: print(os.environ['OMP_WAIT_POLICY'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == wanted
