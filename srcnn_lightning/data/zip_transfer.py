"""Members of a zip, each written to a file: from a server by range requests, or from a disk."""

import calendar
import hashlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZipFile

import requests
from remotezip import RangeNotSupported, RemoteZip, RemoteZipError

from srcnn_lightning import files
from srcnn_lightning.console import say_once, transfer_bar
from srcnn_lightning.errors import one_line

PARALLEL = 4  # transfers at a time: enough to fill a line, few enough for a university's server
CHUNK = 1 << 16  # bytes; small enough that a transfer soon notices that another one failed
DIRECTORY = 1 << 14  # bytes of a zip's end that are read first; a longer directory costs a request
# 416 comes after a wrong byte in the directory; the others come from a busy server.
PASSING = (416, 429, 500, 502, 503, 504)
REASONS = {
    "NameResolution": "the host's name is not known here",
    "Connection refused": "connection refused",
    "CERTIFICATE_VERIFY": "its certificate is not trusted",
    "ConnectTimeout": "no connection in time",
    "timed out": "the server stalled",
    "IncompleteRead|Connection reset|Connection aborted": "the transfer broke off",
}


class ZipError(Exception):
    """A zip cannot be read, or holds wrong bytes; the message is the reason in a few words."""


class FinalError(ZipError):
    """A further try would end in the same way."""


class NoRangesError(FinalError):
    """The server gives nothing but the whole zip."""


@dataclass(frozen=True)
class RetryPolicy:
    """Time limits for a server, in seconds; `waits`: pauses before the further tries."""

    connect_timeout: float = 10
    read_timeout: float = 20
    waits: tuple[float, ...] = (0.5, 1, 3)


def fetch(
    url: str, targets: dict[str, Path], zip_path: Path, md5: str, label: str, policy: RetryPolicy
) -> None:
    """Write members of a zip on a server to files.

    Args:
        url: address of the zip.
        targets: path of the file for each member's name; nothing else decides where a file lies.
        zip_path: path of the whole zip, which is fetched from a server without range requests.
        md5: digest of the whole zip.
        label: label of the progress bar.
        policy: time limits.

    Raises:
        ZipError: the zip or a member cannot be read; finished files stay.
        OSError: a file cannot be written; finished files stay.
    """
    timeout = (policy.connect_timeout, policy.read_timeout)
    with requests.Session() as session:
        session.headers["Accept-Encoding"] = "identity"
        session.hooks["response"].append(_close_whole)
        # Some servers know no ranges that count from the end: `support_suffix_range`.
        options = {"support_suffix_range": False, "timeout": timeout, "allow_redirects": True}
        with suppress(NoRangesError):
            open_zip = partial(RemoteZip, url, DIRECTORY, session, **options)
            extract(open_zip, targets, label, policy.waits)
            return
        get = partial(session.get, url, stream=True, timeout=timeout)
        _retry(lambda: _download(get, zip_path, md5), policy.waits)
    extract(partial(ZipFile, zip_path), targets, label, waits=())


def extract(
    open_zip: Callable[[], ZipFile], targets: dict[str, Path], label: str, waits: Sequence[float]
) -> None:
    """As `fetch`, four members at a time; `open_zip` opens the zip for one thread."""
    of_thread = threading.local()
    stop = threading.Event()
    begin = threading.Lock()  # held while a file begins, and while `stop` is set at the end

    def size() -> int:
        with _zip_errors():
            archive = open_zip()
            return sum(archive.getinfo(member).file_size for member in targets)

    def attempt(member: str) -> None:
        advance_or_stop(0)
        with _zip_errors():
            archive = vars(of_thread).pop("archive", None) or open_zip()
        try:
            _copy(archive, member, begin_file(targets[member]), advance_or_stop)
        except BaseException:
            if archive.fp:
                archive.fp.close()
            raise
        of_thread.archive = archive  # Not after a failure: its directory may be what was wrong.

    def advance_or_stop(count: int) -> None:
        if stop.is_set():
            raise InterruptedError
        advance(count)

    @contextmanager
    def begin_file(path: Path) -> Iterator[BinaryIO]:
        with ExitStack() as stack:
            with begin:
                advance_or_stop(0)
                file = stack.enter_context(files.atomic_write(path))
            yield file

    def extract_one(member: str) -> None:
        try:
            _retry(lambda: attempt(member), waits)
        except InterruptedError:
            pass  # Another transfer has failed.
        except Exception:
            stop.set()
            raise

    with transfer_bar(label, _retry(size, waits)) as advance, ThreadPool(PARALLEL) as pool:
        result = pool.map_async(extract_one, targets, chunksize=1)
        try:
            while not result.ready():
                result.wait(0.5)  # Only the main thread acts on Ctrl-C; it has to wake for that.
            result.get()
        finally:
            with begin:  # No thread begins a file after that, so the caller can remove them all.
                stop.set()


