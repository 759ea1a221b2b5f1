"""Pairs of input and target in memory as uint8, and the indices of each batch."""

import math
import random
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler, SequentialSampler

Batch = tuple[Tensor, Tensor]
TestBatch = tuple[Tensor, Tensor, Tensor]


class Pairs(Dataset[Batch]):
    """Low- and high-resolution images of one part of the split, indexed by whole batches."""

    def __init__(
        self, lr: Tensor, hr: Tensor, memory_format: torch.memory_format = torch.channels_last
    ) -> None:
        """Keep the images as they are.

        Args:
            lr: inputs, `(N, 3, h, w)` uint8.
            hr: targets, `(N, 3, scale * h, scale * w)` uint8.
            memory_format: memory order of the batches.
        """
        self.lr = lr
        self.hr = hr
        self.memory_format = memory_format

    def __len__(self) -> int:
        return len(self.hr)

    def __getitem__(self, indices: list[int]) -> Batch:
        """`(B, 3, h, w)` and `(B, 3, scale * h, scale * w)` float32 in [0, 1]."""
        index = _index(indices, self.hr.device)
        lr, hr = (
            images[index].to(torch.float32, memory_format=self.memory_format).div_(255)
            for images in (self.lr, self.hr)
        )
        return lr, hr

    def to(self, device: torch.device) -> "Pairs":
        """The same pairs on a device."""
        return Pairs(self.lr.to(device), self.hr.to(device), self.memory_format)


class TestPairs(Dataset[TestBatch]):
    """Pairs of the test images, with the mark of those that are grey in their file.

    Grey images are scored on their grey values.
    """

    __test__ = False  # pytest collects classes of this name

    def __init__(self, pairs: Pairs, is_grey: Tensor) -> None:
        """Join N pairs and `is_grey`, `(N,)` bool."""
        self.pairs = pairs
        self.is_grey = is_grey

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, indices: list[int]) -> TestBatch:
        """The batch of `Pairs`, and `(B,)` bool."""
        return (*self.pairs[indices], self.is_grey[indices])


class BatchIndices(Sampler[list[int]]):
    """Indices of each batch; a seed shuffles them anew every epoch, the same way in every run."""

    def __init__(
        self,
        count: int,
        batch_size: int,
        seed: int | None = None,
        rank: int = 0,
        processes: int = 1,
    ) -> None:
        """Give each process its share of every batch.

        Args:
            count: number of images.
            batch_size: images a batch, of all processes together.
            seed: seed of the order; None keeps the order of the split.
            rank: number of this process, from 0.
            processes: number of processes that divide a batch; their shares of the last one may be
                empty.
        """
        self.count = count
        self.batch_size = batch_size
        self.seed = seed
        self.rank = rank
        self.processes = processes
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch; Lightning calls this when the epoch starts."""
        self.epoch = epoch

    def __len__(self) -> int:
        return math.ceil(self.count / self.batch_size)

    def images(self, batch: int) -> int:
        """Number of images in a batch, in all processes together."""
        return min(self.batch_size, self.count - batch * self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        order = list(range(self.count))
        if self.seed is not None:
            # Seed and epoch alone decide, no generator that runs on: a resumed run sees the same
            # order.
            random.Random(f"{self.seed}/{self.epoch}").shuffle(order)
        for start in range(0, self.count, self.batch_size):
            yield order[start : start + self.batch_size][self.rank :: self.processes]


class OrderedBatchIndices(BatchIndices, SequentialSampler):  # type: ignore[misc]
    """The same in the order of the split.

    Lightning's `overfit_batches` replaces every sampler that is no `SequentialSampler` by one.
    """


def _index(indices: list[int], device: torch.device) -> Tensor:
    """The indices on the device; torch would wait for the device if it were given a list."""
    index = torch.tensor(indices, dtype=torch.long)  # an empty list gives float32 otherwise
    return index.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else index
