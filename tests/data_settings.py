"""Settings of data and degradation for tests that need no configuration file."""

from srcnn_lightning.config import DataConfig, DegradationConfig

ALIASED = DegradationConfig(name="aliased", kernel="bicubic", antialias=False, scale=2)
ANTIALIASED = DegradationConfig(name="antialiased", kernel="bicubic", antialias=True, scale=2)


def data_settings(**changed) -> DataConfig:
    """Ten small drawn images, with changes."""
    settings = {
        "name": None,
        "kind": "dead_leaves",
        "root": None,
        "hr_root": None,
        "lr_root": None,
        "subset": None,
        "url": None,
        "count": 10,
        "split": [0.6, 0.2, 0.2],
        "split_file": None,
        "crop": 16,
        "target_size": 8,
        "patch_size": None,
        "augment": False,
        "steps_per_epoch": None,
        "batch_size": 4,
        "eval_batch_size": 2,
        "seed": 0,
        "on_device": True,
        "cache_dir": "cache",
    }
    return DataConfig(**{**settings, **changed})
