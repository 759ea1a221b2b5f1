"""Tasks whose metrics are worked out by hand, by images of one grey level, and a plain Trainer."""

import pytest
import torch
from lightning.pytorch import Trainer
from torch.utils.data import DataLoader

from srcnn_lightning import models
from srcnn_lightning.training.task import SuperResolution

PLAIN_TRAINER = [
    # Lightning's own; a run causes none of them (training/components.py).
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore:You called `self.log.*no logger configured.*"),
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*"),
]
# One kernel of 2x2 with stride 2: the smallest network that doubles both sides, and torch's own.
TINY = {
    "_target_": "torch.nn.ConvTranspose2d",
    "in_channels": 3,
    "out_channels": 3,
    "kernel_size": 2,
    "stride": 2,
}
ADAM = {"_target_": "torch.optim.Adam", "lr": 1e-3, "weight_decay": 0.0}


def task_of(network, optimizer):
    return SuperResolution(models.build_network(network), network, 2, optimizer)


def constant_task(level, optimizer=ADAM):
    """A task whose network answers every image with one grey level, its bias."""
    task = task_of(TINY, optimizer)
    torch.nn.init.zeros_(task.network.weight)
    torch.nn.init.constant_(task.network.bias, level)
    return task


def greys(*levels, size=16):
    """Pairs of a black input and a target of one grey level each."""
    shape = (len(levels), 3, size, size)
    targets = torch.tensor(levels).view(-1, 1, 1, 1).expand(shape).contiguous()
    return list(zip(torch.zeros(len(levels), 3, size // 2, size // 2), targets, strict=True))


def scored(pairs, *grey):
    """Pairs as a test takes them.

    Args:
        pairs: inputs and targets.
        grey: for each image whether it is grey in its file; by default none is.
    """
    flags = torch.tensor(grey or [False] * len(pairs))
    return [(*pair, flag) for pair, flag in zip(pairs, flags, strict=True)]


def loader(pairs, batch_size=1):
    return DataLoader(pairs, batch_size=batch_size)


def quiet_trainer(folder, *callbacks):
    return Trainer(
        accelerator="cpu",
        max_epochs=1,
        logger=False,
        callbacks=list(callbacks),
        default_root_dir=folder,
        enable_checkpointing=bool(callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=0,
    )


def fit(trainer, task, pairs, batch_size=1):
    trainer.fit(task, loader(pairs, batch_size), loader(pairs))
