"""Training: Hydra composes a configuration for each job, and each job is one run.

Nothing heavy is imported here: torch and lightning come with the first run that has work to do.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.plugins.sweeper import Sweeper
from omegaconf import DictConfig, open_dict, read_write

from srcnn_lightning import errors
from srcnn_lightning.cli import command_line, hydra_setup
from srcnn_lightning.cli.configuration_errors import bad_input_message
from srcnn_lightning.cli.variants import check_variant
from srcnn_lightning.config import CONF, Config, read
from srcnn_lightning.errors import BadInput
from srcnn_lightning.runs.check import check_arguments
from srcnn_lightning.runs.outcome import Outcome
from srcnn_lightning.runs.plan import Plan, make_plan
from srcnn_lightning.sweeps import launchers
from srcnn_lightning.sweeps.sweep import JobPosition, Sweep

FAILURES = {  # the sentence's end, by the status of a job
    "failed": "run failed; its folder holds the traceback.",
    "would fail": "run would fail.",
}
hydra_setup.register()  # a launcher's worker imports this module without calling main()


def main() -> None:
    """Compose the jobs of the command line and run them."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises; without it, it would print and exit
    sys.path.append(str(Path.cwd()))  # a network of one's own, mine.py, may lie here
    try:
        sys.argv[1:] = command_line.prepare(sys.argv[1:])
    except BadInput as error:
        errors.exit_with_message(str(error), errors.BAD_INPUT)
    Sweeper.validate_batch_is_legal = check_jobs  # type: ignore[assignment,method-assign]
    command = hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(run_job)
    try:
        try:
            command()
        except Exception as error:
            sweep = Sweep.current()
            launchers.settle_others(error, bool(sweep and sweep.refusal))
            raise
        finally:
            sweep = Sweep.current()
            refusal = sweep.refusal if sweep else None
            statuses = sweep.end() if sweep else set()
            if refusal is not None:
                errors.exit_with_message(refusal, errors.BAD_INPUT)
    except BrokenPipeError:
        raise
    except Exception as error:
        errors.exit_if_signalled()
        message = launchers.worker_death_message(error)
        if message is not None:
            errors.exit_with_message(message, errors.FAILED)
        message = bad_input_message(error)
        if message is None and (cause := errors.disk_error(error)):
            message = errors.output_dir_message(str(cause.filename), cause)  # Hydra's own files
        if message is None:
            raise
        errors.exit_with_message(message, errors.BAD_INPUT)
    for status, sentence in FAILURES.items():
        if status in statuses:
            errors.exit_with_message(f"A {sentence}", errors.FAILED)


def check_jobs(sweeper: Sweeper, jobs: Sequence[Sequence[str]]) -> None:
    """Check the settings of a sweep's jobs before the first begins.

    It takes the place of Hydra's own check, which composes each job and looks no further. A
    composition takes a tenth of a second, the check of its settings a thousandth, that of arguments
    a hundredth once torch is imported.

    Args:
        sweeper: Hydra's sweeper.
        jobs: overrides of each job.

    Raises:
        BadInput: sentence for the first bad setting.
    """
    assert sweeper.hydra_context is not None and sweeper.config is not None
    configs = []
    for number, overrides in enumerate(jobs):
        composed = sweeper.hydra_context.config_loader.load_sweep_config(
            sweeper.config, list(overrides)
        )
        hydra_config = composed.hydra
        with read_write(composed), open_dict(composed):
            composed.hydra.job.num = number
            HydraConfig.instance().set_config(composed)  # for settings that name ${hydra:job.num}
            del composed["hydra"]
        configs.append(check_job(composed, hydra_config))
    check_arguments(configs)


def run_job(composed: DictConfig) -> float | None:
    """Run one job; Hydra calls this in the command's process, a launcher in a worker's.

    Args:
        composed: composed configuration, without Hydra's own part.

    Returns:
        Best val PSNR in dB, for sweepers that search; 0 for a job that diverged or failed.
    """
    from srcnn_lightning.runs.run import run

    hydra_config = cast(DictConfig, HydraConfig.get())
    if hydra_config.job.chdir:  # paths are those of the folder where the command was typed
        os.chdir(hydra_config.runtime.cwd)
    sweep = Sweep.current()
    is_worker = sweep is not None and not sweep.is_started_here
    if sweep is not None and is_worker:
        launchers.become_worker(sweep, hydra_config.launcher)
        if sweep.refusal is not None:
            sys.exit(errors.BAD_INPUT)
    position = JobPosition(sweep, int(hydra_config.job.num)) if sweep else None
    try:
        plan = plan_job(composed, hydra_config)
        outcome = run(plan, position, position.add_outcome if position else _ignore)
    except Exception as error:
        errors.exit_if_signalled()
        message = bad_input_message(error)
        if message is None:
            raise
        if sweep is not None and is_worker:
            sweep.refuse(message)
            sys.exit(errors.BAD_INPUT)
        # Bad input ends the whole sweep at once, before the jobs after it train. SystemExit passes
        # through Hydra, which would hold an exception back to the sweep's end.
        errors.exit_with_message(message, errors.BAD_INPUT)
    if position is None:
        if outcome.status in FAILURES:
            errors.exit_with_message(f"The {FAILURES[outcome.status]}", errors.FAILED)
        return outcome.val_psnr
    position.add_outcome(outcome)
    return outcome.val_psnr or 0.0


def plan_job(composed: DictConfig, hydra_config: DictConfig) -> Plan:
    """The plan of a job, from its composed configuration and Hydra's part of it.

    Raises:
        BadInput: a setting or file that the user can put right.
    """
    config = check_job(composed, hydra_config)
    # What an experiment's file sweeps tells its runs apart, as what the command line sweeps.
    swept = [str(key) for key in hydra_config.sweeper.get("params") or () if "." in str(key)]
    config = replace(config, name_keys=config.name_keys + swept)
    # A cluster's job has the CPUs that it has asked for, the same on every node.
    launcher_threads = hydra_config.launcher.get("cpus_per_task")
    return make_plan(config, hydra_config.overrides.task, launcher_threads)


def check_job(composed: DictConfig, hydra_config: DictConfig) -> Config:
    """The typed configuration of a job. What a file alone shows is checked when the job begins.

    Raises:
        BadInput: a setting that the user can put right.
    """
    config = read(composed)
    check_variant(composed, hydra_config)
    processes = config.trainer.devices
    if processes > 1 and str(hydra_config.mode).endswith("MULTIRUN"):
        raise BadInput(
            f"trainer.devices={processes}: a sweep trains each run in one process; leave "
            "trainer=ddp out, or give the settings of one run without -m and +experiment."
        )
    return config


def _ignore(outcome: Outcome) -> None:
    """A single run keeps no outcome."""
