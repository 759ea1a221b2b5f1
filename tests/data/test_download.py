"""DIV2K against real servers: what is fetched, what it costs, and how every failure ends."""

import hashlib
import os
import resource
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from zip_servers import Behaviour, make_zip, png, serving

from srcnn_lightning.data import div2k
from srcnn_lightning.data.download import Patience
from srcnn_lightning.errors import BadInput

FOLDER = "DIV2K_valid_HR"
NUMBERS = range(801, 813)
QUICK = Patience(connect=2, read=0.5, waits=(0.01, 0.02, 0.04))
IMAGES = {f"{number:04d}.png": png(100, number) for number in NUMBERS}  # 30 kB each
ZIP = make_zip({f"{FOLDER}/{name}": content for name, content in IMAGES.items()})
CHOSEN = ["0803.png", "0807.png", "0811.png"]


def subset_of(content: bytes) -> div2k.Subset:
    return div2k.Subset(FOLDER, NUMBERS, hashlib.md5(content).hexdigest())


SUBSET = subset_of(ZIP)


def fetch(root, server, names=CHOSEN, subset=SUBSET, patience=QUICK):
    return div2k.fetch(root, server.url, subset, names, patience)


def assert_right(root, names=CHOSEN, *, images=IMAGES):
    """These images and no others are there, whole; nothing half written lies about."""
    found = {path.name: path.read_bytes() for path in (root / FOLDER).iterdir()}
    assert found == {name: images[name] for name in names}
    assert not list(root.rglob("*.part"))


def assert_nothing_half(root):
    assert not list(root.rglob("*.part"))
    for path in root.rglob("*.png"):
        assert path.read_bytes() == IMAGES[path.name]


def member_bytes(server, name):
    """Where the member lies in the zip: its header's first byte and its content's last."""
    with zipfile.ZipFile(Path(server.content_path)) as archive:
        info = archive.getinfo(f"{FOLDER}/{name}")
    return info.header_offset, info.header_offset + info.compress_size


@pytest.fixture
def spans(tmp_path):
    """For each image the bytes of the zip it fills; without those that the directory's request
    brings along: the last 64 KiB."""
    path = tmp_path / "spans.zip"
    path.write_bytes(ZIP)
    with zipfile.ZipFile(path) as archive:
        infos, directory = archive.infolist(), archive.start_dir
    path.unlink()
    ends = [*(info.header_offset for info in infos[1:]), directory]
    return {
        Path(info.filename).name: (info.header_offset, end)
        for info, end in zip(infos, ends, strict=True)
        if end < len(ZIP) - (1 << 16)
    }


