"""A run, composed as the command composes it."""

from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import open_dict

from benchmarks.options import CACHE
from srcnn_lightning.cli import hydra_setup
from srcnn_lightning.runs.plan import Plan, make_plan


def request(output_dir: Path, *overrides: str) -> Plan:
    """What the command would be asked with these overrides, by default on drawn images."""
    hydra_setup.register()
    common = ["data=dead_leaves", "trainer=cpu", f"data.cache_dir={CACHE}"]
    with initialize_config_dir(str(hydra_setup.CONF), version_base="1.3"):
        cfg = compose(
            "config",
            [*common, f"output_dir='{output_dir}'", *overrides],
            return_hydra_config=True,
        )
    hydra = cfg.hydra
    with open_dict(cfg):
        del cfg["hydra"]
    return make_plan(cfg, hydra)
