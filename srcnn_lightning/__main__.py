"""The command: finds conf/, composes a configuration with Hydra, hands it to one run.

Nothing heavy is imported here: torch and lightning come with the first run that has work to do.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

import hydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from srcnn_lightning import config, errors
from srcnn_lightning.job import job
from srcnn_lightning.naming import is_silent
from srcnn_lightning.sweeps import launchers
from srcnn_lightning.sweeps.sweep import Sweep

PACKAGE = Path(__file__).resolve().parent
# A wheel holds conf/ inside the package, a checkout beside it.
CONF = next(path for path in (PACKAGE / "conf", PACKAGE.parent / "conf") if path.is_dir())


@errors.leaving_on_signals()
def main() -> None:
    """Entry point of `srcnn-lightning` and `python -m srcnn_lightning`."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises; without it, it would print and exit
    config.register()
    sys.path.append(str(Path.cwd()))  # a network of one's own, mine.py, may lie here
    sys.argv[1:] = _options_first(sys.argv[1:])
    sys.argv += _names_of_swept(sys.argv[1:])
    command = hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(job)
    try:
        try:
            command()
        except Exception as error:
            launchers.wait_for_others(error)
            raise
        finally:
            sweep = Sweep.current()
            refusal = sweep.refusal if sweep else None
            failed = sweep.end() if sweep else False
            if refusal is not None:
                errors.leave(refusal, errors.BAD_INPUT)
    except BrokenPipeError:  # `... --help | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(errors.FAILED)
    except Exception as error:
        errors.leave_if_signalled()
        death = launchers.death_sentence(error)
        if death is not None:
            errors.leave(death, errors.FAILED)
        sentence = errors.sentence(error)
        if sentence is None and (cause := errors.disk_error(error)):
            sentence = errors.folder_sentence(str(cause.filename), cause)  # Hydra's own files
        if sentence is None:
            raise
        errors.leave(sentence, errors.BAD_INPUT)
    if failed:
        errors.leave("A run failed; its folder holds the traceback.", errors.FAILED)


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


if __name__ == "__main__":
    main()