def _retry(action: Callable[[], Any], waits: Sequence[float]) -> Any:
    """Call an action again after each `ZipError` that may pass; print the first of each kind."""
    for wait in waits:
        try:
            return action()
        except FinalError:
            raise
        except ZipError as error:
            say_once(f"DIV2K: {error}; trying again")
            time.sleep(wait)
    return action()


def _close_whole(response: requests.Response, *_: object, **__: object) -> None:
    """End the whole zip that answers a range request, which remotezip would leave open."""
    if response.status_code == requests.codes.ok and "Range" in response.request.headers:
        response.close()


def _download(get: Callable[[], requests.Response], path: Path, md5: str) -> None:
    with _zip_errors():
        response = get()
        response.raise_for_status()
        size = int(response.headers.get("Content-Length", 0))
    digest = hashlib.md5(usedforsecurity=False)
    bar = transfer_bar(f"DIV2K: fetching {path.name}", size)
    with response, files.atomic_write(path) as file, bar as advance:
        for chunk in _read(response.iter_content(CHUNK)):
            file.write(chunk)
            digest.update(chunk)
            advance(len(chunk))
        if digest.hexdigest() != md5:
            raise FinalError(f"its md5 is {digest.hexdigest()}, not {md5}")


def _copy(
    archive: ZipFile,
    member: str,
    target: AbstractContextManager[BinaryIO],
    advance: Callable[[int], None],
) -> None:
    """Write a member to `target`, whole or not at all; `zipfile` compares its CRC."""
    written = 0
    try:
        with _zip_errors():
            source = archive.open(member)
        with source, target as file:
            for chunk in _read(iter(partial(source.read, CHUNK), b"")):
                advance(len(chunk))
                written += file.write(chunk)
            file.flush()
            # An image has the same identity on every machine by the time of the member. Zips
            # without times have 0 for the month and the day.
            year, month, day, *clock = archive.getinfo(member).date_time
            modified = calendar.timegm((year, min(max(month, 1), 12), max(day, 1), *clock))
            os.utime(file.name, (modified, modified))
    except ZipError:
        advance(-written)
        raise


def _read(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks; an error of their reader becomes a `ZipError`, an error of their writer stays."""
    with _zip_errors():
        yield from chunks


@contextmanager
def _zip_errors() -> Iterator[None]:
    """Around what reads a zip: over wrong bytes `zipfile` raises nearly any kind of exception."""
    try:
        yield
    except Exception as error:
        if type(error) in (RangeNotSupported, RemoteZipError):  # or the zip's size is unknown
            raise NoRangesError(one_line(error)) from error
        # zipfile and remotezip hide an error of requests behind one of their own.
        chain: list[BaseException] = [error]
        while cause := chain[-1].__cause__ or chain[-1].__context__:
            chain.append(cause)
        text = " ".join(map(repr, chain))
        reasons = [words for pattern, words in REASONS.items() if re.search(pattern, text)]
        words, kind = (*reasons, one_line(error).strip('"'))[0], ZipError
        for cause in chain:
            if isinstance(cause, requests.HTTPError):
                cause.response.close()
                words = f"the server answers {cause.response.status_code} {cause.response.reason}"
                kind = ZipError if cause.response.status_code in PASSING else FinalError
            elif isinstance(cause, requests.TooManyRedirects):
                words, kind = one_line(cause), FinalError
        raise kind(words or type(error).__name__) from error
