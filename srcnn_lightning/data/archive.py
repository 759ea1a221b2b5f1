"""Members of a zip, each written to a file that is whole or not there.

Whatever opening or reading a zip raises is one of three exceptions from here; an `OSError` is
always of the file that is written.
"""

import calendar
import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from srcnn_lightning.errors import one_line

CHUNK = 1 << 16  # bytes; small enough that an interruption is noticed at once
PART = ".part"  # the ending of what is not whole yet

Advance = Callable[[int], None]


class NotInZip(Exception):  # noqa: N818 - it says what it is
    """A zip without the wanted member: of other content than it should have."""


class DamagedZip(Exception):  # noqa: N818
    """Bytes that are no zip, or not those that were packed; says how in a few words."""


class UnreadableZip(Exception):  # noqa: N818
    """A zip whose bytes cannot be had where it lies; that says nothing about the zip."""


@contextmanager
def reading() -> Iterator[None]:
    """Around each call that opens or reads a zip, and around no other.

    Over wrong bytes zipfile raises nearly anything: BadZipFile, NotImplementedError, RuntimeError,
    ValueError, struct.error, EOFError, zlib.error.

    Raises:
        UnreadableZip: from below zipfile, or for an error of the disk.
        DamagedZip: everything else.
    """
    try:
        yield
    except UnreadableZip:
        raise
    except Exception as error:
        # bz2 says OSError without a number over wrong bytes, and the system EINVAL where they
        # lead zipfile before the file's begin.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise UnreadableZip(error.strerror) from error
        raise DamagedZip(one_line(error) or type(error).__name__) from error


@contextmanager
def open_zip(opening: Callable[[], ZipFile]) -> Iterator[ZipFile]:
    """A zip that is closed afterwards.

    Raises:
        DamagedZip: it has no directory that can be understood.
        UnreadableZip: it cannot be read.
    """
    with reading():
        archive = opening()
    with archive:
        yield archive


def copy_member(archive: ZipFile, member: str, path: Path, advance: Advance) -> None:
    """Write one member to `path`, through a temporary file beside it.

    Nothing in the zip decides where something is written: `path` is the caller's.
    The file gets the time that the zip gives the member, so that the same image has the same
    identity on every machine.

    Args:
        archive: open for reading, here or on a server.
        member: its exact name in the zip.
        path: of the file.
        advance: is told the bytes written; negative ones when they are lost again. With 0 it is
            asked whether to begin: what it raises ends the transfer before there is a file.

    Raises:
        NotInZip: no such member.
        DamagedZip: wrong bytes; zipfile compares the CRC at the member's end.
        UnreadableZip: the zip cannot be read.
        OSError: the file cannot be written.
    """
    try:
        info = archive.getinfo(member)
    except KeyError as error:
        raise NotInZip(member) from error
    part = path.with_name(path.name + PART)
    written = 0
    with reading():
        source = archive.open(info)
    with source:
        advance(0)  # who was interrupted meanwhile has removed its parts: no new one may appear
        try:
            with part.open("wb") as file:
                while chunk := _read(source.read):
                    file.write(chunk)
                    written += len(chunk)
                    advance(len(chunk))
                file.flush()
                os.fsync(file.fileno())
            if written != info.file_size:  # then no CRC was compared
                raise DamagedZip(f"{member} ends after {written} of {info.file_size} bytes")
            modified = _seconds(info)
            os.utime(part, (modified, modified))
            part.replace(path)
        except BaseException:
            if written:
                advance(-written)
            raise
        finally:
            part.unlink(missing_ok=True)


def _read(read: Callable[[int], bytes]) -> bytes:
    with reading():
        return read(CHUNK)


def _seconds(info: ZipInfo) -> int:
    """The member's time since 1970. Zips without times have 0 for the month and the day."""
    year, month, day, *time = info.date_time
    return calendar.timegm((year, min(max(month, 1), 12), max(day, 1), *time, 0, 0, 0))
