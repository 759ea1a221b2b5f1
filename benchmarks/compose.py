"""A run, composed as the command composes it, for the other files here."""

import tempfile
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import open_dict

from srcnn_lightning import config
from srcnn_lightning.__main__ import CONF
from srcnn_lightning.request import Request, make_request

CACHE = Path(tempfile.gettempdir()) / "srcnn_lightning_bench"


def request(output_dir: Path, *overrides: str) -> Request:
    """What the command would be asked with these overrides, on images drawn once."""
    config.register()
    common = ["data=dead_leaves", "trainer=cpu", f"data.cache_dir={CACHE}"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(
            "config",
            [*common, f"output_dir='{output_dir}'", *overrides],
            return_hydra_config=True,
        )
    hydra = cfg.hydra
    with open_dict(cfg):
        del cfg["hydra"]
    return make_request(cfg, hydra)
