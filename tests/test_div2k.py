"""`data=div2k` as a user types it, against a server on loopback."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import TINY, Command
from small_div2k import spans
from zip_server import Behaviour, make_zip, png, serving

IMAGES = {f"DIV2K_valid_HR/{number:04d}.png": png(64, number) for number in range(801, 901)}
RUN = Path("outputs/single/DIV2K-antialiased-x2/srcnn")


@pytest.fixture(scope="module")
def content() -> bytes:
    return make_zip(IMAGES)


def start(tmp_path: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """The command in a process of its own, to be killed or limited."""
    return subprocess.Popen(
        [sys.executable, "-m", "srcnn_lightning", "data=div2k", "prepare_only=true", *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


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
    assert len(list((tmp_path / "data/cache").glob("DIV2K-*.npy"))) == 2  # targets and inputs
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


def test_killed_command_goes_on_and_fetches_no_finished_image_again(
    command: Command, tmp_path: Path, content: bytes
) -> None:
    with serving(Behaviour(content, pause_s=0.2)) as server:
        arguments = (*TINY, "data.count=40", f"data.url={server.url}")
        process = start(tmp_path, *arguments)
        deadline = time.monotonic() + 60
        while len(list(tmp_path.rglob("0*.png"))) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        finished = fetched(tmp_path) - {path.name for path in tmp_path.rglob(".*.png.*")}
        assert 4 <= len(finished) < 40
        server.pause_s = 0
        again = command("data=div2k", "prepare_only=true", *arguments)
    assert again.returncode == 0, again.stderr
    names = fetched(tmp_path)
    assert len(names) == 40
    for name in names:
        path = tmp_path / "data/DIV2K/DIV2K_valid_HR" / name
        assert path.read_bytes() == IMAGES[f"DIV2K_valid_HR/{name}"]
    asked = {name: server.times(*span) for name, span in spans(content).items() if name in names}
    assert {asked[name] for name in finished if name in asked} == {1}
    assert set(asked.values()) <= {1, 2}  # two for those that were under way


def test_full_disk_ends_the_command_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))  # an image has 12 kB

    with serving(Behaviour(content)) as server:
        process = start(tmp_path, *TINY, f"data.url={server.url}", preexec_fn=limit)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 2, stderr
    assert "data.root=data/DIV2K: the images cannot be kept there (File too large); make" in stderr
    assert len(stderr.splitlines()) == 1
    assert not fetched(tmp_path)


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
