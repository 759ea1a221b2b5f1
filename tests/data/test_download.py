"""DIV2K against real servers: what is fetched and what it costs."""

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
)
from zip_server import Behaviour, make_zip, png, serving

from srcnn_lightning.data import div2k
from srcnn_lightning.data.download import Remote
from srcnn_lightning.data.remote_directory import whole_number
from srcnn_lightning.errors import BadInput

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
    for root, url in (
        (tmp_path / "root", mirror.as_uri()),
        (tmp_path / "localhost", mirror.as_uri().replace("file://", "file://localhost")),
    ):
        div2k.fetch(root, url, SUBSET, CHOSEN)
        assert_right(root)
    with pytest.raises(BadInput, match=r"data\.url=file:///nowhere/: there is no /nowhere/DIV2K_"):
        div2k.fetch(tmp_path / "other", "file:///nowhere/", SUBSET, CHOSEN)


def test_damaged_local_zip_is_a_sentence(tmp_path):
    wrong = bytearray(ZIP)
    wrong[SPANS["0803.png"][0] + 5000] ^= 1
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


def test_only_what_is_missing_is_fetched(tmp_path):
    with serving(Behaviour(ZIP)) as server:
        fetch(tmp_path, server, CHOSEN[:1])
        fetch(tmp_path, server, CHOSEN)
    assert_right(tmp_path)
    assert [server.times(*SPANS[name]) for name in CHOSEN if name in SPANS] == [1, 1]


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
    half = len(ZIP) // 2
    (tmp_path / f"{FOLDER}.zip.part").write_bytes(ZIP[:half])
    with serving(Behaviour(ZIP)) as server, Remote(f"{server.url}x.zip", QUICK) as remote:
        remote.fetch_whole(tmp_path / f"{FOLDER}.zip", SUBSET.md5, "test")
    assert (tmp_path / f"{FOLDER}.zip").read_bytes() == ZIP
    assert server.requests == [(half, len(ZIP) - 1)]
    assert not list(tmp_path.glob("*.part"))


def test_range_of_unknown_size_goes_on_with_the_whole_zip(tmp_path):
    half = len(ZIP) // 2
    (tmp_path / f"{FOLDER}.zip.part").write_bytes(ZIP[:half])
    with serving(Behaviour(ZIP, size_known=False)) as server:
        fetch(tmp_path, server)
    assert_right(tmp_path)
    assert server.requests == [(0, 0), (half, len(ZIP) - 1)]


def test_part_of_a_whole_zip_goes_when_ranges_brought_the_images(tmp_path):
    (tmp_path / f"{FOLDER}.zip.part").write_bytes(ZIP[:1000])
    with serving(Behaviour(ZIP)) as server:
        fetch(tmp_path, server)
    assert_right(tmp_path)  # which finds no part


@pytest.mark.parametrize("size", ["*", "²", "1e3", "9" * 5000, ""])
def test_header_that_is_no_number_is_none(size):
    assert whole_number(size) is None


def test_whole_zip_with_a_wrong_beginning_is_fetched_anew(tmp_path):
    for leftover in (b"x" * 1000, b"x" * (len(ZIP) + 7), ZIP):
        (tmp_path / "a.zip.part").write_bytes(leftover)
        with serving(Behaviour(ZIP)) as server, Remote(f"{server.url}x.zip", QUICK) as remote:
            remote.fetch_whole(tmp_path / "a.zip", SUBSET.md5, "test")
        assert (tmp_path / "a.zip").read_bytes() == ZIP
        (tmp_path / "a.zip").unlink()
