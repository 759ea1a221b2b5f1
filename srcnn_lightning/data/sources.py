"""Sources of images: DIV2K, a folder, pairs, built-in drawings. Listing imports nothing heavy."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcnn_lightning.config import DRAWN, DataConfig
from srcnn_lightning.console import say_once
from srcnn_lightning.data import div2k
from srcnn_lightning.data.image_folders import EXTENSIONS, TYPES, list_images, matched
from srcnn_lightning.errors import BadInput

if TYPE_CHECKING:
    from srcnn_lightning.image_io import TrainingImage

DEAD_LEAVES_VERSION = 1  # part of the cache's key: raise it when the drawing changes


@dataclass(frozen=True)
class Source:
    """A set of images, listed but not read.

    Attributes:
        name: name of the data set in folders and tables.
        identity: for each image's name, the values that tell the image from another of the same
            name; an empty list before an image is fetched.
        read: function from a name to the image.
        fetch: function from the chosen names to a source that has these images; None where nothing
            needs to be fetched.
        read_input: function from a name to the image's low-resolution input; None where inputs are
            made of the images.
    """

    name: str
    identity: dict[str, list[Any]]
    read: "Callable[[str], TrainingImage]"
    fetch: "Callable[[Sequence[str]], Source] | None" = None
    read_input: "Callable[[str], TrainingImage] | None" = None

    @property
    def names(self) -> list[str]:
        """Names of all images, sorted."""
        return sorted(self.identity)

    def ensure(self, names: Sequence[str]) -> "Source":
        """Fetch the images that are missing.

        Returns:
            The source with these images, each with its identity.

        Raises:
            BadInput: an image cannot be fetched.
        """
        return self.fetch(names) if self.fetch else self


def open_source(data: DataConfig) -> Source:
    """List the images that the settings describe.

    Raises:
        BadInput: the folder is missing or holds no images, or the subset is unknown.
    """
    if data.kind in DRAWN:
        return _drawn(data)
    if data.kind == "pairs":
        return _pairs(data)
    if not data.root:
        raise BadInput("data.root=null: give the folder that holds the images, data.root=DIR.")
    root = Path(data.root).expanduser()
    return _div2k(data, root) if data.kind == "div2k" else _folder(data, root)


def _drawn(data: DataConfig) -> Source:
    side = data.crop
    assert side is not None  # `DataConfig` refuses it

    def read(name: str) -> "TrainingImage":
        from srcnn_lightning.data.dead_leaves import draw, draw_blurred
        from srcnn_lightning.image_io import TrainingImage

        draw_image = draw_blurred if data.kind == "blurred_leaves" else draw
        pixels = draw_image(side, data.seed, int(name.rpartition("_")[2]))
        return TrainingImage(pixels, is_grey=False)

    names = [f"{data.kind}_{index:04d}" for index in range(data.count)]
    identity = {name: [DEAD_LEAVES_VERSION, side, data.seed] for name in names}
    return Source(data.name or data.kind, identity, read)


def _div2k(data: DataConfig, root: Path) -> Source:
    if data.subset not in div2k.SUBSETS:
        raise BadInput(f"data.subset={data.subset}: choose {' or '.join(div2k.SUBSETS)}.")
    subset = div2k.SUBSETS[data.subset]
    name = data.name or ("DIV2K" if data.subset == "valid" else "DIV2K_train")

    def fetch(names: Sequence[str]) -> Source:
        paths = div2k.fetch(root, str(data.url), subset, names)
        return _of_files(name, {image: paths[image] for image in names})

    return replace(_of_files(name, {}), identity={image: [] for image in subset.names}, fetch=fetch)


def _folder(data: DataConfig, root: Path) -> Source:
    if not root.is_dir():
        raise BadInput(f"data.root={data.root}: there is no such folder; give one of images.")
    try:
        entries = [path for path in root.iterdir() if path.name[0] != "."]
        paths = {
            path.name: path
            for path in entries
            if path.suffix.lower() in EXTENSIONS and path.is_file()
        }
        for name in paths:
            name.encode()
        skipped = _describe_skipped([path for path in entries if path.name not in paths])
        source = _of_files(data.name or root.resolve().name, paths)
    except UnicodeEncodeError as error:
        raise BadInput(
            f"data.root={data.root}: the file name {error.object!a} is not UTF-8; rename it."
        ) from error
    except OSError as error:
        raise BadInput(
            f"data.root={data.root}: it cannot be read ({error.strerror}); give a folder that can."
        ) from error
    if not paths:
        others = f", only {skipped}" if skipped else ""
        raise BadInput(
            f"data.root={data.root}: {root} holds no images ({TYPES}){others}; "
            "give the folder that holds the images themselves."
        )
    if skipped:
        say_once(f"data.root={data.root}: skipped {skipped}")
    return source


def _pairs(data: DataConfig) -> Source:
    """Images and their inputs, of the same names but for endings such as `x2` and `_LR`."""
    for key in ("hr_root", "lr_root"):
        if not getattr(data, key):
            raise BadInput(f"data.{key}=null: give the folder of these images, data.{key}=DIR.")
    hr_root = Path(str(data.hr_root)).expanduser()
    images = list_images(hr_root, "data.hr_root")
    inputs = matched(Path(str(data.lr_root)).expanduser(), "data.lr_root", images)
    source = _of_files(data.name or hr_root.resolve().name, images)
    identity = {name: [*source.identity[name], *_identity(inputs[name])] for name in images}
    return replace(source, identity=identity, read_input=_of_files("", inputs).read)


def _describe_skipped(skipped: list[Path]) -> str:
    """`3 files of other types than PNG (.gif 2, .txt 1) and 1 subfolder`; empty for none."""
    files = [path for path in skipped if path.is_file()]
    folders = sum(path.is_dir() for path in skipped)
    broken = sum(path.is_symlink() and not path.exists() for path in skipped)
    special = len(skipped) - len(files) - folders - broken  # pipes, sockets and devices
    # "replace": an ending that is not UTF-8 cannot be printed.
    endings = Counter(
        path.suffix.lower().encode(errors="replace").decode() or "no ending" for path in files
    )
    types = ", ".join(f"{ending} {count}" for ending, count in sorted(endings.items()))
    groups = [
        f"{_count(len(files), 'file')} of other types than {TYPES} ({types})" if files else "",
        _count(folders, "subfolder") if folders else "",
        _count(broken, "broken link") if broken else "",
        _count(special, "special file") if special else "",
    ]
    *others, last = [group for group in groups if group] or [""]
    return f"{', '.join(others)} and {last}" if others else last


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _of_files(name: str, paths: dict[str, Path]) -> Source:
    def read(image: str) -> "TrainingImage":
        from srcnn_lightning.image_io import read_image

        return read_image(paths[image])

    return Source(name, {image: _identity(path) for image, path in paths.items()}, read)


def _identity(path: Path) -> list[Any]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
