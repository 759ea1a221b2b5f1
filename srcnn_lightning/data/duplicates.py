"""The same image under two names: refused across the parts of a split, named within one."""

from collections.abc import Sequence
from typing import Any

from srcnn_lightning.console import say_once
from srcnn_lightning.data.split import Split
from srcnn_lightning.errors import BadInput


def check_duplicates(split: Split, first_equal: Sequence[int], data: dict[str, Any]) -> None:
    """Print a line that names the images which stand twice in one part of a split.

    Args:
        split: names of the images.
        first_equal: for each image, in the order of `split.names`, the place of the first one with
            the same pixels.
        data: the group `data` of the configuration.

    Raises:
        BadInput: an image stands in two parts: a figure would be of an image that was trained on.
    """
    names = split.names
    parts = [part for part, images in split.as_dict().items() for _ in images]
    pairs = [(first, place) for place, first in enumerate(first_equal) if first != place]
    if not pairs:
        return
    key = "split_file" if data.get("split_file") else "root"
    shown = f"data.{key}={data[key]}"
    across = [(first, place) for first, place in pairs if parts[first] != parts[place]]
    if across:
        one, other = (f"{names[place]} ({parts[place]})" for place in across[0])
        more = f" ({len(across) - 1} further such pairs)" if len(across) > 1 else ""
        raise BadInput(
            f"{shown}: {one} and {other} are the same image{more}, so figures of one part would be "
            "of images of another; remove one of the two, or give a data.split_file that has both "
            "in one part."
        )
    twice = ", ".join(
        f"{names[first]} and {names[place]} ({parts[place]})" for first, place in pairs
    )
    say_once(f"{shown}: the same image stands in one part under two names: {twice}")
