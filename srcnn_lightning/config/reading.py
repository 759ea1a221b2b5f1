"""From the configuration that Hydra has composed to a `Config`, once."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from srcnn_lightning.config.groups import TYPED_GROUPS
from srcnn_lightning.config.run import Config
from srcnn_lightning.errors import BadInput, shown

PACKAGE = Path(__file__).resolve().parents[1]
# A wheel holds conf/ inside the package, a checkout beside it.
CONF = next(path for path in (PACKAGE / "conf", PACKAGE.parent / "conf") if path.is_dir())


def default_settings(group: str) -> dict[str, Any]:
    """The defaults that conf/config.yaml has for a group of settings, as plain values."""
    defaults: Any = OmegaConf.to_container(OmegaConf.load(CONF / "config.yaml"))
    settings: dict[str, Any] = defaults[group]
    return settings


def read(composed: DictConfig) -> Config:
    """The configuration that Hydra has composed, typed and checked.

    Raises:
        BadInput: a key that no field declares, or a value that no run can use.
        OmegaConfBaseException: a value of the wrong type, or a missing one.
    """
    _refuse_undeclared(composed, Config)
    for field in fields(Config):
        if field.name not in composed:
            raise BadInput(f"~{field.name}: every run needs this setting; leave it in.")
    for key in composed.name_keys or ():
        if not _has(composed, str(key)):
            raise BadInput(f"name_keys={key}: there is no such setting; --help lists them.")
    values: dict[str, Any] = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)  # type: ignore[assignment]
    typed = {name: kind(**values[name]) for name, kind in TYPED_GROUPS.items()}
    return Config(**{**values, **typed})


def is_declared(key: str) -> bool:
    """Whether every run has this setting, as `data.count` and `seed`."""
    group, _, name = key.rpartition(".")
    kind = TYPED_GROUPS.get(group) if group else Config
    return kind is not None and name in {field.name for field in fields(kind)}


def _refuse_undeclared(node: DictConfig, kind: type, prefix: str = "") -> None:
    """Hydra adds a key with `+` even where the dataclass has no such field."""
    declared = {field.name: field.type for field in fields(kind)}
    for key in node:
        if str(key) not in declared:
            where = prefix.rstrip(".") or "the configuration"
            raise BadInput(
                f"{prefix}{key!s}={_shown(node, key)}: there is no such setting; "
                f"{where} has {', '.join(declared) or 'none'}."
            )
        child = declared[str(key)]
        if isinstance(child, type) and is_dataclass(child):
            _refuse_undeclared(node[key], child, f"{prefix}{key!s}.")


def _has(node: DictConfig, key: str) -> bool:
    parent, _, name = key.rpartition(".")
    group = OmegaConf.select(node, parent) if parent else node
    return isinstance(group, DictConfig) and name in group


def _shown(node: DictConfig, key: Any) -> str:
    return "???" if OmegaConf.is_missing(node, key) else shown(node[key])
