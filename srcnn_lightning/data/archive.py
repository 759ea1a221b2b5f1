"""Members of a zip, each written to a file that is whole or not there."""

import calendar
import os
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile, ZipFile

CHUNK = 1 << 16  # bytes; small enough that an interruption is noticed at once
PART = ".part"  # the ending of what is not whole yet

Advance = Callable[[int], None]


class NotInZip(Exception):  # noqa: N818 - it says what it is
    """A zip without the wanted member: of other content than it should have."""


def copy_member(archive: ZipFile, member: str, path: Path, advance: Advance) -> None:
    """Write one member to `path`, through a temporary file beside it.

    Nothing in the zip decides where something is written: `path` is the caller's.
    The file gets the time that the zip gives the member, so that the same image has the same
    identity on every machine.

    Args:
        archive: open for reading, here or on a server.
        member: its exact name in the zip.
        path: of the file.
        advance: is told the bytes written; negative ones when they are lost again.

    Raises:
        NotInZip: no such member.
        BadZipFile: wrong bytes; zipfile compares the CRC at the member's end. Damage may also show
            as `zlib.error` or `EOFError`.
        OSError: the file cannot be written.
    """
    try:
        info = archive.getinfo(member)
    except KeyError as error:
        raise NotInZip(member) from error
    part = path.with_name(path.name + PART)
    written = 0
    try:
        with archive.open(info) as source, part.open("wb") as file:
            while chunk := source.read(CHUNK):
                file.write(chunk)
                written += len(chunk)
                advance(len(chunk))
            file.flush()
            os.fsync(file.fileno())
        if written != info.file_size:  # then no CRC was compared
            raise BadZipFile(f"{member} ends after {written} of {info.file_size} bytes")
        modified = calendar.timegm((*info.date_time, 0, 0, 0))
        os.utime(part, (modified, modified))
        part.replace(path)
    except BaseException:
        advance(-written)
        raise
    finally:
        part.unlink(missing_ok=True)
