"""Pairs of several scales, in batches of one scale each."""

import random
from collections.abc import Iterator, Mapping
from typing import Any

from torch.utils.data import Dataset, Sampler, SequentialSampler

from srcnn_lightning.data.pairs import Batch, BatchIndices, Pairs

ScaleAndItems = tuple[int, Any]


class ScaledPairs(Dataset[Batch]):
    """The pairs of each scale, indexed by the scale and the items of a batch."""

    def __init__(self, pairs: Mapping[int, Pairs]) -> None:
        """Join the pairs of each scale, of the same images."""
        self.pairs = pairs

    def __len__(self) -> int:
        return sum(map(len, self.pairs.values()))

    def __getitem__(self, item: ScaleAndItems) -> Batch:
        """`(B, 3, h, w)` and `(B, 3, scale * h, scale * w)` float32 in [0, 1]."""
        scale, items = item
        return self.pairs[scale][items]


class ScaledBatches(Sampler[ScaleAndItems]):
    """Batches of one scale each: drawn for the training, one scale after the other without."""

    def __init__(self, batches: Mapping[int, BatchIndices], seed: int | None = None) -> None:
        """Join the batches of each scale.

        Args:
            batches: batches of each scale, of equal numbers where a seed is given.
            seed: seed of the scale of each batch, which it decides with the epoch and the batch's
                number; None: all batches of the first scale, then of the next.
        """
        self.batches = batches
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch; Lightning calls this when the epoch starts."""
        self.epoch = epoch
        for batches in self.batches.values():
            batches.set_epoch(epoch)

    def __len__(self) -> int:
        lengths = [*map(len, self.batches.values())]
        return sum(lengths) if self.seed is None else lengths[0]

    def __iter__(self) -> Iterator[ScaleAndItems]:
        if self.seed is None:
            for scale, batches in self.batches.items():
                yield from ((scale, items) for items in batches)
            return
        scales = [*self.batches]
        for number, items in enumerate(self.batches[scales[0]]):
            yield random.Random(f"{self.seed}/{self.epoch}/scale/{number}").choice(scales), items


class OrderedScaledBatches(ScaledBatches, SequentialSampler):  # type: ignore[misc]
    """The same, one scale after the other.

    Lightning's `overfit_batches` replaces every sampler that is no `SequentialSampler` by one.
    """
