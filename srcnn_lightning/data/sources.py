"""Where images come from: DIV2K, a folder, or drawn here. Listing them imports nothing heavy."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcnn_lightning.console import say_once
from srcnn_lightning.data import div2k
from srcnn_lightning.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

EXTENSIONS = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".tif", ".tiff")
TYPES = "PNG, JPEG, WebP, BMP or TIFF"
DEAD_LEAVES_VERSION = 1  # raise it when the drawing changes: it is part of the cache's key


@dataclass(frozen=True)
class Source:
    """A set of images, listed but not read.

    Attributes:
        name: of the data set, for folders and tables.
        identity: for each image's name what tells it from another of the same name; empty before
            an image that must be fetched is there.
        read: from a name to `(H, W, 3)` uint8.
        is_grey: from a name to whether the image is grey in its file.
        fetch: from the chosen names to a source that has them; None where nothing need be fetched.
    """

    name: str
    identity: dict[str, list[Any]]
    read: "Callable[[str], np.ndarray]"
    is_grey: Callable[[str], bool]
    fetch: "Callable[[Sequence[str]], Source] | None" = None

    @property
    def names(self) -> list[str]:
        """Sorted."""
        return sorted(self.identity)

    def ensure(self, names: Sequence[str]) -> "Source":
        """The source with these images at hand, each with its identity.

        Raises:
            BadInput: they cannot be fetched.
        """
        return self.fetch(names) if self.fetch else self


def open_source(data: dict[str, Any]) -> Source:
    """The source that the group `data` of the configuration describes.

    Raises:
        BadInput: the folder is missing or holds no images; an unknown kind.
    """
    kind = data["kind"]
    if kind == "dead_leaves":
        return _dead_leaves(data)
    if kind not in ("div2k", "folder"):
        raise BadInput(f"data.kind={kind}: choose div2k, folder or dead_leaves.")
    if not data["root"]:
        raise BadInput("data.root=null: give the folder that holds the images, data.root=DIR.")
    root = Path(str(data["root"])).expanduser()
    return _div2k(data, root) if kind == "div2k" else _folder(data, root)


def _dead_leaves(data: dict[str, Any]) -> Source:
    crop, seed = int(data["crop"]), int(data["seed"])

    def read(name: str) -> "np.ndarray":
        from srcnn_lightning.data.dead_leaves import draw

        return draw(crop, seed, int(name.rpartition("_")[2]))

    names = [f"dead_leaves_{index:04d}" for index in range(int(data["count"]))]
    identity = {name: [DEAD_LEAVES_VERSION, crop, seed] for name in names}
    return Source(str(data["name"] or "dead_leaves"), identity, read, is_grey=lambda _: False)


def _div2k(data: dict[str, Any], root: Path) -> Source:
    if data["subset"] not in div2k.SUBSETS:
        raise BadInput(f"data.subset={data['subset']}: choose {' or '.join(div2k.SUBSETS)}.")
    subset = div2k.SUBSETS[data["subset"]]
    name = str(data["name"] or ("DIV2K" if data["subset"] == "valid" else "DIV2K_train"))

    def fetch(names: Sequence[str]) -> Source:
        paths = div2k.fetch(root, str(data["url"]), subset, names)
        return _of_files(name, {image: paths[image] for image in names})

    return replace(_of_files(name, {}), identity={image: [] for image in subset.names}, fetch=fetch)


def _folder(data: dict[str, Any], root: Path) -> Source:
    if not root.is_dir():
        raise BadInput(f"data.root={data['root']}: there is no such folder; give one of images.")
    try:
        entries = [path for path in root.iterdir() if path.name[0] != "."]
        paths = {
            path.name: path
            for path in entries
            if path.suffix.lower() in EXTENSIONS and path.is_file()
        }
        for name in paths:
            name.encode()
        skipped = _described([path for path in entries if path.name not in paths])
        source = _of_files(str(data["name"] or root.resolve().name), paths)
    except UnicodeEncodeError as error:
        raise BadInput(
            f"data.root={data['root']}: the file name {error.object!a} is not UTF-8; rename it."
        ) from error
    except OSError as error:
        raise BadInput(
            f"data.root={data['root']}: it cannot be read ({error.strerror}); "
            "give a folder that can."
        ) from error
    if not paths:
        only = f", only {skipped}" if skipped else ""
        raise BadInput(
            f"data.root={data['root']}: {root} holds no images ({TYPES}){only}; "
            "give the folder that holds the images themselves."
        )
    if skipped:
        say_once(f"data.root={data['root']}: skipped {skipped}")
    return source


def _described(skipped: list[Path]) -> str:
    """`3 files of other types than PNG (.gif 2, .txt 1) and 1 subfolder`; empty for none."""
    files = [path for path in skipped if path.is_file()]
    folders = sum(path.is_dir() for path in skipped)
    broken = len(skipped) - len(files) - folders
    # An ending that is not UTF-8 could not be printed.
    endings = Counter(
        path.suffix.lower().encode(errors="replace").decode() or "no ending" for path in files
    )
    types = ", ".join(f"{ending} {count}" for ending, count in sorted(endings.items()))
    kinds = [
        f"{_counted(len(files), 'file')} of other types than {TYPES} ({types})" if files else "",
        _counted(folders, "subfolder") if folders else "",
        _counted(broken, "broken link") if broken else "",
    ]
    return " and ".join(kind for kind in kinds if kind)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _of_files(name: str, paths: dict[str, Path]) -> Source:
    def read(image: str) -> "np.ndarray":
        from srcnn_lightning.image_io import read_image

        return read_image(paths[image])

    def is_grey(image: str) -> bool:
        from srcnn_lightning import image_io

        return image_io.is_grey(paths[image])

    return Source(name, {image: _identity(path) for image, path in paths.items()}, read, is_grey)


def _identity(path: Path) -> list[Any]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
