"""Members of a zip on a server: each by a range request, or the whole zip where ranges are unknown.

What goes wrong on the way is tried again; what remains wrong is one exception, `TransferFailed`.
An `OSError` from here is always of the disk.
"""

import hashlib
import io
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from zipfile import BadZipFile

import requests
from remotezip import PartialBuffer, RemoteFetcher, RemoteZip, RemoteZipError
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from srcnn_lightning.data.archive import CHUNK, PART, Advance, copy_member
from srcnn_lightning.progress import transfer

PARALLEL = 4  # transfers at a time: enough to fill a line, few enough for a university's server
PARTIAL, BEYOND_THE_END = 206, 416  # statuses of an answer to a range request
BUSY = (429, 500, 502, 503, 504)  # answers worth asking again for

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for, in seconds.

    Attributes:
        connect: for a connection.
        read: for the next bytes.
        waits: before each further try; progress in between starts the list anew.
    """

    connect: float = 10
    read: float = 20
    waits: tuple[float, ...] = (0.5, 1, 2, 4)

    @property
    def timeout(self) -> tuple[float, float]:
        """As requests takes it."""
        return self.connect, self.read


class TransferFailed(Exception):  # noqa: N818 - it says what it is
    """The server cannot be reached, or does not give the right bytes; says why in a few words."""


class Broken(Exception):  # noqa: N818
    """One try that did not succeed."""


class Stopped(Exception):  # noqa: N818
    """Another transfer failed or the user interrupted: this one need not go on."""


# What a broken transfer or a wrong byte may show as, in remotezip, zipfile, zlib and urllib3.
BREAKS = (Broken, RemoteZipError, BadZipFile, EOFError, zlib.error, HTTPError)


class Remote:
    """A zip on a server; a context manager that closes its connections."""

    def __init__(self, url: str, patience: Patience = Patience()) -> None:
        self.url = url
        self.patience = patience
        self.stop = threading.Event()
        retry = Retry(
            total=None,
            connect=0,  # breaks are tried again by _persist alone: two layers would multiply
            read=0,
            other=0,
            redirect=5,
            status=len(patience.waits),
            status_forcelist=BUSY,
            backoff_factor=min(patience.waits, default=0),
            raise_on_status=False,
        )
        self.session = requests.Session()
        self.session.headers["Accept-Encoding"] = "identity"
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=PARALLEL, max_retries=retry))

    def __enter__(self) -> "Remote":
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def size_by_ranges(self) -> int | None:
        """The zip's bytes where the server knows ranges, else None.

        Asks for the first byte alone; who does not know ranges begins to send the whole zip.

        Raises:
            TransferFailed: the server cannot be reached or has no such zip.
        """

        def ask() -> int | None:
            with self._get({"Range": "bytes=0-0"}) as response:
                size = response.headers.get("Content-Range", "").rpartition("/")[2]
                return int(size) if response.status_code == PARTIAL and size.isdigit() else None

        return self._persist(ask, waits=self.patience.waits[:2])

    def fetch_members(self, paths: dict[str, Path], size: int, description: str) -> None:
        """Read single members, each by one range request, a few at a time.

        Args:
            paths: for each member's name the file it becomes.
            size: of the zip in bytes.
            description: for the progress bar.

        Raises:
            TransferFailed: a member cannot be had; what was complete before stays.
            NotInZip: a member is not there.
            OSError: a file cannot be written.
        """
        directory = _Directory(self.url, self.session, size, self.patience)

        def needed() -> int:
            with directory.open() as archive:
                known = {info.filename: info.file_size for info in archive.infolist()}
            return sum(known.get(member, 0) for member in paths)

        total = self._persist(needed, directory.forget)
        with (
            transfer(description, total) as advance,
            ThreadPoolExecutor(PARALLEL) as pool,
        ):
            tick = self._ticker(advance)

            def fetch(member: str) -> None:
                def copy() -> None:
                    with directory.open() as archive:
                        copy_member(archive, member, paths[member], tick)

                self._persist(copy, directory.forget, member)

            futures = [pool.submit(fetch, member) for member in paths]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                self.stop.set()
                pool.shutdown(cancel_futures=True)
                raise

    def fetch_whole(self, path: Path, md5: str, description: str) -> None:
        """Stream the zip to `path`, through `<path>.part`, which a later call goes on with.

        Raises:
            TransferFailed: broken off for good (the part stays), or wrong by its md5 twice.
            OSError: the disk is full; nothing stays.
        """
        part = path.with_name(path.name + PART)
        for is_last in (False, True):
            try:
                self._persist(lambda: self._stream(part, description), reached=lambda: _size(part))
            except OSError:
                part.unlink(missing_ok=True)
                raise
            with part.open("rb") as file:
                found = hashlib.file_digest(file, "md5").hexdigest()
            if found == md5:
                part.replace(path)
                return
            part.unlink()
            if is_last:
                raise TransferFailed(f"its md5 is {found}, not {md5}")

    def _stream(self, part: Path, description: str) -> None:
        """Append to `part` what it lacks, or begin anew where the server cannot go on."""
        present = _size(part)
        headers = {"Range": f"bytes={present}-"} if present else {}
        with self._get(headers, accept=(BEYOND_THE_END,)) as response:
            if response.status_code == BEYOND_THE_END:
                return  # nothing is lacking; the md5 tells whether it is right
            goes_on = response.headers.get("Content-Range", "").startswith(f"bytes {present}-")
            rest = int(response.headers.get("Content-Length", 0))
            start = present if goes_on else 0
            with (
                transfer(description, start + rest, start) as advance,
                part.open("ab" if goes_on else "wb") as file,
            ):
                tick = self._ticker(advance)
                for chunk in _body(response):
                    file.write(chunk)
                    tick(len(chunk))

    @contextmanager
    def _get(
        self, headers: dict[str, str], accept: tuple[int, ...] = ()
    ) -> Iterator[requests.Response]:
        try:
            response = self.session.get(
                self.url, headers=headers, stream=True, timeout=self.patience.timeout
            )
        except requests.RequestException as error:
            raise Broken(_reason(error)) from error
        with response:
            if not response.ok and response.status_code not in accept:
                raise TransferFailed(f"the server answers {response.status_code} {response.reason}")
            yield response

    def _persist(
        self,
        action: Callable[[], T],
        before_again: Callable[[], None] = lambda: None,
        what: str = "",
        reached: Callable[[], int] = lambda: 0,
        waits: tuple[float, ...] | None = None,
    ) -> T:
        """Try an action again after each break; one that gets further each time may go on."""
        waits = self.patience.waits if waits is None else waits
        left, best = iter(waits), reached()
        while True:
            try:
                return action()
            except BREAKS as error:
                if reached() > best:
                    left, best = iter(waits), reached()
                wait = next(left, None)
                if wait is None:
                    reason = _reason(error)
                    raise TransferFailed(f"{what}: {reason}" if what else reason) from error
            before_again()
            if self.stop.wait(wait):
                raise Stopped

    def _ticker(self, advance: Advance) -> Advance:
        """`advance`, which also ends a transfer that is no longer wanted."""

        def tick(count: int) -> None:
            advance(count)
            if count > 0 and self.stop.is_set():
                raise Stopped

        return tick


class _Directory(RemoteFetcher):
    """The directory of a remote zip, asked for once however often the zip is opened."""

    def __init__(self, url: str, session: requests.Session, size: int, patience: Patience) -> None:
        # Ranges that count from the end are what some servers do not know: the size is known here.
        super().__init__(url, session, support_suffix_range=False, timeout=patience.timeout)
        self.size = size
        self.known: dict[tuple[int, int | None], tuple[int, bytes]] = {}

    @contextmanager
    def open(self) -> Iterator[RemoteZip]:
        """A zip of one's own: remotezip's are not for several threads."""
        with RemoteZip(self._url, fetcher=lambda *_, **__: self) as archive:
            stream = archive.fp
            try:
                yield archive
            finally:
                stream.close()  # zipfile closes only what it opened

    def get_file_size(self) -> int:
        """Known already; it would be asked for with a HEAD request each time."""
        return self.size

    def fetch(self, data_range: tuple[int, int | None], stream: bool = False) -> PartialBuffer:
        """Members are streamed; what is read at once is the directory."""
        if stream:
            return super().fetch(data_range, stream)
        if data_range not in self.known:
            buffer = super().fetch(data_range)
            content = buffer.read()
            if len(content) != len(buffer):
                raise Broken("the zip's directory ends too early")
            self.known[data_range] = buffer.tell() - len(content), content
        offset, content = self.known[data_range]
        return PartialBuffer(io.BytesIO(content), offset, len(content), stream=False)

    def forget(self) -> None:
        """A wrong byte may be in the directory as well as in a member."""
        self.known.clear()


def _body(response: requests.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_content(CHUNK)
    except requests.RequestException as error:
        raise Broken(_reason(error)) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _reason(error: BaseException) -> str:
    """A few words for what requests and urllib3 say in many."""
    text = f"{error!r} {error.__cause__!r} {error.__context__!r} {error}"
    for sign, words in (
        ("NameResolution", "the host's name is not known here"),
        ("Connection refused", "connection refused"),
        ("CERTIFICATE_VERIFY", "its certificate is not trusted"),
        ("ConnectTimeout", "no connection in time"),
        ("timed out", "the server stalled"),
        ("IncompleteRead", "the transfer broke off"),
        ("Connection reset", "the transfer broke off"),
        ("Connection aborted", "the transfer broke off"),
        ("Bad CRC", "wrong bytes by its CRC"),
    ):
        if sign in text:
            return words
    return " ".join(str(error).split()) or type(error).__name__
