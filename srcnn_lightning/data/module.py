"""The LightningDataModule: the whole split on the device as uint8, batches by index."""

import math
import random
from collections.abc import Iterator
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from srcnn_lightning.data.sources import Source
from srcnn_lightning.data.split import Split
from srcnn_lightning.data.targets import load_for_run
from srcnn_lightning.errors import BadInput
from srcnn_lightning.resize import resize_uint8

Batch = tuple[Tensor, Tensor]
TestBatch = tuple[Tensor, Tensor, Tensor]


class SuperResolutionData(LightningDataModule):
    """Pairs of low- and high-resolution images by the paper's protocol (section 3)."""

    def __init__(
        self,
        source: Source,
        split: Split,
        data: dict[str, Any],
        degradation: dict[str, Any],
        kernel: str = "bicubic",
        seed: int = 0,
        channels_last: bool = True,
    ) -> None:
        """Nothing is read before `prepare`.

        Args:
            source: of the images.
            split: their names.
            data: the group `data` of the configuration.
            degradation: the group `degradation`.
            kernel: that shrinks targets to inputs.
            seed: of the order of the training images.
            channels_last: memory order of the batches.

        Raises:
            BadInput: sizes that do not fit together.
        """
        super().__init__()
        _check(data, degradation)
        self.source = source
        self.split = split
        self.seed = seed
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.kernel = kernel
        self.data = data
        self.degradation = degradation
        self.antialias = bool(degradation["antialias"])
        self.scale = int(degradation["scale"])
        self.pairs: dict[str, Pairs] = {}

    def prepare(self) -> None:
        """Read the targets, or take them from the cache, and shrink them to inputs."""
        size = int(self.data["target_size"])
        targets = load_for_run(self.source, self.split, self.data, self.degradation)
        # (N, H, W, 3) seen as (N, 3, H, W) lies in memory as channels_last wants it.
        hr = torch.from_numpy(targets.pixels).permute(0, 3, 1, 2)
        low = size // self.scale
        lr = resize_uint8(hr, (low, low), self.kernel, self.antialias)
        lr, hr = (images.contiguous(memory_format=self.memory_format) for images in (lr, hr))
        start = 0
        for part, names in self.split.as_dict().items():
            end = start + len(names)
            self.pairs[part] = Pairs(lr[start:end], hr[start:end], self.memory_format)
            start = end
        self.test_is_grey = torch.from_numpy(targets.is_grey[-len(self.split.test) :])

    def setup(self, stage: str) -> None:
        """Move everything to the device once: 100 targets of 224x224 are 15 MB.

        With `data.on_device=false` Lightning moves each batch.
        """
        if not self.pairs:
            self.prepare()
        if not self.data["on_device"]:
            return
        device = self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
        self.pairs = {part: pairs.to(device) for part, pairs in self.pairs.items()}

    def train_dataloader(self) -> DataLoader[Batch]:
        """Batches in an order that `seed` and the epoch decide."""
        return self._loader(self.pairs["train"], int(self.data["batch_size"]), self.seed)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Batches in the order of the split."""
        return self._loader(self.pairs["val"], int(self.data["eval_batch_size"]))

    def test_dataloader(self) -> DataLoader[TestBatch]:
        """Batches in the order of the split, with what is grey in its file."""
        pairs = TestPairs(self.pairs["test"], self.test_is_grey)
        return self._loader(pairs, int(self.data["eval_batch_size"]))

    def _loader(
        self, pairs: "Pairs | TestPairs", batch_size: int, seed: int | None = None
    ) -> DataLoader[Any]:
        # batch_size=None: the sampler yields whole batches, and no worker or collation is needed.
        rank, processes = (
            (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        )
        sampler = BatchIndices(len(pairs), batch_size, seed, rank, processes)
        # A generator of its own: a loader draws a number whenever it begins, which would shift
        # those that a network draws, and a run that goes on begins at another moment.
        return DataLoader(pairs, sampler=sampler, batch_size=None, generator=torch.Generator())


class Pairs(Dataset[Batch]):
    """Low- and high-resolution images of one part of the split, indexed by whole batches."""

    def __init__(
        self, lr: Tensor, hr: Tensor, memory_format: torch.memory_format = torch.channels_last
    ) -> None:
        """Both `(N, 3, h, w)` uint8; `memory_format` is that of the batches."""
        self.lr = lr
        self.hr = hr
        self.memory_format = memory_format

    def __len__(self) -> int:
        return len(self.hr)

    def __getitem__(self, indices: list[int]) -> Batch:
        """`(B, 3, h, w)` and `(B, 3, scale * h, scale * w)` in [0, 1]."""
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
    """Pairs of the test images, which are scored on grey values where they are grey in the file."""

    __test__ = False  # not a test of pytest's

    def __init__(self, pairs: Pairs, is_grey: Tensor) -> None:
        """`is_grey` is `(N,)` bool."""
        self.pairs = pairs
        self.is_grey = is_grey

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, indices: list[int]) -> TestBatch:
        """As of `Pairs`, and `(B,)` bool."""
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
        """Each process has its share of every batch.

        Args:
            count: images.
            batch_size: of all processes together.
            seed: of the order; None keeps the order of the split.
            rank: this process's number.
            processes: that divide each batch; a share of the last one may be empty.
        """
        self.count = count
        self.batch_size = batch_size
        self.seed = seed
        self.rank = rank
        self.processes = processes
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this at each epoch's start."""
        self.epoch = epoch

    def __len__(self) -> int:
        return math.ceil(self.count / self.batch_size)

    def images(self, batch: int) -> int:
        """How many images a batch has in all processes together."""
        return min(self.batch_size, self.count - batch * self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        order = list(range(self.count))
        if self.seed is not None:
            # Seeded by both, not by a running generator: a run taken up again sees the same order.
            random.Random(f"{self.seed}/{self.epoch}").shuffle(order)
        for start in range(0, self.count, self.batch_size):
            yield order[start : start + self.batch_size][self.rank :: self.processes]


def _index(indices: list[int], device: torch.device) -> Tensor:
    """On the device, without waiting for its work, as torch does where it is given a list."""
    index = torch.tensor(indices, dtype=torch.long)  # also of none
    return index.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else index


def _check(data: dict[str, Any], degradation: dict[str, Any]) -> None:
    scale = int(degradation["scale"])
    if scale < 1:
        raise BadInput(f"degradation.scale={scale}: it must be a whole number from 1 on.")
    for key in ("count", "crop", "target_size", "batch_size", "eval_batch_size"):
        if int(data[key]) < 1:
            raise BadInput(f"data.{key}={data[key]}: it must be at least 1.")
    size, crop = int(data["target_size"]), int(data["crop"])
    if size > crop:
        raise BadInput(f"data.target_size={size}: it must not exceed data.crop={crop}.")
    if size % scale:
        raise BadInput(
            f"data.target_size={size}: it must be a multiple of degradation.scale={scale}."
        )
