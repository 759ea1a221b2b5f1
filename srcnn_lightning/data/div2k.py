"""DIV2K (Agustsson and Timofte 2017): images below `data.root`, or fetched as far as needed.

The names are known beforehand, so that a choice of images depends on `data.seed` and never on the
images that are on the disk. Network libraries are imported only where an image must be fetched.
"""

import errno
from collections.abc import Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname
from zipfile import ZipFile

from srcnn_lightning import files
from srcnn_lightning.console import print_line, transfer_bar
from srcnn_lightning.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from srcnn_lightning.data.connection import RetryPolicy


@dataclass(frozen=True)
class Subset:
    """One zip of DIV2K's high-resolution images.

    Attributes:
        folder: folder of the images, in the zip and below `data.root`; it names the zip.
        numbers: numbers of the images.
        md5: digest of the zip, compared after a whole download.
    """

    folder: str
    numbers: range
    md5: str

    @property
    def names(self) -> list[str]:
        """File names of the images, `0801.png` and so on."""
        return [f"{number:04d}.png" for number in self.numbers]

    @property
    def zip_name(self) -> str:
        """File name of the zip, `DIV2K_valid_HR.zip`."""
        return f"{self.folder}.zip"


ADDRESS = "give an address that begins with https://, http:// or file://"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

SUBSETS = {
    "valid": Subset("DIV2K_valid_HR", range(801, 901), "9fcdda83005c5e5997799b69f955ff88"),
    "train": Subset("DIV2K_train_HR", range(1, 801), "bdc2d9338d4e574fe81bf7d158758658"),
}


def find(root: Path, subset: Subset, names: Sequence[str]) -> dict[str, Path]:
    """Paths of the images that are in the subset's folder below `root`, or in `root` itself."""
    folders = [folder for folder in (root / subset.folder, root) if folder.is_dir()]
    paths = {}
    for name in names:
        for folder in folders:
            if (folder / name).is_file():
                paths[name] = folder / name
                break
    return paths


def fetch(
    root: Path, url: str, subset: Subset, names: Sequence[str], policy: "RetryPolicy | None" = None
) -> dict[str, Path]:
    """Fetch the images that are missing.

    Processes that start at the same time wait for one another, and fetch nothing twice.

    Args:
        root: `data.root`; images are written to the subset's folder below it.
        url: `data.url`, the address of the folder that holds the zips.
        subset: subset of the images.
        names: names of the images to fetch.
        policy: time limits of the transfer.

    Returns:
        The path of each image.

    Raises:
        BadInput: no network, a wrong URL, wrong bytes or a full disk.
    """
    with _disk_sentence(root, subset):
        paths = find(root, subset, names)
    if len(paths) == len(names):
        return paths
    with _disk_sentence(root, subset), _lock(root):
        paths = find(root, subset, names)
        missing = [name for name in names if name not in paths]
        if missing:
            folder = root / subset.folder
            folder.mkdir(exist_ok=True)
            targets = {f"{subset.folder}/{name}": folder / name for name in missing}
            _remove_partial_files(folder)  # a process that was killed has left them
            try:
                _get(root, url, subset, targets, policy)
            finally:
                _remove_partial_files(folder)  # an interruption does not wait for transfers
            print_line(f"DIV2K: {len(missing)} images came to {folder}")
            paths = find(root, subset, names)
    return paths


def _remove_partial_files(folder: Path) -> None:
    for path in folder.glob("*.png.part"):
        path.unlink(missing_ok=True)


