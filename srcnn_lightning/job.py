"""What Hydra calls for each job, in this process or in a worker that a launcher has started."""

from typing import cast

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from srcnn_lightning import config, errors
from srcnn_lightning.sweep import Place, Sweep

config.register()  # a worker has not run main()


def job(cfg: DictConfig) -> float | None:
    """Run one job.

    Returns:
        Its best val PSNR in dB, for sweepers that search; 0 where it diverged or failed.
    """
    from srcnn_lightning.run import run

    hydra = cast(DictConfig, HydraConfig.get())
    sweep = Sweep.current()
    if sweep is not None and not sweep.is_led_here:
        _become_worker()
    place = Place(sweep, int(hydra.job.num)) if sweep else None
    try:
        outcome = run(cfg, hydra, place)
    except Exception as error:
        sentence = errors.sentence(error)
        if sentence is None or (sweep is not None and not sweep.is_led_here):
            raise
        # Bad input ends the whole sweep at once, before the jobs after it train. SystemExit passes
        # through Hydra, which would hold an exception back to the sweep's end.
        errors.leave(sentence, errors.BAD_INPUT)
    if sweep is None or place is None:
        if outcome.status == "failed":
            errors.leave("The run failed; its folder holds the traceback.", errors.FAILED)
        return outcome.val_psnr
    sweep.add(place.number, outcome)
    return outcome.val_psnr or 0.0


def _become_worker() -> None:
    from srcnn_lightning import progress

    errors.leave_on_signals()
    progress.lines_only()  # its terminal, if any, is another process's too
