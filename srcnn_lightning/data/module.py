"""The LightningDataModule: the whole split on the device as uint8, batches by index."""

from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from srcnn_lightning.config import DataConfig, DegradationConfig
from srcnn_lightning.data.pairs import Batch, BatchIndices, Pairs, TestBatch, TestPairs
from srcnn_lightning.data.sources import Source
from srcnn_lightning.data.split import Split
from srcnn_lightning.data.targets import load_targets
from srcnn_lightning.resize import resize_uint8


class SuperResolutionData(LightningDataModule):
    """Pairs of low- and high-resolution images by the paper's protocol (section 3)."""

    def __init__(
        self,
        source: Source,
        split: Split,
        data: DataConfig,
        degradation: DegradationConfig,
        seed: int = 0,
        channels_last: bool = True,
    ) -> None:
        """Keep the settings; `prepare` reads the images.

        Args:
            source: images.
            split: names of the train, validation and test images.
            data: sizes of crop, target and batches.
            degradation: step from target to input.
            seed: seed of the order of the training images.
            channels_last: whether batches lie in memory in the order channels_last.
        """
        super().__init__()
        self.source = source
        self.split = split
        self.data = data
        self.degradation = degradation
        self.seed = seed
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.pairs: dict[str, Pairs] = {}

    def prepare(self) -> None:
        """Load the targets and shrink them to inputs.

        Raises:
            BadInput: an image or the cache cannot be used (`load_targets`).
        """
        targets = load_targets(self.source, self.split, self.data, self.degradation)
        # (N, H, W, 3) seen as (N, 3, H, W) lies in memory in the order channels_last.
        hr = torch.from_numpy(targets.pixels).permute(0, 3, 1, 2)
        side = self.data.target_size // self.degradation.scale
        lr = resize_uint8(hr, (side, side), self.degradation.kernel, self.degradation.antialias)
        lr, hr = (images.contiguous(memory_format=self.memory_format) for images in (lr, hr))
        start = 0
        for part, names in self.split.as_dict().items():
            end = start + len(names)
            self.pairs[part] = Pairs(lr[start:end], hr[start:end], self.memory_format)
            start = end
        self.test_is_grey = torch.from_numpy(targets.is_grey[-len(self.split.test) :])

    def setup(self, stage: str) -> None:
        """Move all images to the device once: 100 targets of 224x224 are 15 MB.

        With `data.on_device=false` Lightning moves each batch.
        """
        if not self.pairs:
            self.prepare()
        if not self.data.on_device:
            return
        device = self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
        self.pairs = {part: pairs.to(device) for part, pairs in self.pairs.items()}

    def train_dataloader(self) -> DataLoader[Batch]:
        """Batches in an order that `seed` and the epoch decide."""
        return self._loader(self.pairs["train"], self.data.batch_size, self.seed)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Batches in the order of the split."""
        return self._loader(self.pairs["val"], self.data.eval_batch_size)

    def test_dataloader(self) -> DataLoader[TestBatch]:
        """Batches in the order of the split, with the marks of grey images."""
        pairs = TestPairs(self.pairs["test"], self.test_is_grey)
        return self._loader(pairs, self.data.eval_batch_size)

    def _loader(
        self, pairs: Pairs | TestPairs, batch_size: int, seed: int | None = None
    ) -> DataLoader[Any]:
        rank, processes = (
            (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        )
        sampler = BatchIndices(len(pairs), batch_size, seed, rank, processes)
        # batch_size=None: the sampler yields whole batches, which need no worker and no collation.
        # The loader has its own generator, from which it draws a number whenever it begins: a draw
        # from torch's would shift those of the network, elsewhere in a run that is resumed.
        return DataLoader(pairs, sampler=sampler, batch_size=None, generator=torch.Generator())
