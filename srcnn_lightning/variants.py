"""An ablation's row must be what its name says: no override may touch what a variant sets."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from srcnn_lightning.errors import BadInput


def check_variant(cfg: DictConfig, hydra: DictConfig) -> None:
    """Compare the composed configuration with what its variant's file sets.

    Raises:
        BadInput: a value differs, so the row would lie about itself.
    """
    choice = hydra.runtime.choices.get("variant")
    if not choice:
        return
    roots = [Path(source.path) for source in hydra.runtime.config_sources if source.schema == "file"]
    for key, value in _settings(str(choice), roots).items():
        actual = OmegaConf.select(cfg, key)
        if actual != value:
            raise BadInput(
                f"{key}={actual}: variant={choice} sets it to {value}, and its row must be what "
                "its name says; leave the override out, or run without a variant."
            )
    for group in ("model",):
        _check_group(str(choice), group, hydra, roots)


def _check_group(choice: str, group: str, hydra: DictConfig, roots: list[Path]) -> None:
    for default in _files(choice, roots, "defaults"):
        wanted = default.get(f"override /{group}") if isinstance(default, dict) else None
        actual = hydra.runtime.choices.get(group)
        if wanted and wanted != actual:
            raise BadInput(
                f"{group}={actual}: variant={choice} is a row about {group}={wanted}; "
                "leave the override out, or run without a variant."
            )


def _settings(choice: str, roots: list[Path]) -> dict[str, Any]:
    """The leaves of a variant's file and of those it builds on, `model.init: default`."""
    leaves: dict[str, Any] = {}
    for content in _contents(choice, roots):
        body = {key: value for key, value in content.items() if key != "defaults"}
        leaves |= _flatten(body)
    return leaves


def _files(choice: str, roots: list[Path], key: str) -> list[Any]:
    return [item for content in _contents(choice, roots) for item in content.get(key, [])]


def _contents(choice: str, roots: list[Path]) -> list[dict[str, Any]]:
    """The variant's file after those it names in its defaults list."""
    paths = [root / "variant" / f"{choice}.yaml" for root in roots]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        return []
    content: Any = OmegaConf.to_container(OmegaConf.load(path))
    parents = [item for item in content.get("defaults", []) if isinstance(item, str)]
    below = [entry for parent in parents if parent != "_self_" for entry in _contents(parent, roots)]
    return [*below, content]


def _flatten(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        leaves |= _flatten(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return leaves
