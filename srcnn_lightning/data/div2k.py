"""DIV2K (Agustsson and Timofte 2017): images below `data.root`, or fetched as far as needed.

The names are known beforehand, so that a choice of images depends on `data.seed` and never on the
images that are on the disk. Network libraries are imported only where an image must be fetched.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname
from zipfile import ZipFile

from srcnn_lightning import files
from srcnn_lightning.console import print_line
from srcnn_lightning.errors import DISK_FULL, BadInput, one_line

if TYPE_CHECKING:
    from srcnn_lightning.data.zip_transfer import RetryPolicy


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
    try:
        paths = find(root, subset, names)
        if len(paths) == len(names):
            return paths  # A complete copy may be read-only, so nothing locks it.
        root.mkdir(parents=True, exist_ok=True)
        line = f"DIV2K: waiting for another process that fetches to {root}"
        with files.locked(root / ".lock", line):
            paths = find(root, subset, names)
            missing = [name for name in names if name not in paths]
            if missing:
                try:
                    _fetch_missing(root, url, subset, missing, policy)
                finally:  # Killed processes have left files, and Ctrl-C does not wait for threads.
                    for pattern in (f".{subset.zip_name}.*", f"{subset.folder}/.*.png.*"):
                        for path in root.glob(pattern):
                            path.unlink(missing_ok=True)
                print_line(f"DIV2K: {len(missing)} images came to {root / subset.folder}")
            return find(root, subset, names)
    except OSError as error:
        room = "make room there, or " if error.errno in DISK_FULL else ""
        raise BadInput(
            f"data.root={root}: the images cannot be kept there "
            f"({error.strerror or one_line(error)}); {room}give another folder with data.root=DIR."
        ) from error


def _fetch_missing(
    root: Path, url: str, subset: Subset, names: list[str], policy: "RetryPolicy | None"
) -> None:
    from srcnn_lightning.data import zip_transfer

    targets = {f"{subset.folder}/{name}": root / subset.folder / name for name in names}
    label = f"DIV2K: fetching {len(names)} images to {root}"
    zip_path = root / subset.zip_name
    is_here = zip_path.exists()
    local_zip = zip_path if is_here else _local_mirror(url, subset)
    try:
        if local_zip:
            zip_transfer.extract(lambda: ZipFile(local_zip), targets, label, waits=())
        else:
            zip_url = f"{url.rstrip('/')}/{subset.zip_name}"
            policy = policy or zip_transfer.RetryPolicy()
            zip_transfer.fetch(zip_url, targets, zip_path, subset.md5, label, policy)
    except zip_transfer.ZipError as error:
        if is_here:
            raise BadInput(
                f"{zip_path}: it is damaged or unreadable ({error}); remove it, so that the right "
                "one is fetched."
            ) from error
        raise BadInput(
            f"data.url={url}: {subset.zip_name} cannot be fetched ({error}); try again later, give "
            f"another mirror with data.url=URL or a copy with data.root=DIR (that holds "
            f"{subset.folder}/ or {subset.zip_name}; {root} lacks the images), or take built-in "
            "images with data=dead_leaves."
        ) from error


def _local_mirror(url: str, subset: Subset) -> Path | None:
    """Path of the zip for a file URL; None for an address on a server."""
    with suppress(ValueError):  # of `urlsplit` for a lone bracket, of `port` for one above 65535
        address = urlsplit(url)
        labels = (address.hostname or "").split(".")
        is_host = all(0 < len(label) < 64 and " " not in label for label in labels)
        if address.scheme in ("http", "https") and is_host and address.port != 0:
            return None
        is_here = address.netloc in ("", "localhost") and address.path.startswith("/")
        if address.scheme == "file" and is_here:
            return Path(url2pathname(address.path)) / subset.zip_name
    raise BadInput(
        f"data.url={url}: give an address that begins with https:// or http://, or file:///DIR for "
        "a folder of this machine."
    )
