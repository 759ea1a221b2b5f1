"""What a run imports. A process that begins as a copy of one that has it spares four seconds."""

import lightning.pytorch
import matplotlib.pyplot
import torch
import torchmetrics
from torch.utils.tensorboard import SummaryWriter

from srcnn_lightning import fitting, run, table

__all__ = ["SummaryWriter", "fitting", "lightning", "matplotlib", "run", "table", "torch"]
__all__ += ["torchmetrics"]
