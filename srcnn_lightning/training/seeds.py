"""Random numbers that depend on the seed and the epoch alone: a resumed run draws the same ones."""

import random
from hashlib import sha256

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer


class EpochSeeds(Callback):
    """Seed all generators anew at the beginning of each epoch."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Seed by seed, epoch and process: each process of a run draws its own numbers."""
        text = f"{self.seed}/{trainer.current_epoch}/{trainer.global_rank}"
        seed_generators(int.from_bytes(sha256(text.encode()).digest()[:4]))


def seed_generators(seed: int) -> None:
    """Seed every generator that a network may use: Python's, NumPy's and torch's."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
