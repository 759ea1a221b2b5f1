"""A zip on a server, opened as often as members are wanted, its directory asked for once."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from zipfile import ZipFile

from remotezip import PartialBuffer, RemoteZip
from urllib3.exceptions import HTTPError

from srcnn_lightning.data.archive import DamagedZip, open_zip
from srcnn_lightning.data.connection import Connection, TransientError, reason

PARTIAL, BEYOND_THE_END = 206, 416  # statuses of an answer to a range request

Range = tuple[int, int | None]


class RemoteDirectory:
    """What remotezip calls a fetcher; for several threads."""

    def __init__(self, connection: Connection, size: int) -> None:
        self.connection = connection
        self.size = size
        self.known: dict[Range, tuple[int, bytes]] = {}

    @contextmanager
    def open(self) -> Iterator[ZipFile]:
        """A zip of one's own: remotezip's are not for several threads.

        Raises:
            DamagedZip: its directory cannot be understood.
            TransientError: the line broke.
            TransferFailed: the server says no.
        """
        url = self.connection.url
        with open_zip(lambda: RemoteZip(url, fetcher=lambda *_, **__: self)) as archive:
            stream = archive.fp
            try:
                yield archive
            finally:
                if stream is not None:
                    stream.close()  # zipfile closes only what it opened

    def fetch(self, data_range: Range, stream: bool = False) -> PartialBuffer:
        """Some of the zip's bytes. Members are streamed; what is read at once is the directory.

        Args:
            data_range: first and last byte, or what counts from the end, and None.
            stream: read them as they come.
        """
        if stream:
            return self._request(data_range, stream=True)
        known = self.known.get(data_range)  # another thread may forget them at any time
        if known is None:
            buffer = self._request(data_range, stream=False)
            content = buffer.read()
            if len(content) != len(buffer):
                raise TransientError("the zip's directory ends too early")
            known = self.known[data_range] = buffer.tell() - len(content), content
        offset, content = known
        return PartialBuffer(io.BytesIO(content), offset, len(content), stream=False)

    def forget(self) -> None:
        """Ask for the directory again the next time."""
        self.known.clear()

    def _request(self, data_range: Range, *, stream: bool) -> PartialBuffer:
        first, last = data_range
        if last is None:
            # Ranges that count from the end are what some servers do not know.
            first, last = max(0, self.size + first), self.size - 1
        if not 0 <= first <= last:
            raise DamagedZip("its directory points outside of it")
        response = self.connection.ask({"Range": f"bytes={first}-{last}"}, (BEYOND_THE_END,))
        try:
            if response.status_code == BEYOND_THE_END:
                raise DamagedZip("its directory points behind its end")
            given = response.headers.get("Content-Range", "").partition("/")[0]
            start, _, end = given.removeprefix("bytes ").partition("-")
            until = whole_number(end)
            if response.status_code != PARTIAL or whole_number(start) != first or until is None:
                raise TransientError("the server answers with other bytes than it was asked for")
            try:
                return _Buffer(response.raw, first, until - first + 1, stream)
            except (HTTPError, OSError) as error:
                raise TransientError(reason(error)) from error
        except BaseException:
            response.close()
            raise


class _Buffer(PartialBuffer):
    """Bytes on their way; a break is a `TransientError`, whatever urllib3 calls it."""

    def read(self, size: int = 0) -> bytes:
        try:
            content: bytes = super().read(size)
        except (HTTPError, OSError) as error:
            raise TransientError(reason(error)) from error
        return content

    def seek(self, offset: int, whence: int) -> int:
        try:
            position: int = super().seek(offset, whence)
        except (HTTPError, OSError) as error:
            raise TransientError(reason(error)) from error
        return position


def whole_number(text: str) -> int | None:
    """What a header gives as a number of bytes; None for anything else."""
    return int(text) if text.isdecimal() and len(text) < 20 else None
