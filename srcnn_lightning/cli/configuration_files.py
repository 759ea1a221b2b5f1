"""Configuration files as Hydra reads them: one sentence, with the file, for each that is broken."""

from pathlib import Path

from hydra._internal.config_repository import ConfigRepository
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig
from yaml import MarkedYAMLError, YAMLError

from srcnn_lightning.config import NAMED_BY
from srcnn_lightning.errors import BadInput, one_line

_load = ConfigRepository.load_config


def check_files() -> None:
    """Refuse broken files from here on: not all of Hydra's own errors name the file."""
    ConfigRepository.load_config = _load_checked  # type: ignore[method-assign,assignment]


def _load_checked(repository: ConfigRepository, config_path: str) -> ConfigResult | None:
    source = repository._find_object_source(config_path, ObjectType.CONFIG)
    path = Path(source.path if source else "", f"{config_path}.yaml")
    try:
        loaded = _load(repository, config_path)
    except MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else "it"
        raise BadInput(f"{path}: {line} cannot be read ({error.problem}); correct it.") from error
    except (YAMLError, OSError, ValueError) as error:  # bytes that are no UTF-8; a wrong `defaults`
        raise BadInput(f"{path}: it cannot be read ({one_line(error)}); correct it.") from error
    if loaded is None or not source or source.scheme() != "file":
        return loaded
    if not isinstance(loaded.config, DictConfig):
        raise BadInput(f"{path}: it holds no settings; write each as key: value.")
    names = NAMED_BY.get(Path(config_path).parent.as_posix(), ())
    is_elsewhere = loaded.header.get("package") or loaded.defaults_list
    if names and not is_elsewhere and not loaded.config.keys() & names:
        raise BadInput(f"{path}: it lacks {' or '.join(names)}, which says what it stands for.")
    return loaded