def _get(
    root: Path, url: str, subset: Subset, targets: dict[str, Path], policy: "RetryPolicy | None"
) -> None:
    zip_path = root / subset.zip_name
    if _may_exist(zip_path):
        _unpack(zip_path, targets, "remove it, so that the right one is fetched")
        return
    mirror = _mirror(url)
    if mirror is not None:
        zip_path = mirror / subset.zip_name
        if not _may_exist(zip_path):
            raise BadInput(f"data.url={url}: there is no {zip_path}; {_other_ways(root, subset)}.")
        _unpack(zip_path, targets, "give another mirror with data.url=URL")
        return

    from srcnn_lightning.data.archive import PART, NotInZip
    from srcnn_lightning.data.connection import NoAddress, RetryPolicy, TransferFailed
    from srcnn_lightning.data.download import Remote

    zip_url = f"{url.rstrip('/')}/{subset.zip_name}"
    description = f"DIV2K: fetching {len(targets)} images to {root}"
    try:
        with Remote(zip_url, policy or RetryPolicy()) as remote:
            size = remote.size_by_ranges()
            if size is not None:
                remote.fetch_members(targets, size, description)
                # A server without ranges may have begun it; the rest is not needed any more.
                zip_path.with_name(zip_path.name + PART).unlink(missing_ok=True)
                return
            remote.fetch_whole(zip_path, subset.md5, f"DIV2K: fetching {subset.zip_name}")
    except NoAddress as error:
        raise BadInput(f"data.url={url}: {error}; {ADDRESS}.") from error
    except TransferFailed as error:
        raise BadInput(
            f"data.url={url}: {subset.zip_name} cannot be fetched ({error}); try again later, or "
            f"{_other_ways(root, subset)}."
        ) from error
    except NotInZip as error:
        raise BadInput(
            f"data.url={url}: its {subset.zip_name} holds no {error}; give another mirror, or "
            f"{_other_ways(root, subset)}."
        ) from error
    _unpack(zip_path, targets, "remove it, so that the right one is fetched")


def _mirror(url: str) -> Path | None:
    """Folder of a file URL; None for an address on a server."""
    try:
        address = urlsplit(url)
        has_valid_port = address.port != 0  # the property raises for a port above 65535
    except ValueError:
        address, has_valid_port = urlsplit(""), False
    if address.scheme in ("http", "https") and address.hostname and has_valid_port:
        return None
    if address.scheme != "file":
        raise BadInput(f"data.url={url}: {ADDRESS}.")
    if address.netloc not in ("", "localhost") or not address.path.startswith("/"):
        raise BadInput(
            f"data.url={url}: a file URL names a folder of this machine; give file:///DIR, with "
            "three slashes."
        )
    return Path(url2pathname(address.path))


def _may_exist(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # the folder is not readable, which the attempt to read the file reports
        return True


def _unpack(zip_path: Path, targets: dict[str, Path], advice: str) -> None:
    """Copy members out of a zip on a disk."""
    from srcnn_lightning.data.archive import (
        DamagedZip,
        NotInZip,
        UnreadableZip,
        copy_member,
        open_zip,
    )

    try:
        with open_zip(lambda: ZipFile(zip_path)) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            total = sum(sizes.get(member, 0) for member in targets)
            with transfer_bar(f"DIV2K: unpacking {len(targets)} images", total) as advance:
                for member, path in targets.items():
                    copy_member(archive, member, path, advance)
    except NotInZip as error:
        raise BadInput(f"{zip_path}: it holds no {error}; {advice}.") from error
    except DamagedZip as error:
        raise BadInput(f"{zip_path}: it is damaged ({error}); {advice}.") from error
    except UnreadableZip as error:
        raise BadInput(f"{zip_path}: it cannot be read ({error}); make it readable.") from error


def _other_ways(root: Path, subset: Subset) -> str:
    return (
        f"give a copy with data.root=DIR (that holds {subset.folder}/ or {subset.zip_name}; "
        f"{root} lacks the images), or take built-in images with data=dead_leaves"
    )


@contextmanager
def _disk_sentence(root: Path, subset: Subset) -> "Iterator[None]":
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        room = "make room there, or " if error.errno in NO_ROOM else ""
        if error.errno in (errno.EACCES, errno.EROFS) and _may_exist(root / subset.zip_name):
            raise BadInput(
                f"data.root={root}: its {subset.zip_name} cannot be unpacked there ({reason}); "
                f"give data.url={root.absolute().as_uri()} and a data.root=DIR that can be written."
            ) from error
        raise BadInput(
            f"data.root={root}: the images cannot be kept there ({reason}); {room}give another "
            "folder with data.root=DIR."
        ) from error


def _lock(root: Path) -> AbstractContextManager[None]:
    root.mkdir(parents=True, exist_ok=True)
    line = f"DIV2K: waiting for another process that fetches to {root}"
    return files.locked(root / ".lock", line)
