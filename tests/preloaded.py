"""What a process has done whose copies run the commands of the tests: imports alone."""

import gc

import matplotlib.pyplot  # noqa: F401
import torch.utils.tensorboard.summary  # noqa: F401
from hydra.core.plugins import Plugins

import srcnn_lightning.cli.train
import srcnn_lightning.runs.run
import srcnn_lightning.training.fit  # noqa: F401

Plugins.instance()
# A copy that collects garbage would write to all of this memory, and so copy it.
gc.collect()
gc.freeze()
