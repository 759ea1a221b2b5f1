"""Pairs of input and target as uint8, whole or as patches, and the indices of each batch."""

import math
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler, SequentialSampler

Batch = tuple[Tensor, Tensor]
TestBatch = tuple[Tensor, Tensor, Tensor]
Images = Tensor | Sequence[Tensor]
ORIENTATIONS = 8  # of a square


class Draw(NamedTuple):
    """What is drawn for one item of a batch.

    Attributes:
        image: index of the image.
        top: place of the patch between the image's upper and lower edge, in [0, 1).
        left: place of the patch between the image's left and right edge, in [0, 1).
        orientation: number of the flip or rotation, from 0, which keeps the patch as it is, to 7.
    """

    image: int
    top: float
    left: float
    orientation: int


class Pairs(Dataset[Batch]):
    """Low- and high-resolution images of one part of the split, indexed by whole batches."""

    def __init__(
        self,
        lr: Images,
        hr: Images,
        memory_format: torch.memory_format = torch.channels_last,
        patch_size: int | None = None,
    ) -> None:
        """Keep the images as they are.

        Args:
            lr: inputs, `(N, 3, h, w)` uint8, or N of `(3, h, w)`, which may differ in size.
            hr: targets, `scale` times as high and wide.
            memory_format: memory order of the batches.
            patch_size: side in target pixels of the patches that a `Draw` is cut to; None: the
                whole image.
        """
        self.lr = lr
        self.hr = hr
        self.memory_format = memory_format
        self.patch_size = patch_size

    def __len__(self) -> int:
        return len(self.hr)

    @property
    def have_one_size(self) -> bool:
        """Whether all images have one size, so that they make batches."""
        return len({image.shape for image in self.hr}) == 1

    def __getitem__(self, items: Sequence[int] | Sequence[Draw]) -> Batch:
        """`(B, 3, h, w)` and `(B, 3, scale * h, scale * w)` float32 in [0, 1]."""
        lr, hr = self._gather(items)
        return self._as_float(lr), self._as_float(hr)

    def on_device(self, device: torch.device) -> "Pairs":
        """The same pairs in the memory of a device: in one tensor where all have one size."""
        lr, hr = (self._stacked(images, device) for images in (self.lr, self.hr))
        return Pairs(lr, hr, self.memory_format, self.patch_size)

    def _stacked(self, images: Images, device: torch.device) -> Images:
        if isinstance(images, Tensor):
            return images.to(device)
        if not self.have_one_size:
            return [image.to(device) for image in images]
        # (N, H, W, 3) seen as (N, 3, H, W) lies in memory in the order channels_last.
        stacked = torch.stack([image.permute(1, 2, 0) for image in images]).permute(0, 3, 1, 2)
        return stacked.contiguous(memory_format=self.memory_format).to(device)

    def _gather(self, items: Sequence[int] | Sequence[Draw]) -> tuple[Tensor, Tensor]:
        """The uint8 images of a batch."""
        lr, hr = self.lr, self.hr
        whole = [item for item in items if isinstance(item, int)]
        is_whole = self.patch_size is None and len(whole) == len(items)
        if is_whole and isinstance(lr, Tensor) and isinstance(hr, Tensor):
            index = _index(whole, hr.device)
            return lr[index], hr[index]
        # The share of a process may be empty; its shape is that of the others.
        cuts = [self._cut(item) for item in items or [Draw(0, 0, 0, 0)]]
        count = len(items)
        return _stack([low for low, _ in cuts])[:count], _stack([high for _, high in cuts])[:count]

    def _cut(self, item: int | Draw) -> tuple[Tensor, Tensor]:
        """`(3, h, w)` and `(3, scale * h, scale * w)`: the same area in the same orientation."""
        if not isinstance(item, Draw):
            return self.lr[item], self.hr[item]
        low, high = self.lr[item.image], self.hr[item.image]
        if self.patch_size is not None:
            scale = high.shape[-1] // low.shape[-1]
            side = self.patch_size // scale
            y = int(item.top * (low.shape[-2] - side + 1))
            x = int(item.left * (low.shape[-1] - side + 1))
            low = low[:, y : y + side, x : x + side]
            y, x, side = scale * y, scale * x, self.patch_size
            high = high[:, y : y + side, x : x + side]
        return oriented(low, item.orientation), oriented(high, item.orientation)

    def _as_float(self, images: Tensor) -> Tensor:
        return images.to(torch.float32, memory_format=self.memory_format).div_(255)


