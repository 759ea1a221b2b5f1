"""DIV2K against real servers: what is fetched and what it costs."""

import pytest
from small_div2k import (
    CHOSEN,
    FOLDER,
    IMAGES,
    SPANS,
    SUBSET,
    ZIP,
    assert_nothing_half,
    assert_right,
    fetch,
)
from zip_server import Behaviour, make_zip, png, serving

from srcnn_lightning.data import div2k
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
    words = r"data\.url=file:///nowhere/: .* \(.*No such file or directory: '/nowhere/DIV2K_"
    with pytest.raises(BadInput, match=words):
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
    assert [server.times(*SPANS[name]) for name in CHOSEN] == [1, 1, 1]


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / ".0812.png.4711").write_bytes(b"half")  # not chosen this time
    (tmp_path / f".{FOLDER}.zip.4711").write_bytes(b"half")
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
    assert server.breaks == 0


def test_zip_of_unknown_size_is_fetched_whole(tmp_path):
    with serving(Behaviour(ZIP, size_known=False)) as server:
        fetch(tmp_path, server)
    assert_right(tmp_path)
    assert (tmp_path / f"{FOLDER}.zip").read_bytes() == ZIP


def test_redirect_to_the_zip_is_followed(tmp_path):
    with serving(Behaviour(ZIP)) as server, serving(Behaviour(b"", status=302)) as front:
        front.location = f"{server.url}{FOLDER}.zip"
        fetch(tmp_path, front)
    assert_right(tmp_path)
    assert server.sent < len(ZIP)


def test_long_directory_is_read_in_two_steps(tmp_path):
    """800 names fill more than the 16 KiB that are read first."""
    others = {f"{FOLDER}/other_{number}.png": b"" for number in range(800)}
    content = make_zip({f"{FOLDER}/0803.png": IMAGES["0803.png"], **others})
    with serving(Behaviour(content)) as server:
        fetch(tmp_path, server, ["0803.png"])
    assert_right(tmp_path, ["0803.png"])
