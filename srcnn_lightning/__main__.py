"""The command: finds conf/, composes a configuration with Hydra, hands it to one run.

Nothing heavy is imported here: torch and lightning come with the first run that has work to do.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from srcnn_lightning import config, errors

PACKAGE = Path(__file__).resolve().parent
# A wheel holds conf/ inside the package, a checkout beside it.
CONF = next(path for path in (PACKAGE / "conf", PACKAGE.parent / "conf") if path.is_dir())


def job(cfg: DictConfig) -> None:
    """Run one job. Bad input ends the whole sweep at once, before other jobs train in vain."""
    from srcnn_lightning.run import run

    try:
        run(cfg, HydraConfig.get())
    except errors.BadInput as error:
        if _wants_traceback():
            raise
        # SystemExit passes through Hydra, which would hold an exception back to the sweep's end.
        _leave(str(error), errors.BAD_INPUT)


def main() -> None:
    """Entry point of `srcnn-lightning` and `python -m srcnn_lightning`."""
    for number, word in ((signal.SIGINT, "Interrupted"), (signal.SIGTERM, "Terminated")):
        signal.signal(number, _stop(word))
    os.environ.setdefault("SRCNN_LIGHTNING_TRACEBACK", os.environ.get("HYDRA_FULL_ERROR", "0"))
    os.environ["HYDRA_FULL_ERROR"] = "1"  # so that Hydra raises here instead of printing and exiting
    config.register()
    command = hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(job)
    try:
        command()
    except errors.RunFailed:
        if _wants_traceback():
            raise
        _leave("A run failed; its folder holds the traceback.", errors.FAILED)
    except OSError as error:
        if _wants_traceback():
            raise
        _leave(f"{error.filename or 'A file'}: {error.strerror or error}.", errors.BAD_INPUT)
    except Exception as error:
        sentence = errors.configuration_sentence(error)
        if _wants_traceback() or (sentence is None and not isinstance(error, errors.BadInput)):
            raise
        _leave(sentence or str(error), errors.BAD_INPUT)


def _wants_traceback() -> bool:
    return os.environ.get("SRCNN_LIGHTNING_TRACEBACK") == "1"


def _leave(sentence: str, status: int) -> None:
    print(sentence, file=sys.stderr, flush=True)
    sys.exit(status)


def _stop(word: str):  # type: ignore[no-untyped-def]
    def handler(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not break the way out
        _leave(f"{word}; finished runs are kept.", 128 + number)

    return handler


if __name__ == "__main__":
    main()
