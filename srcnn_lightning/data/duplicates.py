"""One image under two names: refused in two parts of a split, reported in one part."""

from collections.abc import Sequence

from srcnn_lightning.config import DataConfig
from srcnn_lightning.console import say_once
from srcnn_lightning.data.split import Split
from srcnn_lightning.errors import BadInput


def check_duplicates(split: Split, first_equal: Sequence[int], data: DataConfig) -> None:
    """Print a line that names the images which stand twice in one part of a split.

    Args:
        split: names of the images.
        first_equal: for each image, in the order of `split.names`, the index of the first image
            with the same pixels.
        data: settings that the sentence names.

    Raises:
        BadInput: an image stands in two parts, so that a metric would be of a training image.
    """
    names = split.names
    parts = [part for part, images in split.as_dict().items() for _ in images]
    copies = [(first, index) for index, first in enumerate(first_equal) if first != index]
    if not copies:
        return
    key = "hr_root" if data.kind == "pairs" else "root"
    setting = f"data.{key}={getattr(data, key)}"
    if data.split_file:
        setting = f"data.split_file={data.split_file}"
    across = [(first, index) for first, index in copies if parts[first] != parts[index]]
    if across:
        one, other = (f"{names[index]} ({parts[index]})" for index in across[0])
        more = f" ({len(across) - 1} further such pairs)" if len(across) > 1 else ""
        raise BadInput(
            f"{setting}: {one} and {other} are the same image{more}, so metrics of one part would "
            "be of images of another; remove one of the two, or give a data.split_file that has "
            "both in one part."
        )
    twice = ", ".join(
        f"{names[first]} and {names[index]} ({parts[index]})" for first, index in copies
    )
    say_once(f"{setting}: the same image stands in one part under two names: {twice}")
