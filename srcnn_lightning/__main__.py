"""The command: finds conf/, composes a configuration with Hydra, hands it to one run.

Nothing heavy is imported here: torch and lightning come with the first run that has work to do.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import cast

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from srcnn_lightning import config, errors

PACKAGE = Path(__file__).resolve().parent
WANTS_TRACEBACK = os.environ.get("HYDRA_FULL_ERROR") == "1"
# A wheel holds conf/ inside the package, a checkout beside it.
CONF = next(path for path in (PACKAGE / "conf", PACKAGE.parent / "conf") if path.is_dir())


def job(cfg: DictConfig) -> None:
    """Run one job. Bad input ends the whole sweep at once, before other jobs train in vain."""
    from srcnn_lightning.run import run

    try:
        run(cfg, cast(DictConfig, HydraConfig.get()))
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        # SystemExit passes through Hydra, which would hold an exception back to the sweep's end.
        _leave(sentence, errors.BAD_INPUT)


def main() -> None:
    """Entry point of `srcnn-lightning` and `python -m srcnn_lightning`."""
    for number, word in ((signal.SIGINT, "Interrupted"), (signal.SIGTERM, "Terminated")):
        signal.signal(number, _stop(word))
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises; without it, it would print and exit
    config.register()
    # Hydra 1.3.8 does not parse overrides on both sides of -m.
    sys.argv[1:] = sorted(sys.argv[1:], key=lambda argument: argument in ("-m", "--multirun"))
    command = hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(job)
    try:
        command()
    except errors.RunFailed:
        _leave("A run failed; its folder holds the traceback.", errors.FAILED)
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None and isinstance(error, OSError):
            sentence = errors.file_sentence(error)
        if sentence is None:
            raise
        _leave(sentence, errors.BAD_INPUT)


def _sentence(error: Exception) -> str | None:
    """For what the user can put right; None for anything else."""
    if isinstance(error, errors.BadInput):
        return str(error)
    return errors.configuration_sentence(error)


def _leave(sentence: str, status: int) -> None:
    if WANTS_TRACEBACK and sys.exception():
        traceback.print_exc()
    print(sentence, file=sys.stderr, flush=True)
    sys.exit(status)


def _stop(word: str) -> Callable[[int, FrameType | None], None]:
    def handler(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not break the way out
        _leave(f"{word}; finished runs are kept.", 128 + number)

    return handler


if __name__ == "__main__":
    main()
