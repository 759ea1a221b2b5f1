"""The LightningDataModule: pairs as uint8, memory-mapped or on a GPU, and batches by index."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader, Dataset, Sampler

from srcnn_lightning import arguments
from srcnn_lightning.config import (
    DataConfig,
    DegradationConfig,
    check_patch_size,
    check_target_side,
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
from srcnn_lightning.data.scales import OrderedScaledBatches, ScaledBatches, ScaledPairs
from srcnn_lightning.data.sizes import (
    check_test_sizes,
    check_training_sizes,
)
from srcnn_lightning.data.sources import Source, open_source
from srcnn_lightning.data.split import Split, make_split
from srcnn_lightning.data.targets import load_pairs
from srcnn_lightning.errors import BadInput, require


class SuperResolutionData(LightningDataModule):
    """Pairs of low- and high-resolution images by the paper's protocol (section 3)."""

    def __init__(
        self,
        root: str | Path | None = None,
        scale: int | list[int] = 2,
        *,
        source: Source | None = None,
        split: Split | Sequence[float] | None = None,
        data: DataConfig | None = None,
        degradation: DegradationConfig | None = None,
        seed: int = 0,
        channels_last: bool = True,
        **settings: Any,
    ) -> None:
        """Keep the settings; `prepare` reads the images.

        Args:
            root: folder of image files; None draws dead leaves.
            scale: factor between the sides of targets and inputs; a list for a network of several.
            source: images, in place of those of `root`.
            split: names of the train, validation and test images, or their fractions; None: as
                the settings say.
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
        if split is not None and not isinstance(split, Split):
            settings["split"] = split
            split = None
        if data is not None and (root is not None or settings):
            raise BadInput("data: it holds all settings of the images; give no others beside it.")
        self.data = data or _settings(root, settings)
        self.degradation = degradation or DegradationConfig(
            name="antialiased", kernel="bicubic", antialias=True, scale=scale
        )
        for one in self.degradation.scales:
            check_patch_size(self.data, one)
        self.source = source or open_source(self.data)
        self.split = split or make_split(self.source.names, self.data)
        self.seed = seed
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.pairs: dict[int, dict[str, Pairs]] = {}  # by scale and part of the split
        self.test_scale = self.degradation.scales[0]

    def prepare(self) -> None:
        """Load targets and inputs, memory-mapped.

        Raises:
            BadInput: an image or the cache cannot be used (`load_pairs`).
        """
        self.source = self.source.ensure(self.split.names)
        for scale in self.degradation.scales:
            pairs = load_pairs(self.source, self.split, self.data, self.degradation.at(scale))
            # (H, W, 3) seen as (3, H, W)
            lr, hr = (
                [torch.from_numpy(image).permute(2, 0, 1) for image in images]
                for images in (pairs.lr, pairs.hr)
            )
            start, self.pairs[scale] = 0, {}
            for part, names in self.split.as_dict().items():
                chosen = slice(start, start := start + len(names))
                patch_size = self.data.patch_size if part == "train" else None
                self.pairs[scale][part] = Pairs(
                    lr[chosen], hr[chosen], self.memory_format, patch_size
                )
            self.test_is_grey = torch.from_numpy(pairs.is_grey[-len(self.split.test) :])

    def setup(self, stage: str) -> None:
        """Move all images to a GPU once: 100 targets of 224x224 are 15 MB.

        On a CPU, or with `data.on_device=false`, each batch is read from the memory map.
        """
        self._check_scale()
        if stage == "test":  # the command has done so before the fit
            check_target_side(self.data, self.test_scale)
        if not self.pairs:
            self.prepare()
        self.check_sizes(is_trained=stage == "fit")
        device = self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
        if not self.data.on_device or device.type == "cpu":
            return
        for scale, parts in self.pairs.items():
            self.pairs[scale] = {part: pairs.on_device(device) for part, pairs in parts.items()}

    def _check_scale(self) -> None:
        scale = self.degradation.scale
        task_scale = getattr(self.trainer and self.trainer.lightning_module, "scale", scale)
        advice = f"the task upscales by it, and the data has scale={scale}; give both one scale"
        require(task_scale == scale, "scale", task_scale, advice)

    def check_sizes(self, is_trained: bool) -> None:
        """Refuse prepared images that a run would fail on.

        Args:
            is_trained: whether the network is trained; a baseline needs no batches of training.

        Raises:
            BadInput: sentence for the first image of a size that cannot be used.
        """
        for scale, pairs in self.pairs.items():
            sizes = {
                part: [
                    (name, (image.shape[-2], image.shape[-1]))
                    for name, image in zip(names, pairs[part].hr, strict=True)
                ]
                for part, names in self.split.as_dict().items()
            }
            if is_trained:
                check_training_sizes(sizes["train"], self.data, scale)
            check_test_sizes(sizes["test"], self.data, scale)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Batches in an order that `seed` and the epoch decide; each of one scale, of several."""
        # The same batches in every epoch are what Lightning's `overfit_batches` asks for.
        is_fixed = getattr(self.trainer, "overfit_batches", 0) > 0
        data = self.data
        return self._loader(
            "train",
            data.batch_size,
            seed=None if is_fixed else self.seed,
            steps=data.steps_per_epoch,
            draw_seed=self.seed if data.patch_size or data.augment else None,
            augment=data.augment,
        )

    def val_dataloader(self) -> DataLoader[Batch]:
        """Batches in the order of the split, of each scale after the other."""
        return self._loader("val", self.data.eval_batch_size)

    def test_dataloader(self) -> DataLoader[TestBatch]:
        """Batches of `test_scale` in the order of the split, with the marks of grey images."""
        pairs = self.pairs[self.test_scale]["test"]
        batches = self._batches(pairs, self.data.eval_batch_size)
        return _make_loader(TestPairs(pairs, self.test_is_grey), batches)

    def predict_dataloader(self) -> DataLoader[Batch]:
        """The test images of `test_scale`, in the order of the split."""
        pairs = self.pairs[self.test_scale]["test"]
        return _make_loader(pairs, self._batches(pairs, self.data.eval_batch_size))

    def _loader(
        self, part: str, batch_size: int, seed: int | None = None, **draws: Any
    ) -> DataLoader[Batch]:
        pairs = {scale: parts[part] for scale, parts in self.pairs.items()}
        batches = {
            scale: self._batches(one, batch_size, seed, **draws) for scale, one in pairs.items()
        }
        if len(pairs) == 1:
            (scale,) = pairs
            return _make_loader(pairs[scale], batches[scale])
        kind = OrderedScaledBatches if seed is None else ScaledBatches
        return _make_loader(ScaledPairs(pairs), kind(batches, seed))

    def _batches(
        self, pairs: Pairs, batch_size: int, seed: int | None = None, **draws: Any
    ) -> BatchIndices:
        trainer = self.trainer
        rank, processes = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        if seed is None and not draws and not pairs.have_one_size:
            batch_size = processes  # whole images of differing sizes make no batch
        kind = OrderedBatchIndices if seed is None else BatchIndices
        return kind(len(pairs), batch_size, seed, rank, processes, **draws)


def _make_loader(pairs: Dataset[Any], batches: Sampler[Any]) -> DataLoader[Any]:
    # batch_size=None: the sampler yields whole batches, which need no worker and no collation. The
    # loader has its own generator, from which it draws a number whenever it begins: a draw from
    # torch's would shift those of the network, elsewhere in a run that is resumed.
    return DataLoader(pairs, sampler=batches, batch_size=None, generator=torch.Generator())


def _settings(root: str | Path | None, given: dict[str, Any]) -> DataConfig:
    """The settings of a folder's images, by the defaults of the configuration."""
    defaults = default_settings("data")
    kind = "folder" if root is not None else "dead_leaves"
    chosen = {"kind": kind, "root": None if root is None else str(root), **given}
    settings = {**defaults, **chosen}
    arguments.check("data", DataConfig, settings, name="SuperResolutionData")
    return DataConfig(**settings)
