"""How often and after which pauses a server is asked again, and what is said meanwhile."""

import itertools
import time

import pytest
from small_div2k import (
    CHOSEN,
    FOLDER,
    IMAGES,
    ZIP,
    assert_right,
    fetch,
    subset_of,
)
from zip_server import Behaviour, make_zip, png, serving

from srcnn_lightning.console import say_once
from srcnn_lightning.data.zip_transfer import RetryPolicy
from srcnn_lightning.errors import BadInput


def gaps(server):
    return [later - earlier for earlier, later in itertools.pairwise(server.asked_at)]


def test_pauses_before_each_further_try_grow(tmp_path):
    with serving(Behaviour(ZIP, status=503)) as server, pytest.raises(BadInput, match="503"):
        fetch(tmp_path, server, policy=RetryPolicy(2, 2, (0.1, 0.3)))
    first, second = gaps(server)  # three requests: nothing below multiplies them
    assert 0.1 <= first < 0.3 <= second


def test_members_are_asked_for_with_every_wait(tmp_path):
    busy = Behaviour(ZIP, status=503, healthy=2)  # the zip's size and its directory
    waits = (0.01, 0.02, 0.05, 0.1)
    with serving(busy) as server, pytest.raises(BadInput, match="the server answers 503"):
        fetch(tmp_path, server, CHOSEN[:1], policy=RetryPolicy(2, 2, waits))
    assert len(server.asked_at) == 2 + 1 + len(waits)
    assert all(gap >= wait for gap, wait in zip(gaps(server)[2:], waits, strict=True))


def test_server_that_wants_a_long_pause_does_not_get_it(tmp_path):
    started = time.monotonic()
    with serving(Behaviour(ZIP, status=429, statuses=1, retry_after="8")) as server:
        fetch(tmp_path, server)
    assert_right(tmp_path)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("healthy", [0, 1, 2])  # the size, the directory, a member is refused
@pytest.mark.parametrize("status", [403, 404])
def test_refusal_is_not_asked_again(tmp_path, status, healthy):
    with (
        serving(Behaviour(ZIP, status=status, healthy=healthy)) as server,
        pytest.raises(BadInput, match=f"the server answers {status}"),
    ):
        fetch(tmp_path, server, CHOSEN[:1])
    assert len(server.asked_at) == healthy + 1


def test_redirects_in_a_circle_are_not_followed_for_long(tmp_path):
    with (
        serving(Behaviour(ZIP, status=302, location="/DIV2K/")) as server,
        pytest.raises(BadInput, match="redirects"),
    ):
        fetch(tmp_path, server)
    assert len(server.asked_at) == 1 + 30  # the limit of requests, and no further try


def test_image_that_fails_for_good_ends_the_others_early(tmp_path):
    large = {f"{number:04d}.png": png(600, number) for number in (802, 803, 804)}  # 1 MB each
    images = {"0801.png": IMAGES["0801.png"], **large}
    content = make_zip({f"{FOLDER}/{name}": image for name, image in images.items()})
    started = time.monotonic()
    with (
        serving(Behaviour(content, wrong_byte=15_000, pause_s=0.05)) as server,  # in 0801.png
        pytest.raises(BadInput, match=r"Bad CRC-32 for file .*0801\.png"),
    ):
        fetch(tmp_path, server, list(images), subset_of(content), RetryPolicy(2, 2, (0.01,)))
    assert time.monotonic() - started < 2.5  # each of the large ones takes 3.3 s
    assert not list((tmp_path / FOLDER).iterdir())


def test_each_kind_of_trouble_is_said_once(tmp_path, capsys):
    say_once.cache_clear()
    with serving(Behaviour(ZIP, stall_after=0)) as server, pytest.raises(BadInput):
        fetch(tmp_path, server, policy=RetryPolicy(2, 0.2, (0.01, 0.02)))
    lines = [line for line in capsys.readouterr().out.splitlines() if "again" in line]
    assert lines == ["DIV2K: the server stalled; trying again"]


def test_whole_zip_shows_how_many_bytes_come(tmp_path, capsys):
    with serving(Behaviour(ZIP, ranges=False)) as server:
        fetch(tmp_path, server)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"DIV2K: fetching {FOLDER}.zip, 0.4 MB"
    assert lines[1].startswith(f"DIV2K: fetching {FOLDER}.zip, 0.1 of 0.4 MB, ")
    assert len(lines) <= 9
