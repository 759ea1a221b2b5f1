"""DIV2K where the server, the disk or the process fails: how every trouble ends."""

import ctypes
import errno
import os
import resource
import signal
import socket
import time
from pathlib import Path

import pytest
from small_div2k import (
    CHOSEN,
    FOLDER,
    IMAGES,
    QUICK,
    SPANS,
    SUBSET,
    ZIP,
    assert_nothing_half,
    assert_right,
    fetch,
    in_child,
    subset_of,
    temporary_files,
)
from zip_server import Behaviour, make_zip, serving

from srcnn_lightning.data import div2k
from srcnn_lightning.data.zip_transfer import RetryPolicy
from srcnn_lightning.errors import BadInput

TROUBLES = {
    "breaks off once": {"break_after": 16384, "breaks": 1},
    "wrong byte once": {"wrong_byte": 65_000, "wrongs": 1},  # in 0803.png
    # The CRC that the zip's directory gives for 0803.png, the third entry of 69 bytes.
    "wrong directory once": {"wrong_byte": ZIP.index(b"PK\x01\x02") + 2 * 69 + 16, "wrongs": 1},
    "stalls once": {"stall_after": 16384, "stalls": 1},
    "busy at first": {"status": 503, "statuses": 2},
}


@pytest.mark.parametrize(
    ("trouble", "ranges"),
    [(trouble, True) for trouble in TROUBLES]
    + [(trouble, False) for trouble in TROUBLES if "wrong" not in trouble],
)
def test_passing_trouble_ends_right(tmp_path, trouble, ranges):
    with serving(Behaviour(ZIP, ranges=ranges, **TROUBLES[trouble])) as server:
        fetch(tmp_path, server)
    assert_right(tmp_path)
    left = {"breaks": server.breaks, "wrongs": server.wrongs, "stalls": server.stalls}
    assert 0 in (*left.values(), server.statuses)  # the trouble did occur


LASTING = {
    "breaks off": ({"break_after": 16384}, "broke off"),
    "breaks off, whole": ({"break_after": 16384, "ranges": False}, "broke off"),
    "wrong byte": ({"wrong_byte": 65_000}, "Bad CRC-32 for file 'DIV2K_valid_HR/0803.png'"),
    "wrong byte, whole": ({"wrong_byte": 65_000, "ranges": False}, "its md5 is"),
    "wrong directory": ({"wrong_byte": len(ZIP) - 20}, "zip"),
    "stalls": ({"stall_after": 16384}, "the server stalled"),
    "stalls at once": ({"stall_after": 0}, "the server stalled"),
    "stalls, whole": ({"stall_after": 16384, "ranges": False}, "the server stalled"),
    "answers 404": ({"status": 404}, "404"),
    "answers 503": ({"status": 503}, "503"),
}


@pytest.mark.parametrize("trouble", LASTING)
def test_lasting_trouble_is_one_sentence(tmp_path, trouble):
    faults, words = LASTING[trouble]
    started = time.monotonic()
    with (
        serving(Behaviour(ZIP, **faults)) as server,
        pytest.raises(BadInput, match=r"^data\.url=http://127") as caught,
    ):
        fetch(tmp_path, server, policy=RetryPolicy(2, 0.2, (0.01, 0.02)))
    sentence = str(caught.value)
    assert words in sentence
    assert "data.root=DIR" in sentence
    assert "data=dead_leaves" in sentence
    assert "\n" not in sentence
    assert time.monotonic() - started < 20
    for path in tmp_path.rglob("*.png"):
        assert path.read_bytes() == IMAGES[path.name]
    assert not temporary_files(tmp_path)
    assert not (tmp_path / f"{FOLDER}.zip").exists()


