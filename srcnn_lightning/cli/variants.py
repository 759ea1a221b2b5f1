"""Variants: rows of an ablation, whose settings no override may change."""

from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from srcnn_lightning.errors import BadInput, shown


def check_variant(cfg: DictConfig, hydra: DictConfig) -> None:
    """Refuse an override of a setting that the variant sets: a row must be what its name says.

    Args:
        cfg: composed configuration.
        hydra: Hydra's part of the configuration, which knows where conf/variant/*.yaml lie.

    Raises:
        BadInput: a value differs from the one in the variant's file.
    """
    variant = hydra.runtime.choices.get("variant")
    if not variant:
        return
    sources = hydra.runtime.config_sources
    roots = tuple(Path(source.path) for source in sources if source.schema == "file")
    for key, wanted in _variant_settings(str(variant), roots).items():
        choices = hydra.runtime.choices
        actual = choices[key] if key in choices else OmegaConf.select(cfg, key)
        if actual != wanted:
            raise BadInput(
                f"{key}={shown(actual)}: variant={variant} sets {key}={shown(wanted)}, and its row "
                "must be what its name says; leave this override out, or run without a variant."
            )


@cache  # a sweep asks twice for each job
def _variant_settings(variant: str, roots: tuple[Path, ...]) -> dict[str, Any]:
    """Settings of a variant's file and those it builds on: `model.init: default` and the like."""
    path = next(path for root in roots if (path := root / f"variant/{variant}.yaml").is_file())
    content: Any = OmegaConf.to_container(OmegaConf.load(path))
    settings: dict[str, Any] = {}
    for default in content.pop("defaults", []):
        if isinstance(default, dict):  # {"override /model": "srcnn"}
            settings |= {key.removeprefix("override /"): item for key, item in default.items()}
        elif default != "_self_":
            settings |= _variant_settings(default, roots)
    return settings | _flatten(content)


def _flatten(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        leaves |= _flatten(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return leaves
