"""The settings of a run as dataclasses, each with its type, its meaning and the rule for its value.

Defaults stand in conf/*.yaml alone. Hydra composes them, `read` turns the result into a `Config`
once; nothing above works on the composed configuration after that.
"""

from srcnn_lightning.config.groups import (
    DRAWN,
    GIVEN,
    KERNELS,
    DataConfig,
    DegradationConfig,
    check_scale,
)
from srcnn_lightning.config.reading import CONF, default_settings, is_declared, read
from srcnn_lightning.config.run import (
    LOSSES,
    NAMED_BY,
    SCHEDULES,
    SCHEDULES_OF_A_LENGTH,
    TENSORBOARD,
    TEST_IMAGES,
    Config,
)
from srcnn_lightning.config.sides import (
    SSIM_WINDOW,
    check_patch_size,
    check_target_side,
    smallest_side,
    ssim_needs,
)
from srcnn_lightning.config.trainer import TrainerConfig

__all__ = [
    "CONF",
    "DRAWN",
    "GIVEN",
    "KERNELS",
    "LOSSES",
    "NAMED_BY",
    "SCHEDULES",
    "SCHEDULES_OF_A_LENGTH",
    "SSIM_WINDOW",
    "TENSORBOARD",
    "TEST_IMAGES",
    "Config",
    "DataConfig",
    "DegradationConfig",
    "TrainerConfig",
    "check_patch_size",
    "check_scale",
    "check_target_side",
    "default_settings",
    "is_declared",
    "read",
    "smallest_side",
    "ssim_needs",
]
