"""One run: what its plan asks for is skipped, copied, or trained and tested, and recorded."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from srcnn_lightning import hardware
from srcnn_lightning.console import print_line
from srcnn_lightning.errors import BadInput, disk_error, output_dir_message
from srcnn_lightning.runs import store
from srcnn_lightning.runs.cases import Copy, Skip, find_case
from srcnn_lightning.runs.copying import copy_original
from srcnn_lightning.runs.outcome import Outcome
from srcnn_lightning.runs.plan import Plan
from srcnn_lightning.runs.recording import outcome_of

if TYPE_CHECKING:
    from srcnn_lightning.training.progress import SweepPosition


def run(
    plan: Plan,
    position: "SweepPosition | None" = None,
    on_start: Callable[[Outcome], None] = lambda outcome: None,
) -> Outcome:
    """Do what a plan asks for, as far as it is not done yet.

    | what there is | what happens |
    |---|---|
    | the folder holds a finished or diverged run of this identity | it is skipped |
    | another experiment has finished a run of this identity | that run is copied |
    | the folder holds a checkpoint of this lineage, not beyond `max_epochs` | training goes on |
    | anything else, or `rerun=true` | the folder's content is moved aside, training begins |

    Args:
        plan: the run.
        position: position of the job in its sweep, for the progress bar.
        on_start: called with the outcome `stopped` once there is something to do.

    Returns:
        The outcome; `failed` for an exception of the run itself, whose record and traceback are in
        the folder.

    Raises:
        BadInput: a setting, file or disk that the user can put right.
    """
    started = time.monotonic()
    hardware.ignore_foreign_ranks()
    if plan.config.prepare_only:
        outcome = _prepare(plan)
    elif plan.config.check:
        from srcnn_lightning.runs.preview import preview

        return preview(plan)
    elif hardware.process_rank() > 0:
        from srcnn_lightning.runs.train import train_beside

        outcome = train_beside(plan)
    elif isinstance(case := find_case(plan), Skip):  # without a lock: nothing is changed
        outcome = _skip(plan, case)
    else:
        store.check_writable(plan.config.output_dir)
        on_start(outcome_of(plan, "stopped"))
        with _disk_errors_as_bad_input(plan), _locked(plan):
            outcome = _work(plan, position)
    return replace(outcome, seconds=time.monotonic() - started)


def _work(plan: Plan, position: "SweepPosition | None") -> Outcome:
    """Do what is left, under the run's locks: another process may have done it meanwhile."""
    case = find_case(plan)
    if isinstance(case, Skip):
        return _skip(plan, case)
    if isinstance(case, Copy) and (outcome := copy_original(plan, case.original)):
        return outcome

    from srcnn_lightning.runs.train import train

    return train(plan, position)


def _skip(plan: Plan, case: Skip) -> Outcome:
    print_line(f"{plan.label}: done before, skipped (rerun=true trains it again)")
    return outcome_of(plan, "skipped", case.record)


def _prepare(plan: Plan) -> Outcome:
    """Decode and resize the images, and train nothing."""
    from srcnn_lightning.data.targets import load_pairs

    source, split, data = plan.source, plan.split, plan.config.data
    for scale in plan.config.degradation.scales:
        load_pairs(source, split, data, plan.config.degradation.at(scale))
    print_line(
        f"{source.name}: {len(split.names)} images are ready "
        f"({len(split.train)} train, {len(split.val)} val, {len(split.test)} test), "
        f"prepared in {data.cache_dir}"
    )
    return outcome_of(plan, "finished")


@contextmanager
def _locked(plan: Plan) -> Iterator[None]:
    """Hold the run's folder and its hash, which two experiments may share."""
    with (
        store.lock_run(plan.output_dir, plan.folder, plan.label),
        store.lock_run(plan.output_dir, plan.identity.hash, plan.label),
    ):
        yield


@contextmanager
def _disk_errors_as_bad_input(plan: Plan) -> Iterator[None]:
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        cause = disk_error(error, plan.output_dir)
        if cause is None:
            raise
        raise BadInput(output_dir_message(plan.config.output_dir, cause)) from error
