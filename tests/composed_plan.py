"""The plan of a run, composed as the command composes it."""

from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import open_dict

from srcnn_lightning.cli.hydra_setup import register
from srcnn_lightning.cli.train import plan_job
from srcnn_lightning.config import CONF
from srcnn_lightning.runs.plan import Plan


def compose_plan(output_dir: Path, *overrides: str) -> Plan:
    """The plan of the command with these overrides, by default on drawn images."""
    register()
    common = ["data=dead_leaves", "trainer=cpu", f"data.cache_dir='{output_dir}/cache'"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        composed = compose(
            "config",
            [*common, f"output_dir='{output_dir}'", *overrides],
            return_hydra_config=True,
        )
    HydraConfig.instance().set_config(composed)  # for settings that name ${hydra:...}
    hydra_config = composed.hydra
    with open_dict(composed):
        del composed["hydra"]
    return plan_job(composed, hydra_config)
