"""Members of a zip on a server: each by a range request, or the whole zip where ranges are unknown.

What goes wrong on the way is tried again; what remains wrong is one exception, `TransferFailed`.
An `OSError` from here is always of the disk.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import TimeoutError as NotYet
from multiprocessing.pool import IMapIterator, ThreadPool
from pathlib import Path
from typing import Self

from srcnn_lightning.console import transfer_bar
from srcnn_lightning.data.archive import PART, Advance, DamagedZip, NotInZip, copy_member
from srcnn_lightning.data.connection import PARALLEL, Connection, RetryPolicy, TransferFailed, body
from srcnn_lightning.data.remote_directory import (
    BEYOND_THE_END,
    PARTIAL,
    RemoteDirectory,
    whole_number,
)

# Further tries of the first question alone: nothing is under way that would be lost, and who has no
# network should learn it within seconds.
QUESTIONS = 2
AWAKE_S = 0.5  # how long the main thread sleeps at a time


class Remote:
    """A zip on a server; a context manager that closes its connections."""

    def __init__(self, url: str, policy: RetryPolicy) -> None:
        self.connection = Connection(url, policy)

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
                if response.status_code != PARTIAL:
                    return None
                return whole_number(response.headers.get("Content-Range", "").rpartition("/")[2])

        return self.connection.retry(ask, waits=self.connection.policy.waits[:QUESTIONS])

    def fetch_members(self, paths: dict[str, Path], size: int, description: str) -> None:
        """Read single members, each by one range request, a few at a time.

        Args:
            paths: for each member's name the file it becomes.
            size: of the zip in bytes.
            description: for the progress bar.

        Raises:
            TransferFailed: a member cannot be had; what was complete before stays.
            NotInZip: a member is not there, by a directory that was read twice.
            OSError: a file cannot be written.
        """
        directory = RemoteDirectory(self.connection, size)

        def on_retry(error: Exception) -> None:
            if isinstance(error, DamagedZip):  # the wrong byte may be in the directory
                directory.forget()

        def needed() -> int:
            with directory.open() as archive:
                known = {info.filename: info.file_size for info in archive.infolist()}
            return sum(known.get(member, 0) for member in paths)

        total = self.connection.retry(needed, on_retry)
        stop = self.connection.stop
        with transfer_bar(description, total) as advance, ThreadPool(PARALLEL) as pool:
            tick = self.connection.ticker(advance)

            def fetch(member: str) -> None:
                def copy() -> None:
                    with directory.open() as archive:
                        copy_member(archive, member, paths[member], tick)

                if stop.is_set():
                    return
                try:
                    self.connection.retry(copy, on_retry, member)
                except NotInZip:  # a wrong byte may be in its name
                    directory.forget()
                    self.connection.retry(copy, on_retry, member)

            try:
                done = pool.imap_unordered(fetch, paths)
                for _ in paths:
                    _wait_for_one(done)
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
        with _bar(description) as move:
            for is_last in (False, True):
                try:
                    self.connection.retry(
                        lambda: self._stream(part, move), reached=lambda: _size(part)
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

    def _stream(self, part: Path, move: Callable[[int, int], None]) -> None:
        """Append to `part` what it lacks, or begin anew where the server cannot go on."""
        present = _size(part)
        headers = {"Range": f"bytes={present}-"} if present else {}
        with self.connection.get(headers, accept=(BEYOND_THE_END,)) as response:
            if response.status_code == BEYOND_THE_END:
                return  # nothing is lacking; the md5 tells whether it is right
            goes_on = response.status_code == PARTIAL and response.headers.get(
                "Content-Range", ""
            ).startswith(f"bytes {present}-")
            at = present if goes_on else 0
            total = at + (whole_number(response.headers.get("Content-Length", "")) or 0)
            move(at, total)
            with part.open("ab" if goes_on else "wb") as file:
                for chunk in body(response):
                    file.write(chunk)
                    at += len(chunk)
                    move(at, total)


def _wait_for_one(transfers: "IMapIterator[None]") -> None:
    """Wait for the next one to end, and wake up now and then.

    The system may give Ctrl-C to any thread, and Python's main thread, which alone acts on it,
    learns of it when it wakes.
    """
    while True:
        try:
            return transfers.next(AWAKE_S)
        except NotYet:
            pass


@contextmanager
def _bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """One bar for all tries of a transfer whose size comes with the first answer.

    Yields:
        What is to be told how many bytes are there, and how many it will be.
    """
    with ExitStack() as stack:
        advance: Advance | None = None
        shown = 0

        def move(at: int, total: int) -> None:
            nonlocal advance, shown
            if advance is None:
                advance = stack.enter_context(transfer_bar(description, total, at))
            else:
                advance(at - shown)
            shown = at

        yield move


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
