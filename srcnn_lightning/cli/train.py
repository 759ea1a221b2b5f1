"""Training: Hydra composes a configuration for each job, and each job is one run.

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

from srcnn_lightning import errors
from srcnn_lightning.cli import hydra_setup
from srcnn_lightning.cli.configuration_errors import bad_input_message
from srcnn_lightning.runs.naming import is_silent
from srcnn_lightning.sweeps import launchers
from srcnn_lightning.sweeps.sweep import Place, Sweep

hydra_setup.register()  # a launcher's worker imports this module without calling main()


def main() -> None:
    """Compose the jobs of the command line and run them."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises; without it, it would print and exit
    sys.path.append(str(Path.cwd()))  # a network of one's own, mine.py, may lie here
    sys.argv[1:] = _options_first(sys.argv[1:])
    sys.argv += _names_of_swept(sys.argv[1:])
    command = hydra.main(
        version_base="1.3", config_path=str(hydra_setup.CONF), config_name="config"
    )(run_job)
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
                errors.exit_with_message(refusal, errors.BAD_INPUT)
    except BrokenPipeError:  # `... --help | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(errors.FAILED)
    except Exception as error:
        errors.exit_if_signalled()
        death = launchers.worker_death_message(error)
        if death is not None:
            errors.exit_with_message(death, errors.FAILED)
        sentence = bad_input_message(error)
        if sentence is None and (cause := errors.disk_error(error)):
            sentence = errors.output_dir_message(str(cause.filename), cause)  # Hydra's own files
        if sentence is None:
            raise
        errors.exit_with_message(sentence, errors.BAD_INPUT)
    if failed:
        errors.exit_with_message("A run failed; its folder holds the traceback.", errors.FAILED)


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


def run_job(cfg: DictConfig) -> float | None:
    """Run one job.

    Returns:
        Its best val PSNR in dB, for sweepers that search; 0 where it diverged or failed.
    """
    from srcnn_lightning.runs.run import run

    settings = cast(DictConfig, HydraConfig.get())
    sweep = Sweep.current()
    is_worker = sweep is not None and not sweep.is_led_here
    if sweep is not None and is_worker:
        launchers.become_worker(sweep, settings.launcher)
        if sweep.refusal is not None:
            sys.exit(errors.BAD_INPUT)
    place = Place(sweep, int(settings.job.num)) if sweep else None
    try:
        outcome = run(cfg, settings, place)
    except Exception as error:
        errors.exit_if_signalled()
        sentence = bad_input_message(error)
        if sentence is None:
            raise
        if sweep is not None and is_worker:
            sweep.refuse(sentence)
            sys.exit(errors.BAD_INPUT)
        # Bad input ends the whole sweep at once, before the jobs after it train. SystemExit passes
        # through Hydra, which would hold an exception back to the sweep's end.
        errors.exit_with_message(sentence, errors.BAD_INPUT)
    if sweep is None or place is None:
        if outcome.status == "failed":
            errors.exit_with_message(
                "The run failed; its folder holds the traceback.", errors.FAILED
            )
        return outcome.val_psnr
    sweep.add(place.number, outcome)
    return outcome.val_psnr or 0.0
