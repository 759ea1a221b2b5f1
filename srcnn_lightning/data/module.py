"""The LightningDataModule: pairs as uint8, memory-mapped or on a GPU, and batches by index."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

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
from srcnn_lightning.data.sizes import (
    check_multiples,
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
        scale: int = 2,
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
            scale: factor between the sides of targets and inputs.
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
        check_patch_size(self.data, self.degradation.scale)
        self.source = source or open_source(self.data)
        self.split = split or make_split(self.source.names, self.data)
        self.seed = seed
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.pairs: dict[str, Pairs] = {}

    def prepare(self) -> None:
        """Load targets and inputs, memory-mapped.

        Raises:
            BadInput: an image or the cache cannot be used (`load_pairs`).
        """
        self.source = self.source.ensure(self.split.names)
        pairs = load_pairs(self.source, self.split, self.data, self.degradation)
        # (H, W, 3) seen as (3, H, W)
        lr, hr = (
            [torch.from_numpy(image).permute(2, 0, 1) for image in images]
            for images in (pairs.lr, pairs.hr)
        )
        start = 0
        for part, names in self.split.as_dict().items():
            end = start + len(names)
            patch_size = self.data.patch_size if part == "train" else None
            self.pairs[part] = Pairs(lr[start:end], hr[start:end], self.memory_format, patch_size)
            start = end
        self.test_is_grey = torch.from_numpy(pairs.is_grey[-len(self.split.test) :])

    def setup(self, stage: str) -> None:
        """Move all images to a GPU once: 100 targets of 224x224 are 15 MB.

        On a CPU, or with `data.on_device=false`, each batch is read from the memory map.
        """
        self._check_scale()
        if stage == "test":  # the command has done so before the fit
            check_target_side(self.data, self.degradation.scale)
        if not self.pairs:
            self.prepare()
        network = getattr(self.trainer and self.trainer.lightning_module, "network", None)
        self.check_sizes(getattr(network, "multiple_of", 1), is_trained=stage == "fit")
        device = self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
        if self.data.on_device and device.type != "cpu":
            self.pairs = {part: pairs.on_device(device) for part, pairs in self.pairs.items()}

    def _check_scale(self) -> None:
        scale = self.degradation.scale
        task_scale = getattr(self.trainer and self.trainer.lightning_module, "scale", scale)
        advice = f"the task upscales by it, and the data has scale={scale}; give both one scale"
        require(task_scale == scale, "scale", task_scale, advice)

    def check_sizes(self, multiple_of: int, is_trained: bool) -> None:
        """Refuse prepared images that a run would fail on.

        Args:
            multiple_of: number that the sides of the network's inputs must be multiples of.
            is_trained: whether the network is trained; a baseline needs no batches of training.

        Raises:
            BadInput: sentence for the first image of a size that cannot be used.
        """
        sizes = {
            part: [
                (name, (image.shape[-2], image.shape[-1]))
                for name, image in zip(names, self.pairs[part].hr, strict=True)
            ]
            for part, names in self.split.as_dict().items()
        }
        data, scale = self.data, self.degradation.scale
        if is_trained:
            check_training_sizes(sizes["train"], data, scale)
        check_test_sizes(sizes["test"], data, scale)
        if data.side is None:
            trained = sizes["train"] if is_trained and data.patch_size is None else []
            check_multiples([*trained, *sizes["val"], *sizes["test"]], scale * multiple_of)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Batches in an order that `seed` and the epoch decide."""
        # The same batches in every epoch are what Lightning's `overfit_batches` asks for.
        is_fixed = getattr(self.trainer, "overfit_batches", 0) > 0
        data = self.data
        return self._loader(
            self.pairs["train"],
            data.batch_size,
            seed=None if is_fixed else self.seed,
            steps=data.steps_per_epoch,
            draw_seed=self.seed if data.patch_size or data.augment else None,
            augment=data.augment,
        )

    def val_dataloader(self) -> DataLoader[Batch]:
        """Batches in the order of the split."""
        return self._loader(self.pairs["val"], self._eval_batch_size("val"))

    def test_dataloader(self) -> DataLoader[TestBatch]:
        """Batches in the order of the split, with the marks of grey images."""
        pairs = TestPairs(self.pairs["test"], self.test_is_grey)
        return self._loader(pairs, self._eval_batch_size("test"))

    def predict_dataloader(self) -> DataLoader[Batch]:
        """The test images, in the order of the split."""
        return self._loader(self.pairs["test"], self._eval_batch_size("test"))

    def _eval_batch_size(self, part: str) -> int:
        """`data.eval_batch_size`, or one image for each process where images differ in size."""
        return self.data.eval_batch_size if self.pairs[part].have_one_size else self._processes

    @property
    def _processes(self) -> int:
        return self.trainer.world_size if self.trainer else 1

    def _loader(
        self, pairs: Pairs | TestPairs, batch_size: int, seed: int | None = None, **draws: Any
    ) -> DataLoader[Any]:
        rank = self.trainer.global_rank if self.trainer else 0
        kind = OrderedBatchIndices if seed is None else BatchIndices
        sampler = kind(len(pairs), batch_size, seed, rank, self._processes, **draws)
        # batch_size=None: the sampler yields whole batches, which need no worker and no collation.
        # The loader has its own generator, from which it draws a number whenever it begins: a draw
        # from torch's would shift those of the network, elsewhere in a run that is resumed.
        return DataLoader(pairs, sampler=sampler, batch_size=None, generator=torch.Generator())


def _settings(root: str | Path | None, given: dict[str, Any]) -> DataConfig:
    """The settings of a folder's images, by the defaults of the configuration."""
    defaults = default_settings("data")
    kind = "folder" if root is not None else "dead_leaves"
    chosen = {"kind": kind, "root": None if root is None else str(root), **given}
    settings = {**defaults, **chosen}
    arguments.check("data", DataConfig, settings, name="SuperResolutionData")
    return DataConfig(**settings)
