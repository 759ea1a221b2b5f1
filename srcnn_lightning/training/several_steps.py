"""Several training steps in one call of Lightning's, whose loop costs more than a small step."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from srcnn_lightning.data.pairs import Batch
from srcnn_lightning.training.captured_step import CapturedStep, make_capturable, take_step
from srcnn_lightning.training.task import SuperResolution


class SeveralSteps(SuperResolution):
    """`SuperResolution` whose `training_step` gets a list of batches and takes a step with each.

    The same steps with the same weights after them, bit for bit on a CPU. What Lightning does
    around an optimizer's step (hooks of callbacks, accumulation, clipping, `global_step`) is left
    out.
    """

    cuda_graph = False
    """True replays each step from a CUDA graph (`CapturedStep`)."""

    @property  # type: ignore[misc]
    def automatic_optimization(self) -> bool:
        """False: the steps are taken here."""
        return False

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The optimizer of the configuration, over all parameters."""
        optimizer = super().configure_optimizers()
        if self.cuda_graph:
            make_capturable(optimizer)
        return optimizer

    def on_train_start(self) -> None:
        """With the optimizer that Lightning has made, or read from a checkpoint."""
        optimizer: Any = self.optimizers(use_pl_optimizer=False)
        take = CapturedStep() if self.cuda_graph else take_step
        self.take_step = partial(take, self.batch_loss, optimizer)

    def training_step(self, batches: list[Batch], batch_idx: int) -> None:  # type: ignore[override]
        """One step after the other; their losses are counted together.

        Lightning's autocast does not cache weights, so each step sees those of the step before.
        """
        losses: list[Tensor] = [self.take_step(batch).expand(len(batch[1])) for batch in batches]
        self.count_losses(torch.cat(losses))
