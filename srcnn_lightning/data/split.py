"""Which images are chosen, and which of them train, validate and test."""

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from srcnn_lightning.errors import BadInput

PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Split:
    """Names of images; no name stands in two of the lists."""

    train: list[str]
    val: list[str]
    test: list[str]

    @property
    def names(self) -> list[str]:
        """All of them, in the order train, val, test."""
        return self.train + self.val + self.test

    def as_dict(self) -> dict[str, list[str]]:
        """For the run record."""
        return asdict(self)


def split_sizes(count: int, fractions: Sequence[float]) -> tuple[int, int, int]:
    """How many images train, validate and test.

    Raises:
        BadInput: not three positive fractions that add up to 1, or too few images for each to
            have one.
    """
    shown = f"data.split={list(fractions)}"
    if len(fractions) != 3 or any(not 0 < fraction < 1 for fraction in fractions):
        raise BadInput(f"{shown}: give three fractions between 0 and 1: train, val, test.")
    if abs(sum(fractions) - 1) > 1e-6:
        raise BadInput(f"{shown}: the fractions add up to {sum(fractions):g}; they must make 1.")
    train, val = round(count * fractions[0]), round(count * fractions[1])
    test = count - train - val
    if min(train, val, test) < 1:
        raise BadInput(
            f"data.count={count}: {shown} leaves {train} train, {val} val and {test} test images; "
            "each needs at least one, so choose more images or another split."
        )
    return train, val, test


def make_split(names: Sequence[str], data: dict[str, Any]) -> Split:
    """Choose `data.count` of the names and split them, by a shuffle that `data.seed` alone decides.

    A `data.split_file` gives the names of each part instead.

    Raises:
        BadInput: fewer names than `data.count`, a split that does not add up, or a split file that
            does not fit.
    """
    count, seed = int(data["count"]), int(data["seed"])
    if seed < 0:  # Python's generator would take -1 for 1
        raise BadInput(f"data.seed={seed}: it must be 0 or more.")
    if data.get("split_file"):
        return _read_split(str(data["split_file"]), set(names), data)
    train, val, _ = split_sizes(count, data["split"])
    if len(names) < count:
        raise BadInput(
            f"data.count={count}: there are only {len(names)} images in {data['root']}; "
            f"set data.count={len(names)} or fewer, or {_more(data)}."
        )
    shuffled = sorted(names)
    random.Random(seed).shuffle(shuffled)
    chosen = shuffled[:count]
    return Split(chosen[:train], chosen[train : train + val], chosen[train + val :])


def split_settings(data: dict[str, Any], split: Split) -> dict[str, Any]:
    """What a split file makes of `count` and `split`, so that the run record tells the truth.

    A file that repeats the default split gives the default's settings, and so the same run.
    """
    if not data.get("split_file"):
        return {}
    count = len(split.names)
    return {"count": count, "split": [len(part) / count for part in split.as_dict().values()]}


def _read_split(path: str, known: set[str], data: dict[str, Any]) -> Split:
    """A JSON file of three lists, or a run record, which holds them under `split`."""
    shown = f"data.split_file={path}"
    try:
        content = json.loads(Path(path).expanduser().read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadInput(f"{shown}: it cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{shown}: it is not JSON ({error}).") from error
    if isinstance(content, dict) and "split" in content:
        content = content["split"]
    parts = [content.get(part) if isinstance(content, dict) else None for part in PARTS]
    if not all(_is_list_of_names(part) for part in parts):
        raise BadInput(
            f"{shown}: it must hold the lists train, val and test, each of one file name or more."
        )
    split = Split(*(list(map(str, part)) for part in parts if part))
    seen: set[str] = set()
    for name in split.names:
        if name in seen:
            raise BadInput(f"{shown}: {name} stands in it twice; each image has one place.")
        if name not in known:
            place = data["root"] or f"data={data.get('kind')}"
            subset = f" (data.subset={data['subset']})" if data.get("subset") else ""
            raise BadInput(
                f"{shown}: {name} is not among the {len(known)} images of {place}{subset}; "
                "choose the data that the file was made for."
            )
        seen.add(name)
    return split


def _is_list_of_names(part: Any) -> bool:
    return isinstance(part, list) and bool(part) and all(isinstance(name, str) for name in part)


def _more(data: dict[str, Any]) -> str:
    if data.get("kind") == "div2k":
        return "take data.subset=train, which has 800"
    return "add images"
