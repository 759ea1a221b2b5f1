"""The command line of a training, before Hydra reads it: checks, and what Hydra leaves out."""

import re
from argparse import Namespace
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from srcnn_lightning.errors import BadInput
from srcnn_lightning.runs.naming import is_silent


def prepare(arguments: list[str]) -> list[str]:
    """The arguments as Hydra is to read them.

    Args:
        arguments: arguments as the shell gives them, without the program's name.

    Raises:
        BadInput: an option, or an argument that is no override.
    """
    parser = get_args_parser()
    parser.error = _refuse_option  # type: ignore[method-assign]
    given = parser.parse_intermixed_args(arguments)
    _check_options(given)
    overrides: list[str] = given.overrides
    options = list(arguments)  # first, since Hydra 1.3.8 refuses overrides on both sides of one
    for override in overrides:
        options.remove(override)
    # Shells expand `~/x`, but not `key=~/x`, which Hydra's grammar does not know.
    tilde, home = re.compile(r"(?<=[=,\[])~(?=[/,\]]|$)"), str(Path.home())
    overrides = [tilde.sub(lambda _: home, override) for override in overrides]
    for override in overrides:
        _check_override(override)
    return options + _set_in_every_option(overrides) + _names_of_swept(overrides)


def _check_options(given: Namespace) -> None:
    if given.resolve and not given.cfg:
        raise BadInput("--resolve: it belongs to --cfg; give --cfg job --resolve.")
    if given.multirun and (given.cfg or given.info):
        option = "--cfg" if given.cfg else "--info"
        raise BadInput(f"{option}: it shows one run; leave -m out.")
    if given.config_path:
        raise BadInput(
            f"--config-path={given.config_path}: the program has its own conf/; "
            "--config-dir=DIR adds a folder of yours to it."
        )
    if given.config_dir and not Path(given.config_dir).is_dir():
        raise BadInput(f"--config-dir={given.config_dir}: there is no such folder.")


def _refuse_option(message: str) -> NoReturn:
    raise BadInput(f"{message}; --help and --hydra-help list what there is.")


def _check_override(override: str) -> None:
    key = override.partition("=")[0]
    if not key:
        raise BadInput(f"{override}: the name of a setting is missing; give key=value.")
    if key == override and key[0] != "~":
        raise BadInput(
            f"{override}: it is no setting; give key=value, and a verb as the first argument."
        )
    if key.lstrip("+") != "experiment":
        return
    with suppress(HydraException):
        parsed = OverridesParser.create().parse_override(override)
        if parsed.is_sweep_override() or isinstance(parsed.value(), list):
            # Hydra reads an experiment's sweep before it expands the command line's.
            raise BadInput(
                f"{override}: a sweep takes one experiment, whose file says what is swept; "
                "give one command for each."
            )


def _set_in_every_option(overrides: list[str]) -> list[str]:
    """The overrides, where `++` marks settings of a group that is swept itself.

    Hydra composes a sweep once without what is swept, and would look for the settings in the
    default option. Each job checks whether its own option has them.
    """
    swept = tuple(f"{key}." for key, parsed in _parsed(overrides) if parsed.is_sweep_override())
    return [f"++{one}" if swept and one.startswith(swept) else one for one in overrides]


def _names_of_swept(overrides: list[str]) -> list[str]:
    """The override that shows swept settings in names that would leave them out."""
    swept: list[str] = []
    asked_for: list[str] = []
    for key, parsed in _parsed(overrides):
        value = parsed.value()
        if key == "name_keys" and isinstance(value, list):
            asked_for = [str(name) for name in value]
        elif parsed.is_sweep_override() and is_silent(key) and "." in key:
            swept.append(key)
    return [f"name_keys=[{','.join(asked_for + swept)}]"] if swept else []


def _parsed(overrides: list[str]) -> Iterator[tuple[str, Override]]:
    """Each override that Hydra can read, behind its key; Hydra itself says what is wrong."""
    for override in overrides:
        with suppress(HydraException):
            yield override.partition("=")[0], OverridesParser.create().parse_override(override)
