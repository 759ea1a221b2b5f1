"""Which images are chosen, and which of them train, validate and test."""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from srcnn_lightning.errors import BadInput


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

    Raises:
        BadInput: fewer names than `data.count`, or a split that does not add up.
    """
    count, seed = int(data["count"]), int(data["seed"])
    if seed < 0:  # Python's generator would take -1 for 1
        raise BadInput(f"data.seed={seed}: it must be 0 or more.")
    train, val, _ = split_sizes(count, data["split"])
    if len(names) < count:
        raise BadInput(
            f"data.count={count}: there are only {len(names)} images in {data['root']}; "
            f"set data.count={len(names)} or fewer, or add images."
        )
    shuffled = sorted(names)
    random.Random(seed).shuffle(shuffled)
    chosen = shuffled[:count]
    return Split(chosen[:train], chosen[train : train + val], chosen[train + val :])
