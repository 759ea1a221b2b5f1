"""The LightningDataModule: the whole split on the device as uint8, batches by index."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from srcnn_lightning.config import (
    DataConfig,
    DegradationConfig,
    check_target_size,
    default_settings,
)
from srcnn_lightning.data.pairs import (
    Batch,
    BatchIndices,
    OrderedBatchIndices,
    Pairs,
    TestBatch,
    TestPairs,
)
from srcnn_lightning.data.sources import Source, open_source
from srcnn_lightning.data.split import Split, make_split
from srcnn_lightning.data.targets import load_targets
from srcnn_lightning.errors import BadInput
from srcnn_lightning.resize import resize_uint8


class SuperResolutionData(LightningDataModule):
    """Pairs of low- and high-resolution images by the paper's protocol (section 3)."""

    def __init__(
        self,
        root: str | Path | None = None,
        scale: int = 2,
        *,
        source: Source | None = None,
        split: Split | None = None,
        data: DataConfig | None = None,
        degradation: DegradationConfig | None = None,
        seed: int = 0,
        channels_last: bool = True,
        **settings: Any,
    ) -> None:
        """Keep the settings; `prepare` reads the images.

        Args:
            root: folder of image files; None draws dead leaves.
            scale: factor between the sides of targets and inputs, which must divide
                `target_size`.
            source: images, in place of those of `root`.
            split: names of the train, validation and test images; None: as the settings say.
            data: all settings of the images, in place of `root` and `settings`.
            degradation: step from target to input, in place of `scale`; None: antialiased bicubic.
            seed: seed of the order of the training images.
            channels_last: whether batches lie in memory in the order channels_last.
            settings: fields of `DataConfig`, such as `count`, `crop`, `target_size` and
                `batch_size`; conf/config.yaml has the others' defaults.

        Raises:
            BadInput: a setting that there is not, or a value that no run can use.
        """
        super().__init__()
        if data is not None and (root is not None or settings):
            raise BadInput("data: it holds all settings of the images; give no others beside it.")
        self.data = data or _settings(root, settings)
        self.degradation = degradation or DegradationConfig(
            name="antialiased", kernel="bicubic", antialias=True, scale=scale
        )
        check_target_size(self.data, self.degradation)
        self.source = source or open_source(self.data)
        self.split = split or make_split(self.source.names, self.data)
        self.seed = seed
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.pairs: dict[str, Pairs] = {}

    def prepare(self) -> None:
        """Load the targets and shrink them to inputs.

        Raises:
            BadInput: an image or the cache cannot be used (`load_targets`).
        """
        self.source = self.source.ensure(self.split.names)
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
        # The same batches in every epoch are what Lightning's `overfit_batches` asks for.
        is_fixed = getattr(self.trainer, "overfit_batches", 0) > 0
        seed = None if is_fixed else self.seed
        return self._loader(self.pairs["train"], self.data.batch_size, seed)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Batches in the order of the split."""
        return self._loader(self.pairs["val"], self.data.eval_batch_size)

    def test_dataloader(self) -> DataLoader[TestBatch]:
        """Batches in the order of the split, with the marks of grey images."""
        pairs = TestPairs(self.pairs["test"], self.test_is_grey)
        return self._loader(pairs, self.data.eval_batch_size)

    def predict_dataloader(self) -> DataLoader[Batch]:
        """The test images, in the order of the split."""
        return self._loader(self.pairs["test"], self.data.eval_batch_size)

    def _loader(
        self, pairs: Pairs | TestPairs, batch_size: int, seed: int | None = None
    ) -> DataLoader[Any]:
        rank, processes = (
            (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        )
        kind = OrderedBatchIndices if seed is None else BatchIndices
        sampler = kind(len(pairs), batch_size, seed, rank, processes)
        # batch_size=None: the sampler yields whole batches, which need no worker and no collation.
        # The loader has its own generator, from which it draws a number whenever it begins: a draw
        # from torch's would shift those of the network, elsewhere in a run that is resumed.
        return DataLoader(pairs, sampler=sampler, batch_size=None, generator=torch.Generator())


def _settings(root: str | Path | None, given: dict[str, Any]) -> DataConfig:
    """The settings of a folder's images, by the defaults of the configuration."""
    known = {field.name for field in fields(DataConfig)}
    for key, value in given.items():
        if key not in known:
            raise BadInput(
                f"{key}={value}: there is no such setting of images; "
                f"choose {', '.join(sorted(known))}."
            )
    defaults = default_settings("data")
    kind = "folder" if root is not None else "dead_leaves"
    chosen = {"kind": kind, "root": None if root is None else str(root), **given}
    return DataConfig(**{**defaults, **chosen})
