"""A run whose last checkpoints are damaged goes on from the one before, or begins anew."""

from pathlib import Path

import pytest
from conftest import Command
from kills import LEAVES, assert_same_runs, kill_once_there

RUN = "outputs/single/dead_leaves-antialiased-x2"
LONG = (*LEAVES, "trainer.max_epochs=30")


@pytest.mark.parametrize("damaged", [("last",), ("last", "previous")])
@pytest.mark.slow
def test_damaged_checkpoint_is_set_aside_and_named(
    damaged: tuple[str, ...], command: Command, tmp_path: Path
) -> None:
    checkpoints = tmp_path / RUN / "srcnn/checkpoints"
    kill_once_there(tmp_path, checkpoints / "previous.ckpt", *LONG, delay_s=0.1)
    for name in damaged:
        path = checkpoints / f"{name}.ckpt"
        content = path.read_bytes()
        path.unlink()  # the kill may have left one file under two names
        path.write_bytes(content[: len(content) // 2])
    ended = command(*LONG)
    assert ended.returncode == 0, ended.stderr
    for name in damaged:
        assert f"{name}.ckpt: damaged" in ended.stdout
    assert ("goes on after epoch" in ended.stdout) == ("previous" not in damaged)
    kept = [path.name for path in (tmp_path / RUN).rglob("*.ckpt-*")]
    assert len(kept) == len(damaged)
    assert command(*LONG, "output_dir=whole").returncode == 0
    assert_same_runs(tmp_path / "whole", tmp_path / "outputs")
