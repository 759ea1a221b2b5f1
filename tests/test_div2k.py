"""`data=div2k` as a user types it, against a server on loopback."""

import json
from pathlib import Path

import pytest
from conftest import TINY, Command
from zip_servers import Behaviour, make_zip, png, serving

IMAGES = {f"DIV2K_valid_HR/{number:04d}.png": png(64, number) for number in range(801, 901)}
RUN = Path("outputs/single/DIV2K-antialiased/srcnn")


@pytest.fixture(scope="module")
def content() -> bytes:
    return make_zip(IMAGES)


def fetched(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "data/DIV2K/DIV2K_valid_HR").iterdir()}


def test_prepare_only_fetches_and_a_run_then_needs_no_network(
    command: Command, tmp_path: Path, content: bytes
) -> None:
    with serving(Behaviour(content)) as server:
        arguments = ("data=div2k", *TINY, f"data.url={server.url}")
        prepared = command(*arguments, "prepare_only=true")
    assert prepared.returncode == 0, prepared.stderr
    assert "DIV2K: 10 images are ready (6 train, 2 val, 2 test)" in prepared.stdout
    assert len(prepared.stdout.splitlines()) <= 6
    assert not list(tmp_path.rglob("metrics.json"))
    assert len(list((tmp_path / "data/cache").glob("DIV2K-*.npy"))) == 1
    assert len(fetched(tmp_path)) == 10
    trained = command(*arguments)  # the server is gone
    assert trained.returncode == 0, trained.stderr
    record = json.loads((tmp_path / RUN / "metrics.json").read_text())
    names = [name for part in record["split"].values() for name in part]
    assert set(names) == fetched(tmp_path)
    assert record["config"]["data"]["subset"] == "valid"
    assert record["config"]["data"]["url"] == server.url
    again = command(*arguments, "data.url=http://127.0.0.1:9/")
    assert "skipped" in again.stdout  # where images came from is not what a run is


def test_record_pins_the_split_of_another_run(
    command: Command, tmp_path: Path, content: bytes
) -> None:
    with serving(Behaviour(content)) as server:
        arguments = ("data=div2k", *TINY, f"data.url={server.url}")
        assert command(*arguments).returncode == 0
        first = json.loads((tmp_path / RUN / "metrics.json").read_text())
        pinned = command(*arguments, f"data.split_file={RUN / 'metrics.json'}")
        assert "skipped" in pinned.stdout  # the same split is the same run
        split = {"train": ["0801.png", "0900.png"], "val": ["0850.png"], "test": ["0860.png"]}
        (tmp_path / "split.json").write_text(json.dumps(split))
        other = command(*arguments, "data.split_file=split.json")
        assert other.returncode == 0, other.stderr
    record = json.loads((tmp_path / RUN / "metrics.json").read_text())
    assert record["split"] == split
    assert record["config"]["data"]["count"] == 4
    assert record["config"]["data"]["split"] == [0.5, 0.25, 0.25]
    assert record["hash"] != first["hash"]
    assert set().union(*first["split"].values(), *split.values()) == fetched(tmp_path)
