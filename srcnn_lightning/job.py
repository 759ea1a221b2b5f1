"""What Hydra calls for each job, in this process or in a worker that a launcher has started."""

import sys
from typing import cast

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from srcnn_lightning import config, errors
from srcnn_lightning.sweeps import launchers
from srcnn_lightning.sweeps.sweep import Place, Sweep

config.register()  # a worker has not run main()


def job(cfg: DictConfig) -> float | None:
    """Run one job.

    Returns:
        Its best val PSNR in dB, for sweepers that search; 0 where it diverged or failed.
    """
    from srcnn_lightning.run import run

    hydra = cast(DictConfig, HydraConfig.get())
    sweep = Sweep.current()
    is_worker = sweep is not None and not sweep.is_led_here
    if sweep is not None and is_worker:
        launchers.become_worker(sweep, hydra.launcher)
        if sweep.refusal is not None:
            sys.exit(errors.BAD_INPUT)
    place = Place(sweep, int(hydra.job.num)) if sweep else None
    try:
        outcome = run(cfg, hydra, place)
    except Exception as error:
        errors.leave_if_signalled()
        sentence = errors.sentence(error)
        if sentence is None:
            raise
        if sweep is not None and is_worker:
            sweep.refuse(sentence)
            sys.exit(errors.BAD_INPUT)
        # Bad input ends the whole sweep at once, before the jobs after it train. SystemExit passes
        # through Hydra, which would hold an exception back to the sweep's end.
        errors.leave(sentence, errors.BAD_INPUT)
    if sweep is None or place is None:
        if outcome.status == "failed":
            errors.leave("The run failed; its folder holds the traceback.", errors.FAILED)
        return outcome.val_psnr
    sweep.add(place.number, outcome)
    return outcome.val_psnr or 0.0
