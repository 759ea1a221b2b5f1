"""One sentence for each error of Hydra and OmegaConf."""

import re
import sys
from typing import Any

from hydra.errors import HydraException, MissingConfigException
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from srcnn_lightning.config import is_declared
from srcnn_lightning.errors import BadInput, one_line

# OmegaConf's names of the types of settings, and what a value of each must be.
VALUE_TYPES = {
    "Float": "a number",
    "Integer": "a whole number",
    "ListConfig": "a list, as in [1,2]",
    "DictConfig": "a group of settings",
}
# Hydra's two sentences for a group that is added although the defaults list has it.
CHOSEN_TWICE = re.compile(r"Multiple values for (\w+)\.|(\w+) appears more than once")
OPTIONAL_GROUPS = ("experiment", "variant")  # the defaults list leaves them out


def bad_input_message(error: Exception) -> str | None:
    """The sentence for an error that the user can put right; None for any other error."""
    if isinstance(error, BadInput):
        return str(error)
    if isinstance(error, MissingConfigException):
        group, _, option = (error.missing_cfg_file or "").rpartition("/")
        options = ", ".join(error.options or [])
        advice = f"choose one of {options}" if options else "--help lists what there is"
        return f"{group or '--config-name'}={option}: there is no such option; {advice}."
    if isinstance(error, OmegaConfBaseException):
        return _value_message(error)
    if isinstance(error, HydraException):
        return _override_message(error)
    if isinstance(error, ValueError) and str(error).startswith("Config group override"):
        groups = [word for word in sys.argv if word.endswith("=null") and "." not in word]
        return f"{' '.join(groups)}: a group cannot be null; --help lists its options."
    return None


def _override_message(error: HydraException) -> str:
    """The sentence for an override that Hydra cannot read or apply."""
    # "Error merging override optimizer.lr=abc", "Could not override 'optimizer.lrr'. ..."
    message = one_line(error)
    cause = error.__cause__ or error.__context__
    if isinstance(cause, OmegaConfBaseException):
        override = str(error).partition("\n")[0].removeprefix("Error merging override ")
        return _value_message(cause, override)
    if message.startswith("Could not override"):
        key = message.split("'")[1]
        if key in OPTIONAL_GROUPS:
            return f"{key}: write it with a plus, +{key}=..., since no run needs one."
        return f"{key}: there is no such setting or group; --help lists them."
    if message.startswith("Could not delete from config"):
        key = message.split("'")[1]
        if is_declared(key):  # its value is null, which Hydra takes for none
            return f"~{key}: every run needs this setting; leave it in."
        return f"~{key}: there is no such setting or group; --help lists them."
    chosen_twice = CHOSEN_TWICE.match(message)
    if chosen_twice:
        group = chosen_twice[1] or chosen_twice[2]
        if any(word.startswith(f"+{group}=") for word in sys.argv):
            return f"+{group}: every run has this group; write it without the plus, {group}=NAME."
        advice = f"write `override /{group}: NAME` in the defaults list of your file"
        return f"{group}: a file chooses this group a second time; {advice}."
    if message.startswith(("Ambiguous value for argument", "Sweep parameters")):
        argument = message.split("'")[1]
        return f"{argument}: several values need -m, which runs one job for each."
    message = message.partition(" See https://hydra.cc")[0].rstrip(".")
    return (
        f"The command line cannot be understood: {message}; a value with special characters "
        "needs quotes of its own within the shell's, \"data.root='a,b'\"."
    )


def _value_message(error: Any, override: str = "") -> str:
    """The sentence for a value or a key that the typed configuration refuses.

    Args:
        error: OmegaConf's exception.
        override: argument of the command line that brought the value, `optimizer.lr=abc`.
    """
    key = error.full_key or "configuration"
    reason = str(error.msg or error).splitlines()[0].rstrip(".")
    if isinstance(error, MissingMandatoryValue):
        deleted = [word for word in sys.argv if word.startswith("~")]
        for name in (word[1:].partition("=")[0] for word in deleted):
            if f"{key}.".startswith(f"{name}."):
                return f"~{name}: every run needs this setting; leave it in."
        return f"{key}: this setting has no default; give it as {key}=VALUE."
    if "does not support deletion" in reason:
        return f"~{key}: every run needs this setting; leave it in."
    if key == "model._target_":
        advice = "a class of your own is model=custom model._target_=package.Class"
        return f"{key}: model=NAME chooses a registered network; {advice}."
    if " not in " in reason or "is not in struct" in reason:
        node = error.parent_node or {}
        keys = ", ".join(str(name) for name in node if name != "hydra")
        parent = key.rpartition(".")[0] or "the configuration"
        option = f"={node['name']}" if parent != "the configuration" and node.get("name") else ""
        return f"{key}: there is no such setting; {parent}{option} has {keys or 'none'}."
    setting = override if override.startswith(f"{key}=") else key
    if "is not Optional" in reason:
        return f"{setting}: it must not be null."
    if "is not a ListConfig" in reason:
        return f"{setting}: it must be {VALUE_TYPES['ListConfig']}."
    if "is not a valid bool" in reason:
        return f"{setting}: it must be true or false."
    value_type = VALUE_TYPES.get(reason.rpartition("could not be converted to ")[2])
    return f"{setting}: it must be {value_type}." if value_type else f"{setting}: {reason}."
