"""The settings of the group `trainer`, each with the rule for its value."""

import math
from dataclasses import dataclass

from srcnn_lightning.errors import at_least, choose, require

ACCELERATORS = ("auto", "cpu", "gpu")
PRECISIONS = ("32-true", "16-mixed", "bf16-mixed")  # metrics and checkpoints are tested with these
PROFILERS = ("simple", "advanced")
CLIP_ALGORITHMS = ("norm", "value")


@dataclass
class TrainerConfig:
    """Device, length and arithmetic of the training (conf/trainer).

    Attributes:
        accelerator: `auto`, `cpu` or `gpu`.
        max_epochs: length of the training in epochs.
        precision: Lightning's name of the arithmetic: `32-true`, `16-mixed` or `bf16-mixed`.
        gradient_clip_val: largest norm, or largest value, of the gradient; None: not clipped.
        gradient_clip_algorithm: `norm` of all gradients together, or `value` of each.
        ema_decay: share of the weights' exponential moving average that each step keeps; None: no
            average. Validation, test and checkpoints use the average.
        accumulate_grad_batches: batches whose gradients are averaged for a step.
        limit_train_batches: training batches an epoch; None: all.
        limit_val_batches: validation batches; None: all.
        limit_test_batches: test batches; None: all.
        overfit_batches: training batches that every epoch repeats in one order; 0: all, shuffled.
        profiler: Lightning's profiler, `simple` or `advanced`; None for none.
        threads: CPU threads of one process; None: its share of the physical cores, or of a
            container's quota.
        keep_memory: whether the process keeps freed memory, to its end, instead of returning it to
            the system.
        channels_last: whether images and weights lie in memory in the order channels_last.
        accelerate: whether a CPU computes layers in forms of this program, which are faster.
        compile: whether the network is compiled by `torch.compile`.
        tf32: whether a GPU's convolutions round their inputs to 10 bits of mantissa.
        deterministic: whether torch chooses deterministic operations alone.
        devices: processes that train one run together.
        checkpoint_epochs: epochs between two checkpoints that a killed run goes on from.
        jobs_per_gpu: runs that share one GPU at a time.
    """

    accelerator: str
    max_epochs: int
    precision: str
    gradient_clip_val: float | None
    gradient_clip_algorithm: str
    ema_decay: float | None
    accumulate_grad_batches: int
    limit_train_batches: int | None
    limit_val_batches: int | None
    limit_test_batches: int | None
    overfit_batches: int
    profiler: str | None
    threads: int | None
    keep_memory: bool
    channels_last: bool
    accelerate: bool
    compile: bool
    tf32: bool
    deterministic: bool
    devices: int
    checkpoint_epochs: int
    jobs_per_gpu: int

    def __post_init__(self) -> None:
        """Refuse values that no run can use."""
        choose("trainer.accelerator", self.accelerator, ACCELERATORS)
        choose("trainer.precision", self.precision, PRECISIONS)
        choose("trainer.gradient_clip_algorithm", self.gradient_clip_algorithm, CLIP_ALGORITHMS)
        for key in (
            *("max_epochs", "devices", "checkpoint_epochs", "jobs_per_gpu"),
            "accumulate_grad_batches",
        ):
            at_least(f"trainer.{key}", getattr(self, key), 1)
        for key in ("limit_train_batches", "limit_val_batches", "limit_test_batches"):
            if getattr(self, key) is not None:
                at_least(f"trainer.{key}", getattr(self, key), 1)
        at_least("trainer.overfit_batches", self.overfit_batches, 0)
        if self.profiler is not None:
            choose("trainer.profiler", self.profiler, PROFILERS)
        clip = self.gradient_clip_val
        require(
            clip is None or 0 < clip < math.inf,
            "trainer.gradient_clip_val",
            clip,
            "it must be above 0 and finite, or null for no clipping",
        )
        require(
            self.ema_decay is None or 0 < self.ema_decay < 1,
            "trainer.ema_decay",
            self.ema_decay,
            "it must be between 0 and 1, or null for no average",
        )
        require(
            self.threads is None or 1 <= self.threads <= 1024,
            "trainer.threads",
            self.threads,
            "it must be from 1 to 1024, or null for this run's share of the cores",
        )
