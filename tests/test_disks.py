"""Disks that are full or forbidden: a sentence, and nothing finished is lost."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from commands import run, start
from conftest import Command
from kills import LEAVES, assert_same_runs, records

SWEEP = (*LEAVES, "trainer.max_epochs=3", "-m", "seed=0,1")


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[Path]:
    """A file system in memory; skips the test where this process may not mount one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_disk_that_fills_in_mid_run_is_a_sentence_and_the_command_goes_on(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=1000k") as disk:
        arguments = (*SWEEP, f"output_dir={disk}")
        full = run(tmp_path, *arguments)
        assert full.returncode == 2, full.stdout + full.stderr
        assert len(full.stderr.strip().splitlines()) == 1, full.stderr
        assert full.stderr.startswith(f"output_dir={disk}: it cannot be written (No space left")
        assert "make room there, and the same command goes on" in full.stderr
        assert not [path for path in disk.rglob(".*") if path.suffix[1:].isdigit()]
        before = records(disk)
        remount = ["mount", "-o", "remount,size=20m", str(disk)]
        subprocess.run(remount, check=True)
        ended = run(tmp_path, *arguments)
        assert ended.returncode == 0, ended.stderr
        assert ("skipped" in ended.stdout) == bool(before)
        assert run(tmp_path, *SWEEP, "output_dir=whole").returncode == 0
        assert_same_runs(tmp_path / "whole", disk)


def test_disk_that_fills_keeps_the_runs_before(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=20m") as disk:
        assert run(tmp_path, *SWEEP, f"output_dir={disk}").returncode == 0
        before = {path: path.read_bytes() for path in disk.rglob("metrics.json")}
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(bytes(4096))
        longer = (*SWEEP, "trainer.max_epochs=4", f"output_dir={disk}")
        full = run(tmp_path, *longer)
        assert full.returncode == 2, full.stdout + full.stderr
        assert len(full.stderr.strip().splitlines()) == 1, full.stderr
        kept = {path.read_bytes() for path in disk.rglob("metrics*.json")}
        assert set(before.values()) <= kept
        filler.unlink()
        assert run(tmp_path, *longer).returncode == 0


def test_limit_on_file_sizes_is_a_sentence(tmp_path: Path) -> None:
    process = start(tmp_path, *LEAVES, "trainer.max_epochs=50")
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (150_000, 150_000))
    stdout, stderr = process.communicate()
    assert process.returncode == 2, stdout + stderr
    assert len(stderr.strip().splitlines()) == 1, stderr
    assert "File too large" in stderr
    assert not list((tmp_path / "outputs").rglob("metrics.json"))


@pytest.mark.parametrize("arguments", [LEAVES, SWEEP])
def test_read_only_disk_is_a_sentence(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with small_disk(tmp_path / "disk", "size=1m,ro") as disk:
        result = run(tmp_path, *arguments, f"output_dir={disk}")
        assert result.returncode == 2, result.stdout + result.stderr
        assert len(result.stderr.strip().splitlines()) == 1, result.stderr
        assert f"output_dir={disk}: it cannot be written (Read-only file system)" in result.stderr


def test_disk_that_becomes_read_only_keeps_what_is_finished(
    command: Command, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", "size=20m") as disk:
        assert command(*LEAVES, f"output_dir={disk}").returncode == 0
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        again = command(*LEAVES, f"output_dir={disk}")
        assert again.returncode == 0, again.stderr
        assert "skipped" in again.stdout
        assert len(records(disk)) == 1


@pytest.mark.parametrize("file_format", ["onnx", "pt2", "safetensors"])
def test_export_to_a_full_disk_is_a_sentence(
    file_format: str, command: Command, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", "size=64k") as disk:
        output = disk / f"network.{file_format}"
        to_file = ("--model", "srcnn-x2", "--format", file_format, "--output", str(output))
        result = command(*to_file, verb="export")
        assert result.returncode == 2, result.stdout + result.stderr
        assert len(result.stderr.strip().splitlines()) == 1, result.stderr
        assert "No space left on device" in result.stderr
        assert not [*disk.iterdir()]
