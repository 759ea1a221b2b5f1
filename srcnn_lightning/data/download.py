"""Members of a zip on a server: each by a range request, or the whole zip where ranges are unknown.

What goes wrong on the way is tried again; what remains wrong is one exception, `TransferFailed`.
An `OSError` from here is always of the disk.
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Self

from remotezip import PartialBuffer, RemoteFetcher, RemoteZip

from srcnn_lightning.data.archive import PART, copy_member
from srcnn_lightning.data.connection import (
    PARALLEL,
    Broken,
    Connection,
    Patience,
    TransferFailed,
    body,
)
from srcnn_lightning.progress import transfer

PARTIAL, BEYOND_THE_END = 206, 416  # statuses of an answer to a range request


class Remote:
    """A zip on a server; a context manager that closes its connections."""

    def __init__(self, url: str, patience: Patience) -> None:
        self.connection = Connection(url, patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.session.close()

    def size_by_ranges(self) -> int | None:
        """The zip's bytes where the server knows ranges, else None.

        Asks for the first byte alone; who does not know ranges begins to send the whole zip.

        Raises:
            TransferFailed: the server cannot be reached or has no such zip.
        """

        def ask() -> int | None:
            with self.connection.get({"Range": "bytes=0-0"}) as response:
                size = response.headers.get("Content-Range", "").rpartition("/")[2]
                return int(size) if response.status_code == PARTIAL and size.isdigit() else None

        return self.connection.persist(ask, waits=self.connection.patience.waits[:2])

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
        directory = _Directory(self.connection, size)

        def needed() -> int:
            with directory.open() as archive:
                known = {info.filename: info.file_size for info in archive.infolist()}
            return sum(known.get(member, 0) for member in paths)

        total = self.connection.persist(needed, directory.forget)
        stop = self.connection.stop
        with transfer(description, total) as advance, ThreadPool(PARALLEL) as pool:
            tick = self.connection.ticker(advance)

            def fetch(member: str) -> None:
                def copy() -> None:
                    with directory.open() as archive:
                        copy_member(archive, member, paths[member], tick)

                if not stop.is_set():
                    self.connection.persist(copy, directory.forget, member)

            try:
                for _ in pool.imap_unordered(fetch, paths):
                    pass
            except Exception:
                stop.set()
                pool.close()
                pool.join()  # each ends at its next bytes and leaves nothing behind
                raise
            except BaseException:
                stop.set()  # who interrupts does not wait for a server that stalls
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
                self.connection.persist(
                    lambda: self._stream(part, description), reached=lambda: _size(part)
                )
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
        with self.connection.get(headers, accept=(BEYOND_THE_END,)) as response:
            if response.status_code == BEYOND_THE_END:
                return  # nothing is lacking; the md5 tells whether it is right
            goes_on = response.headers.get("Content-Range", "").startswith(f"bytes {present}-")
            rest = int(response.headers.get("Content-Length", 0))
            start = present if goes_on else 0
            with (
                transfer(description, start + rest, start) as advance,
                part.open("ab" if goes_on else "wb") as file,
            ):
                tick = self.connection.ticker(advance)
                for chunk in body(response):
                    file.write(chunk)
                    tick(len(chunk))


class _Directory(RemoteFetcher):
    """The directory of a remote zip, asked for once however often the zip is opened."""

    def __init__(self, connection: Connection, size: int) -> None:
        # Ranges that count from the end are what some servers do not know: the size is known here.
        super().__init__(
            connection.url,
            connection.session,
            support_suffix_range=False,
            timeout=connection.patience.timeout,
        )
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


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
