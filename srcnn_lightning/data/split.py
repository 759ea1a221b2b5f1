"""The choice of images, and its split into train, validation and test images."""

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from srcnn_lightning.config import DataConfig
from srcnn_lightning.errors import BadInput

PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Split:
    """Names of images in three parts; no name stands in two of them."""

    train: list[str]
    val: list[str]
    test: list[str]

    @property
    def names(self) -> list[str]:
        """All names, in the order train, val, test."""
        return self.train + self.val + self.test

    def as_dict(self) -> dict[str, list[str]]:
        """Names by part, for the run record."""
        return asdict(self)


def split_sizes(count: int, fractions: Sequence[float]) -> tuple[int, int, int]:
    """Numbers of train, validation and test images.

    Args:
        count: number of images in all.
        fractions: fractions of train, validation and test images.

    Raises:
        BadInput: the fractions are not three positive ones that add up to 1, or a part has no
            image.
    """
    setting = f"data.split={list(fractions)}"
    if len(fractions) != 3 or any(not 0 < fraction < 1 for fraction in fractions):
        raise BadInput(f"{setting}: give three fractions between 0 and 1: train, val, test.")
    if abs(sum(fractions) - 1) > 1e-6:
        raise BadInput(f"{setting}: the fractions add up to {sum(fractions):g}; they must make 1.")
    train, val = round(count * fractions[0]), round(count * fractions[1])
    test = count - train - val
    if min(train, val, test) < 1:
        raise BadInput(
            f"data.count={count}: {setting} leaves {train} train, {val} val and {test} test "
            "images; each needs at least one, so choose more images or another split."
        )
    return train, val, test


def make_split(names: Sequence[str], data: DataConfig) -> Split:
    """Choose `count` of the names and split them, by a shuffle that `data.seed` alone decides.

    A `data.split_file` gives the names of each part instead.

    Args:
        names: names of all images of the source, in any order.
        data: settings of choice and split.

    Raises:
        BadInput: there are fewer names than `data.count`, or split or split file do not fit.
    """
    if data.split_file:
        return _read_split(data.split_file, set(names), data)
    train, val, _ = split_sizes(data.count, data.split)
    if len(names) < data.count:
        more = "take data.subset=train, which has 800" if data.kind == "div2k" else "add images"
        where = data.hr_root or data.root
        raise BadInput(
            f"data.count={data.count}: there are only {len(names)} images in {where}; "
            f"set data.count={len(names)} or fewer, or {more}."
        )
    shuffled = sorted(names)
    random.Random(data.seed).shuffle(shuffled)
    chosen = shuffled[: data.count]
    return Split(chosen[:train], chosen[train : train + val], chosen[train + val :])


def split_settings(data: DataConfig, split: Split) -> DataConfig:
    """Settings with the `count` and `split` of the split file, so that the run record is true.

    A file that repeats the default split gives the default's settings, and so the same run.
    """
    if not data.split_file:
        return data
    count = len(split.names)
    fractions = [len(names) / count for names in split.as_dict().values()]
    return replace(data, count=count, split=fractions)


def _read_split(path: str, known: set[str], data: DataConfig) -> Split:
    """Read a JSON file of three lists, or a run record, which holds them under `split`."""
    setting = f"data.split_file={path}"
    file = Path(path).expanduser()
    if file.exists() and not file.is_file():  # a pipe would never end, nor would /dev/zero
        raise BadInput(f"{setting}: it is no file; give a JSON file.")
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadInput(f"{setting}: it cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{setting}: it is not JSON ({error}).") from error
    if isinstance(content, dict) and "split" in content:
        content = content["split"]
    unknown = set(content) - set(PARTS) if isinstance(content, dict) else set()
    if unknown:
        raise BadInput(
            f"{setting}: it holds {sorted(unknown)[0]!r}, which is none of the lists train, val "
            "and test; leave it out."
        )
    lists = [content.get(part) if isinstance(content, dict) else None for part in PARTS]
    if not all(_is_list_of_names(names) for names in lists):
        raise BadInput(
            f"{setting}: it must hold the lists train, val and test, each of one file name or more."
        )
    split = Split(*(names for names in lists if names))
    seen: set[str] = set()
    for name in split.names:
        if name in seen:
            raise BadInput(f"{setting}: {name} stands in it twice; each image has one place.")
        if name not in known:
            place = data.root or f"data={data.kind}"
            subset = f" (data.subset={data.subset})" if data.subset else ""
            raise BadInput(
                f"{setting}: {name} is not among the {len(known)} images of {place}{subset}; "
                "choose the data that the file was made for."
            )
        seen.add(name)
    return split


def _is_list_of_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)