def in_child(root, url, names=CHOSEN, before="", **options):
    """The same call in a process of its own, which can be killed or limited."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from srcnn_lightning.data import div2k\n"
        "from srcnn_lightning.data.download import Patience\n"
        "from srcnn_lightning.errors import BadInput\n"
        f"{before}\n"
        f"subset = div2k.Subset({FOLDER!r}, range({NUMBERS.start}, {NUMBERS.stop}),"
        f" {SUBSET.md5!r})\n"
        "patience = Patience(2, 2, (0.01, 0.02))\n"
        "try:\n"
        f"    div2k.fetch(Path({str(root)!r}), {url!r}, subset, {names!r}, patience)\n"
        "except BadInput as error:\n"
        "    sys.exit(str(error))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


# Found before fetched


@pytest.mark.parametrize("place", [FOLDER, "."])
def test_images_that_lie_there_need_no_network(tmp_path, place):
    (tmp_path / place).mkdir(exist_ok=True)
    for name in CHOSEN:
        (tmp_path / place / name).write_bytes(IMAGES[name])
    with serving(Behaviour(ZIP)) as server:
        paths = fetch(tmp_path, server)
    assert paths == {name: tmp_path / place / name for name in CHOSEN}
    assert not server.requests
    assert not (tmp_path / ".lock").exists()  # a copy may be read-only


def test_zip_that_lies_there_needs_no_network(tmp_path):
    (tmp_path / f"{FOLDER}.zip").write_bytes(ZIP)
    with serving(Behaviour(ZIP)) as server:
        fetch(tmp_path, server)
    assert_right(tmp_path)
    assert not server.requests


def test_file_url_is_a_mirror_too(tmp_path):
    mirror = tmp_path / "mirror with spaces"
    mirror.mkdir()
    (mirror / f"{FOLDER}.zip").write_bytes(ZIP)
    div2k.fetch(tmp_path / "root", mirror.as_uri(), SUBSET, CHOSEN)
    assert_right(tmp_path / "root")
    with pytest.raises(BadInput, match=r"data\.url=file:///nowhere/: there is no /nowhere/DIV2K_"):
        div2k.fetch(tmp_path / "other", "file:///nowhere/", SUBSET, CHOSEN)


def test_damaged_local_zip_is_a_sentence(tmp_path, spans):
    wrong = bytearray(ZIP)
    wrong[spans["0803.png"][0] + 5000] ^= 1
    (tmp_path / f"{FOLDER}.zip").write_bytes(wrong)
    with pytest.raises(BadInput, match=r"it is damaged .*CRC.* remove it"):
        div2k.fetch(tmp_path, "http://127.0.0.1:9/", SUBSET, CHOSEN)
    assert_nothing_half(tmp_path)
    (tmp_path / f"{FOLDER}.zip").write_bytes(ZIP[:50_000])
    with pytest.raises(BadInput, match="it is damaged"):
        div2k.fetch(tmp_path, "http://127.0.0.1:9/", SUBSET, CHOSEN)


# A server that knows ranges


@pytest.mark.parametrize("deflated", [False, True])
def test_ranges_bring_the_chosen_images(tmp_path, deflated):
    content = make_zip({f"{FOLDER}/{n}": c for n, c in IMAGES.items()}, deflated=deflated)
    with serving(Behaviour(content)) as server:
        paths = fetch(tmp_path, server)
    assert_right(tmp_path)
    assert paths == {name: tmp_path / FOLDER / name for name in CHOSEN}
    assert server.sent < len(content)


def test_ranges_cost_at_most_five_percent_more(tmp_path):
    images = {f"{number:04d}.png": png(600, number) for number in range(801, 809)}  # 1 MB each
    content = make_zip({f"{FOLDER}/{name}": image for name, image in images.items()})
    chosen = ["0801.png", "0804.png", "0808.png"]
    with serving(Behaviour(content)) as server:
        fetch(tmp_path, server, chosen)
    assert_right(tmp_path, chosen, images=images)
    assert server.sent <= 1.05 * sum(len(images[name]) for name in chosen)


def test_four_transfers_at_most(tmp_path):
    with serving(Behaviour(ZIP, pause_s=0.02)) as server:
        fetch(tmp_path, server, list(IMAGES))
    assert_right(tmp_path, list(IMAGES))
    assert 2 <= server.most_at_once <= 4


def test_only_what_is_missing_is_fetched(tmp_path, spans):
    with serving(Behaviour(ZIP)) as server:
        fetch(tmp_path, server, CHOSEN[:1])
        fetch(tmp_path, server, CHOSEN)
    assert_right(tmp_path)
    assert [server.times(*spans[name]) for name in CHOSEN if name in spans] == [1, 1]


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "0812.png.part").write_bytes(b"half")  # not chosen this time
    with serving(Behaviour(ZIP)) as server:
        fetch(tmp_path, server)
    assert_right(tmp_path)


def test_fetched_image_has_the_time_of_the_zip(tmp_path):
    # Then its identity, and with it a run's hash, is the same on every machine.
    with serving(Behaviour(ZIP)) as server:
        path = fetch(tmp_path, server)[CHOSEN[0]]
    assert path.stat().st_mtime == 1488369600  # 2017-03-01 12:00:00 UTC


# A server that does not


def test_without_ranges_the_whole_zip_is_streamed(tmp_path):
    with serving(Behaviour(ZIP, ranges=False)) as server:
        fetch(tmp_path, server)
        requests = len(server.requests)
        fetch(tmp_path, server, list(IMAGES))
    assert_right(tmp_path, list(IMAGES))
    assert (tmp_path / f"{FOLDER}.zip").read_bytes() == ZIP
    assert len(server.requests) == requests  # the second time it lies there


def test_without_ranges_a_break_begins_anew(tmp_path):
    with serving(Behaviour(ZIP, ranges=False, break_after=80_000, breaks=1)) as server:
        fetch(tmp_path, server)
    assert_right(tmp_path)
    assert len(server.requests) == 3  # the question, the broken one, the whole


def test_whole_zip_goes_on_where_it_stopped(tmp_path):
    """A server that answers the first question without ranges, and knows them after all."""
    half = len(ZIP) // 2
    (tmp_path / f"{FOLDER}.zip.part").write_bytes(ZIP[:half])
    from srcnn_lightning.data.download import Remote

    with serving(Behaviour(ZIP)) as server, Remote(f"{server.url}x.zip", QUICK) as remote:
        remote.fetch_whole(tmp_path / f"{FOLDER}.zip", SUBSET.md5, "test")
    assert (tmp_path / f"{FOLDER}.zip").read_bytes() == ZIP
    assert server.requests == [(half, len(ZIP) - 1)]
    assert not list(tmp_path.glob("*.part"))


def test_whole_zip_with_a_wrong_beginning_is_fetched_anew(tmp_path):
    from srcnn_lightning.data.download import Remote

    for leftover in (b"x" * 1000, b"x" * (len(ZIP) + 7), ZIP):
        (tmp_path / "a.zip.part").write_bytes(leftover)
        with serving(Behaviour(ZIP)) as server, Remote(f"{server.url}x.zip", QUICK) as remote:
            remote.fetch_whole(tmp_path / "a.zip", SUBSET.md5, "test")
        assert (tmp_path / "a.zip").read_bytes() == ZIP
        (tmp_path / "a.zip").unlink()


# Servers that fail

TROUBLES = {
    "breaks off once": {"break_after": 16384, "breaks": 1},
    "wrong byte once": {"wrong_byte": 65_000, "wrongs": 1},  # in 0803.png
    # The CRC that the zip's directory gives for 0803.png, the third entry of 69 bytes.
    "wrong directory once": {"wrong_byte": ZIP.index(b"PK\x01\x02") + 2 * 69 + 16, "wrongs": 1},
    "stalls once": {"stall_after": 16384, "stalls": 1},
    "busy at first": {"status": 503, "statuses": 2},
}


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("trouble", TROUBLES)
def test_passing_trouble_ends_right(tmp_path, trouble, ranges):
    with serving(Behaviour(ZIP, ranges=ranges, **TROUBLES[trouble])) as server:
        fetch(tmp_path, server)
    assert_right(tmp_path)
    left = {"breaks": server.breaks, "wrongs": server.wrongs, "stalls": server.stalls}
    assert 0 in (*left.values(), server.statuses)  # the trouble did occur


def test_broken_line_that_gets_further_each_time_ends_right(tmp_path):
    """More breaks than tries: a whole zip goes on as long as each try brings something."""
    from srcnn_lightning.data.download import Remote

    with (
        serving(Behaviour(ZIP, break_after=80_000)) as server,  # above the size of a chunk
        Remote(f"{server.url}x.zip", QUICK) as remote,
    ):
        remote.fetch_whole(tmp_path / "a.zip", SUBSET.md5, "test")
    assert (tmp_path / "a.zip").read_bytes() == ZIP
    assert len(server.requests) > len(QUICK.waits) + 2


LASTING = {
    "breaks off": ({"break_after": 16384}, "broke off"),
    "breaks off, whole": ({"break_after": 16384, "ranges": False}, "broke off"),
    "wrong byte": ({"wrong_byte": 65_000}, "0803.png: wrong bytes by its CRC"),
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
        fetch(tmp_path, server, patience=Patience(2, 0.2, (0.01, 0.02)))
    sentence = str(caught.value)
    assert words in sentence
    assert "data.root=DIR" in sentence
    assert "data=dead_leaves" in sentence
    assert "\n" not in sentence
    assert time.monotonic() - started < 20
    for path in tmp_path.rglob("*.png"):
        assert path.read_bytes() == IMAGES[path.name]
    assert not list((tmp_path / FOLDER).glob("*.part"))
    assert not (tmp_path / f"{FOLDER}.zip").exists()


def test_no_network_names_both_ways_out(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        with pytest.raises(BadInput, match="connection refused") as caught:
            div2k.fetch(tmp_path, url, SUBSET, CHOSEN, QUICK)
    assert "data.root=DIR" in str(caught.value)
    assert "data=dead_leaves" in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://host/", "data/DIV2K", "http://", "http://[", "None"])
def test_what_is_no_url_is_a_sentence(tmp_path, url):
    with pytest.raises(BadInput, match=r"data\.url=.* begins with https://"):
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
            pytest.raises(BadInput, match="holds no DIV2K_valid_HR/08"),
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
    assert f"data.root={tmp_path}: the images cannot be kept there (File too large)" in stderr
    assert len(stderr.strip().splitlines()) == 1
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} <= {".lock"}


def test_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match=r"data\.root=.*file.*: the images cannot be kept there"):
        div2k.fetch(tmp_path / "file" / "root", "http://127.0.0.1:9/", SUBSET, CHOSEN)


def test_killed_download_goes_on_and_fetches_nothing_twice(tmp_path, spans):
    names = list(IMAGES)
    with serving(Behaviour(ZIP, pause_s=0.05)) as server:
        process = in_child(tmp_path, server.url, names)
        deadline = time.monotonic() + 30
        while len(list(tmp_path.rglob("*.png"))) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        finished = [path.name for path in (tmp_path / FOLDER).glob("*.png")]
        assert 4 <= len(finished) < len(names)
        assert all((tmp_path / FOLDER / name).read_bytes() == IMAGES[name] for name in finished)
        fetch(tmp_path, server, names)
    assert_right(tmp_path, names)
    asked = {name: server.times(*span) for name, span in spans.items()}
    assert {asked[name] for name in finished if name in spans} == {1}
    assert set(asked.values()) <= {1, 2}  # two for those that were under way


def test_killed_whole_zip_goes_on(tmp_path):
    with serving(Behaviour(ZIP, ranges=False, pause_s=0.05)) as server:
        process = in_child(tmp_path, server.url)
        part = tmp_path / f"{FOLDER}.zip.part"
        deadline = time.monotonic() + 30
        while not (part.is_file() and part.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert 0 < part.stat().st_size < len(ZIP)
        server.pause_s = 0
        fetch(tmp_path, server)
    assert_right(tmp_path)


def test_two_processes_at_once_fetch_each_image_once(tmp_path, spans):
    names = list(IMAGES)
    with serving(Behaviour(ZIP, pause_s=0.02)) as server:
        processes = [in_child(tmp_path, server.url, names) for _ in range(2)]
        said = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert_right(tmp_path, names)
    assert {server.times(*span) for span in spans.values()} == {1}


def test_lines_without_a_terminal_are_few(tmp_path, capsys):
    with serving(Behaviour(ZIP)) as server:
        fetch(tmp_path, server, list(IMAGES))
    lines = capsys.readouterr().out.splitlines()
    assert 2 <= len(lines) <= 5
    assert lines[0].startswith("DIV2K: fetching 12 images, 0.4 MB")
    assert "s left" in lines[1]
    assert lines[-1] == f"DIV2K: 12 images came to {tmp_path / FOLDER}"
