"""How the program ends: its exit statuses, and one sentence for every bad input."""

from typing import Any

FAILED = 1
BAD_INPUT = 2
# 130 (interrupted) and 143 (terminated) are 128 + the signal's number.


class BadInput(ValueError):  # noqa: N818 - it says what it is
    """Something the user can put right; the text names the setting, its value and what would be right."""


class RunFailed(RuntimeError):  # noqa: N818
    """A run ended by an exception of its own; its record and traceback lie in the run's folder."""


def configuration_sentence(error: Exception) -> str | None:
    """What Hydra or OmegaConf complains of, in one sentence; None if it is another kind of error."""
    from hydra.errors import HydraException, MissingConfigException
    from omegaconf.errors import OmegaConfBaseException

    if isinstance(error, MissingConfigException):
        group, _, option = (error.missing_cfg_file or "").rpartition("/")
        known = ", ".join(error.options or [])
        return f"{group or 'config'}={option}: there is no such option; choose one of {known}."
    if isinstance(error, OmegaConfBaseException):
        return _value_sentence(error, "")
    if isinstance(error, HydraException):
        # "Error merging override optimizer.lr=abc", "Could not override 'optimizer.lrr'. ..."
        override = str(error).splitlines()[0].removeprefix("Error merging override ")
        if isinstance(error.__cause__, OmegaConfBaseException):
            return _value_sentence(error.__cause__, override)
        if override.startswith("Could not override"):
            key = override.split("'")[1]
            return f"{key}: there is no such setting or group; --help lists them."
        return f"The command line could not be read: {override.rstrip('.')}."
    return None


def _value_sentence(error: Any, override: str) -> str:
    """One sentence for a value or key that the typed configuration does not take."""
    from omegaconf.errors import ConfigKeyError, MissingMandatoryValue

    key = error.full_key or "configuration"
    reason = str(error.msg or error).splitlines()[0].rstrip(".")
    given = override if "=" in override else key
    if isinstance(error, MissingMandatoryValue):
        return f"{key}: this setting has no default; give it as {key}=VALUE."
    if isinstance(error, ConfigKeyError) or " not in " in reason or "is not in struct" in reason:
        parent = error.parent_node
        known = ", ".join(str(name) for name in parent) if parent is not None else ""
        parent_key = key.rpartition(".")[0] or "the configuration"
        return f"{key}: there is no such setting; {parent_key} has {known}."
    wanted = getattr(error, "ref_type", None) or getattr(error, "object_type", None)
    hint = f" (a {wanted.__name__} is wanted)" if isinstance(wanted, type) else ""
    return f"{given}: {reason}{hint}." if given.startswith(key) else f"{key}: {reason}{hint}."