def oriented(image: Tensor, orientation: int) -> Tensor:
    """One of the eight flips and rotations of `(3, H, W)`; 0 keeps the image as it is."""
    if orientation & 4:
        image = image.transpose(-2, -1)
    axes = [axis for axis, bit in ((-1, 1), (-2, 2)) if orientation & bit]
    return image.flip(axes) if axes else image


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


class BatchIndices(Sampler[list[int] | list[Draw]]):
    """Indices of each batch; a seed shuffles them anew every epoch, the same way in every run."""

    def __init__(
        self,
        count: int,
        batch_size: int,
        seed: int | None = None,
        rank: int = 0,
        processes: int = 1,
        *,
        steps: int | None = None,
        draw_seed: int | None = None,
        augment: bool = False,
    ) -> None:
        """Give each process its share of every batch.

        Args:
            count: number of images.
            batch_size: items a batch, of all processes together.
            seed: seed of the order; None keeps the order of the split.
            rank: number of this process, from 0.
            processes: number of processes that divide a batch; their shares of the last one may be
                empty.
            steps: batches an epoch, which passes over the images as often as it needs; None: as
                many as one pass has.
            draw_seed: seed of the draws; None: plain indices, of whole images.
            augment: whether orientations are drawn too.
        """
        self.count = count
        self.items = count if steps is None else steps * batch_size
        self.batch_size = batch_size
        self.seed = seed
        self.rank = rank
        self.processes = processes
        self.draw_seed = draw_seed
        self.augment = augment
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch; Lightning calls this when the epoch starts."""
        self.epoch = epoch

    def __len__(self) -> int:
        return math.ceil(self.items / self.batch_size)

    def images(self, batch: int) -> int:
        """Number of images in a batch, in all processes together."""
        return min(self.batch_size, self.items - batch * self.batch_size)

    def __iter__(self) -> Iterator[list[int] | list[Draw]]:
        order = list(islice(self._order(), self.items))
        for start in range(0, self.items, self.batch_size):
            end = min(start + self.batch_size, self.items)
            share = range(start, end)[self.rank :: self.processes]
            if self.draw_seed is None:
                yield [order[item] for item in share]
            else:
                yield [self._draw(order[item], item) for item in share]

    def _order(self) -> Iterator[int]:
        """Indices of the images, pass after pass."""
        # Seed and epoch alone decide, no generator that runs on: a resumed run sees the same order.
        generator = random.Random(f"{self.seed}/{self.epoch}")
        while True:
            order = list(range(self.count))
            if self.seed is not None:
                generator.shuffle(order)
            yield from order

    def _draw(self, image: int, item: int) -> Draw:
        """The draw of an item of the epoch, which seed, epoch and item alone decide."""
        generator = random.Random(f"{self.draw_seed}/{self.epoch}/{item}")
        top, left = generator.random(), generator.random()
        return Draw(image, top, left, generator.randrange(ORIENTATIONS) if self.augment else 0)


class OrderedBatchIndices(BatchIndices, SequentialSampler):  # type: ignore[misc]
    """The same in the order of the split, and with the same draws in every epoch.

    Lightning's `overfit_batches` replaces every sampler that is no `SequentialSampler` by one.
    """

    def set_epoch(self, epoch: int) -> None:
        """Keep order and draws."""


def _index(indices: Sequence[int], device: torch.device) -> Tensor:
    """The indices on the device; torch would wait for the device if it were given a list."""
    index = torch.tensor(indices, dtype=torch.long)  # an empty list gives float32 otherwise
    return index.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else index


def _stack(images: Sequence[Tensor]) -> Tensor:
    """`(B, 3, H, W)` in the order channels_last, as most images lie in memory."""
    return torch.stack([image.permute(1, 2, 0) for image in images]).permute(0, 3, 1, 2)
