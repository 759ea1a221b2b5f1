"""The command: finds conf/, composes a configuration with Hydra, hands it to one run.

Nothing heavy is imported here: torch and lightning come with the first run that has work to do.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import cast

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig

from srcnn_lightning import config, errors
from srcnn_lightning.naming import is_silent

PACKAGE = Path(__file__).resolve().parent
# A wheel holds conf/ inside the package, a checkout beside it.
CONF = next(path for path in (PACKAGE / "conf", PACKAGE.parent / "conf") if path.is_dir())


def job(cfg: DictConfig) -> None:
    """Run one job. Bad input ends the whole sweep at once, before the jobs after it train."""
    from srcnn_lightning.run import run

    try:
        run(cfg, cast(DictConfig, HydraConfig.get()))
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        # SystemExit passes through Hydra, which would hold an exception back to the sweep's end.
        errors.leave(sentence, errors.BAD_INPUT)


def main() -> None:
    """Entry point of `srcnn-lightning` and `python -m srcnn_lightning`."""
    errors.leave_on_signals()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises; without it, it would print and exit
    config.register()
    sys.path.append(str(Path.cwd()))  # a network of one's own, mine.py, may lie here
    sys.argv[1:] = _options_first(sys.argv[1:])
    sys.argv += _names_of_swept(sys.argv[1:])
    command = hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(job)
    try:
        command()
    except BrokenPipeError:  # `... --help | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(errors.FAILED)
    except errors.RunFailed:
        errors.leave("A run failed; its folder holds the traceback.", errors.FAILED)
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None and isinstance(error, OSError):
            sentence = errors.file_sentence(error)
        if sentence is None:
            raise
        errors.leave(sentence, errors.BAD_INPUT)


def _options_first(arguments: list[str]) -> list[str]:
    """Hydra 1.3.8 does not parse overrides on both sides of an option."""
    with_value = [
        "--config-dir",
        "-cd",
        "--config-name",
        "-cn",
        "--config-path",
        "-cp",
        "--cfg",
        "-c",
        "--package",
        "-p",
    ]
    options, overrides, rest = [], [], iter(arguments)
    for argument in rest:
        if argument.startswith("-"):
            options += [argument, *([next(rest, "")] if argument in with_value else [])]
        else:
            overrides.append(argument)
    return options + overrides


def _names_of_swept(arguments: list[str]) -> list[str]:
    """An override that puts swept settings into names that would leave them out."""
    keys = []
    parser = OverridesParser.create()
    for argument in arguments:
        key = argument.partition("=")[0]
        if "," in argument and is_silent(key) and not argument.startswith("name_keys"):
            with suppress(HydraException):  # Hydra itself will say what is wrong
                if parser.parse_override(argument).is_sweep_override():
                    keys.append(key)
    own = [key for key in keys if "." in key]
    return [f"name_keys=[{','.join(own)}]"] if own else []


def _sentence(error: Exception) -> str | None:
    """For what the user can put right; None for anything else."""
    if isinstance(error, errors.BadInput):
        return str(error)
    return errors.configuration_sentence(error)


if __name__ == "__main__":
    main()
