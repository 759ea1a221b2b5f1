"""The settings of a run as dataclasses, each with its type, its meaning and the rule for its value.

Defaults stand in conf/*.yaml alone. Hydra composes them, `read` turns the result into a `Config`
once; nothing above works on the composed configuration after that.
"""

from srcnn_lightning.config.groups import (
    KERNELS,
    DataConfig,
    DegradationConfig,
    TrainerConfig,
)
from srcnn_lightning.config.reading import CONF, default_settings, read
from srcnn_lightning.config.run import (
    LOSSES,
    SCHEDULES,
    SCHEDULES_OF_A_LENGTH,
    SSIM_WINDOW,
    TEST_IMAGES,
    Config,
)

__all__ = [
    "CONF",
    "KERNELS",
    "LOSSES",
    "SCHEDULES",
    "SCHEDULES_OF_A_LENGTH",
    "SSIM_WINDOW",
    "TEST_IMAGES",
    "Config",
    "DataConfig",
    "DegradationConfig",
    "TrainerConfig",
    "default_settings",
    "read",
]
