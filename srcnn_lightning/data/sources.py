"""Where images come from: DIV2K, a folder, or drawn here. Listing them imports nothing heavy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcnn_lightning.data import div2k
from srcnn_lightning.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
DEAD_LEAVES_VERSION = 1  # raise it when the drawing changes: it is part of the cache's key


@dataclass(frozen=True)
class Source:
    """A set of images, listed but not read.

    Attributes:
        name: of the data set, for folders and tables.
        identity: for each image's name what tells it from another of the same name; empty before
            an image that must be fetched is there.
        read: from a name to `(H, W, 3)` uint8.
        fetch: from the chosen names to a source that has them; None where nothing need be fetched.
    """

    name: str
    identity: dict[str, list[Any]]
    read: "Callable[[str], np.ndarray]"
    fetch: "Callable[[Sequence[str]], Source] | None" = None

    @property
    def names(self) -> list[str]:
        """Sorted."""
        return sorted(self.identity)

    def having(self, names: Sequence[str]) -> "Source":
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
    return Source(str(data["name"] or "dead_leaves"), identity, read)


def _div2k(data: dict[str, Any], root: Path) -> Source:
    if data["subset"] not in div2k.SUBSETS:
        raise BadInput(f"data.subset={data['subset']}: choose {' or '.join(div2k.SUBSETS)}.")
    subset = div2k.SUBSETS[data["subset"]]
    name = str(data["name"] or ("DIV2K" if data["subset"] == "valid" else "DIV2K_train"))

    def fetch(names: Sequence[str]) -> Source:
        paths = div2k.fetch(root, str(data["url"]), subset, names)
        return Source(name, {image: _identity(paths[image]) for image in names}, _reader(paths))

    return Source(name, {image: [] for image in subset.names}, _reader({}), fetch)


def _folder(data: dict[str, Any], root: Path) -> Source:
    if not root.is_dir():
        raise BadInput(f"data.root={data['root']}: there is no such folder; give one of images.")
    return _files(data, root, EXTENSIONS)


def _files(data: dict[str, Any], folder: Path, extensions: tuple[str, ...]) -> Source:
    try:
        paths = {
            path.name: path
            for path in folder.iterdir()
            if path.suffix.lower() in extensions and path.is_file() and path.name[0] != "."
        }
        identity = {name: _identity(path) for name, path in paths.items()}
        for name in paths:
            name.encode()
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
        wanted = ", ".join(extension[1:].upper() for extension in extensions)
        raise BadInput(f"data.root={data['root']}: {folder} holds no images ({wanted}).")
    return Source(str(data["name"] or folder.resolve().name), identity, _reader(paths))


def _identity(path: Path) -> list[Any]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _reader(paths: dict[str, Path]) -> "Callable[[str], np.ndarray]":
    def read(name: str) -> "np.ndarray":
        from srcnn_lightning.data.image_file import read_image

        return read_image(paths[name])

    return read