def test_no_network_names_both_ways_out(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        with pytest.raises(BadInput, match="connection refused") as caught:
            div2k.fetch(tmp_path, url, SUBSET, CHOSEN, QUICK)
    assert "data.root=DIR" in str(caught.value)
    assert "data=dead_leaves" in str(caught.value)


NO_URLS = ("ftp://host/", "data/DIV2K", "http://", "http://[", "None", "http://host:99999/")
NO_HOSTS = ("http://:80/", "http://.host/", f"http://{'a' * 70}.org/", "http://a b/")


@pytest.mark.parametrize("url", [*NO_URLS, *NO_HOSTS])
def test_what_is_no_url_is_a_sentence(tmp_path, url):
    with pytest.raises(BadInput, match=r"data\.url=.* begins with https://") as caught:
        div2k.fetch(tmp_path, url, SUBSET, CHOSEN, QUICK)
    assert "again later" not in str(caught.value)


@pytest.mark.parametrize("url", ["file://host/DIR", "file:DIR", "file://DIR"])
def test_file_url_of_another_machine_is_a_sentence(tmp_path, url):
    with pytest.raises(BadInput, match=r"data\.url=file:.*DIR: give .* file:///DIR"):
        div2k.fetch(tmp_path, url, SUBSET, CHOSEN)


def test_members_that_lead_outside_write_nothing(tmp_path):
    root = tmp_path / "deep" / "root"
    names = ("../evil.png", "/evil.png", str(tmp_path / "evil.png"), f"{FOLDER}/../../evil.png")
    evil = dict.fromkeys([*names, f"{FOLDER}/../../../0803.png"], b"evil")
    good = {f"{FOLDER}/{name}": content for name, content in IMAGES.items()}
    content = make_zip({**evil, **good})
    for ranges in (True, False):
        with serving(Behaviour(content, ranges=ranges)) as server:
            fetch(root, server, subset=subset_of(content))
        assert_right(root)
        found = {path.name for path in tmp_path.rglob("*") if path.is_file()}
        assert found <= {*CHOSEN, ".lock", f"{FOLDER}.zip"}
        for name in CHOSEN:
            (root / FOLDER / name).unlink()


def test_zip_without_the_images_is_a_sentence(tmp_path):
    content = make_zip({"../0803.png": b"evil", "/0803.png": b"evil"})
    for ranges in (True, False):
        with (
            serving(Behaviour(content, ranges=ranges)) as server,
            pytest.raises(BadInput, match="no item named 'DIV2K_valid_HR/08"),
        ):
            fetch(tmp_path, server, subset=subset_of(content))
    assert not list(tmp_path.rglob("*.png"))


# Disks and processes


@pytest.mark.parametrize("ranges", [True, False])
def test_full_disk_is_a_sentence_and_leaves_nothing(tmp_path, ranges):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    with serving(Behaviour(ZIP, ranges=ranges)) as server:
        process = in_child(tmp_path, server.url, preexec_fn=limit)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    sentence = f"data.root={tmp_path}: the images cannot be kept there (File too large); make room"
    assert sentence in stderr
    assert len(stderr.strip().splitlines()) == 1
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} <= {".lock"}


def test_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match=r"data\.root=.*file.*: the images cannot be") as caught:
        div2k.fetch(tmp_path / "file" / "root", "http://127.0.0.1:9/", SUBSET, CHOSEN)
    assert "make room" not in str(caught.value)  # room is not what it lacks


def test_zip_that_may_not_be_read_is_not_the_disk_s_fault(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    (tmp_path / f"{FOLDER}.zip").write_bytes(ZIP)
    monkeypatch.setattr(div2k, "ZipFile", refuse)
    with pytest.raises(
        BadInput, match=r"HR\.zip: it is .* unreadable \(.*Permission denied: '.*'\)"
    ):
        div2k.fetch(tmp_path, "http://127.0.0.1:9/", SUBSET, CHOSEN)
    with pytest.raises(
        BadInput, match=r"data\.url=file.*zip cannot .* \(.*Permission denied: '.*'\)"
    ):
        div2k.fetch(tmp_path / "root", tmp_path.as_uri(), SUBSET, CHOSEN)


def wait_for(happened):
    deadline = time.monotonic() + 30
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert happened()


def interrupt(process):
    os.kill(process.pid, signal.SIGINT)


def interrupt_other_thread(process):
    """As a system may do where the main thread sleeps."""
    tids = {int(task.name) for task in Path(f"/proc/{process.pid}/task").iterdir()}
    libc = ctypes.CDLL(None, use_errno=True)
    failed = libc.tgkill(process.pid, max(tids - {process.pid}), signal.SIGINT)
    assert not failed, os.strerror(ctypes.get_errno())


@pytest.mark.parametrize("send", [interrupt, interrupt_other_thread])
def test_interruption_does_not_wait_for_a_server_that_stalls(tmp_path, send):
    stalling = Behaviour(ZIP, stall_after=16384, spares_directory=True)
    with serving(stalling) as server:
        process = in_child(tmp_path, server.url, read_s=60)
        wait_for(lambda: list(tmp_path.rglob(".*.png.*")))
        send(process)
        started = time.monotonic()
        process.communicate(timeout=40)
    assert process.returncode
    assert time.monotonic() - started < 5  # not the 30 s after which this server gives up
    assert_nothing_half(tmp_path)


def test_killed_whole_zip_ends_right(tmp_path):
    with serving(Behaviour(ZIP, pause_s=0.05, ranges=False)) as server:
        process = in_child(tmp_path, server.url)
        wait_for(lambda: any(path.stat().st_size for path in tmp_path.glob(f".{FOLDER}.zip.*")))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert not (tmp_path / f"{FOLDER}.zip").exists()
        server.pause_s = 0
        fetch(tmp_path, server)
    assert_right(tmp_path)


def test_two_processes_at_once_fetch_each_image_once(tmp_path):
    names = list(IMAGES)
    with serving(Behaviour(ZIP, pause_s=0.02)) as server:
        processes = [in_child(tmp_path, server.url, names) for _ in range(2)]
        said = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert_right(tmp_path, names)
    assert {server.times(*span) for span in SPANS.values()} == {1}


def test_lines_without_a_terminal_are_few(tmp_path, capsys):
    with serving(Behaviour(ZIP)) as server:
        fetch(tmp_path, server, list(IMAGES))
    lines = capsys.readouterr().out.splitlines()
    assert 2 <= len(lines) <= 5
    assert lines[0] == f"DIV2K: fetching 12 images to {tmp_path}, 0.4 MB"
    assert "s left" in lines[1]
    assert lines[-1] == f"DIV2K: 12 images came to {tmp_path / FOLDER}"
