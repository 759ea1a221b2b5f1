"""The command: a verb that reads what runs have left, or without a verb a training by Hydra."""

import os
import sys
from importlib import import_module

from srcnn_lightning import errors
from srcnn_lightning.cli import VERBS


@errors.exiting_on_signals()
def main() -> None:
    """Entry point of `srcnn-lightning` and `python -m srcnn_lightning`."""
    # OpenMP's threads would spin while they wait for one another, and on a busy machine for a
    # thread that another program keeps from running (docs/speed.md). torch reads this on import.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    if verb in VERBS:
        with errors.unwritable_output():
            import_module(f"srcnn_lightning.cli.{verb}").main(sys.argv[2:])
    elif verb and "=" not in verb and verb[0] not in "-+~":
        advice = f"choose {', '.join(VERBS)}, or give settings as key=value"
        errors.exit_with_message(f"{verb}: there is no such verb; {advice}.", errors.BAD_INPUT)
    else:
        from srcnn_lightning.cli import train

        with errors.unwritable_output():
            train.main()


if __name__ == "__main__":
    main()
