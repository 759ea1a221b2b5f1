"""The cases of a run: what there is already, and what is left to do."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcnn_lightning import run_record
from srcnn_lightning.console import print_line
from srcnn_lightning.run_record import UNNAMED_VERSION, VERSION_KEY
from srcnn_lightning.runs import store
from srcnn_lightning.runs.identity import describe_difference, describe_version_difference
from srcnn_lightning.runs.naming import earlier_run_folder
from srcnn_lightning.runs.plan import Plan

if TYPE_CHECKING:
    from srcnn_lightning.training.checkpoints import Resume


@dataclass(frozen=True)
class Skip:
    """The folder holds a finished or diverged run of this identity, with this record."""

    record: dict[str, Any]


@dataclass(frozen=True)
class Copy:
    """Another experiment has finished a run of this identity, in this folder."""

    original: Path


@dataclass(frozen=True)
class Train:
    """Something is left to train."""


def find_case(plan: Plan) -> Skip | Copy | Train:
    """The case of a plan; nothing is changed."""
    if plan.config.rerun:
        return Train()
    record = store.finished_record(plan.folder, plan.identity.hash)
    if record is not None:
        return Skip(record)
    original = store.find_finished(plan.output_dir, plan.identity.hash)
    if original is None:
        return Train()
    if plan.config.logs_to_tensorboard and not store.has_events(original):
        return Train()
    return Copy(original)


def find_checkpoint(plan: Plan) -> "Resume | None":
    """The checkpoint that training goes on from; None to begin. Damaged files are set aside."""
    if plan.config.rerun:
        return None

    from srcnn_lightning.training.checkpoints import find_resume

    store.set_damaged_record_aside(plan.folder)
    store.copy_checkpoints(plan.output_dir, plan.folder, plan.identity.lineage)
    return find_resume(plan.folder, plan.identity.lineage, plan.config.trainer.max_epochs)


def make_room(plan: Plan, resume: "Resume | None") -> None:
    """Move aside what the folder holds, or rename the record of fewer epochs."""
    if resume is None:
        if not plan.folder.is_dir():
            _name_earlier_run(plan)
        store.move_aside(plan.folder, difference_from_content(plan))
        return
    record = run_record.read(plan.folder)
    if record is not None and record.get("status") in store.DONE:
        epochs = record.get("epochs", resume.epochs)
        # Of several scales, each has a record too.
        for path in (
            *plan.folder.glob(f"x*/{run_record.FILE_NAME}"),
            plan.folder / run_record.FILE_NAME,
        ):
            path.rename(path.with_name(f"metrics-{epochs}-epochs.json"))
    print_line(f"{plan.label}: goes on after epoch {resume.epochs}")


def _name_earlier_run(plan: Plan) -> None:
    """Say that the run is trained again, where an earlier version has left one elsewhere."""
    folder = earlier_run_folder(plan.folder, plan.config.degradation.scale)
    try:
        version = run_record.load(folder).results_version
    except (OSError, ValueError):
        return
    if difference := describe_version_difference(version):
        print_line(f"{plan.label}: trained again ({difference}); the earlier run stays in {folder}")


def difference_from_content(plan: Plan) -> str:
    """What makes the planned run another than the one in its folder, ` (seed=0, now 1)`.

    It is empty where the folder's record is not as a run writes it.
    """
    from srcnn_lightning.training.checkpoints import last_state

    try:
        record = run_record.load(plan.folder)
    except FileNotFoundError:
        record = None
    except ValueError:
        return ""
    difference = ""
    if record is None:  # a run that was stopped leaves checkpoints alone
        state = last_state(plan.folder)
        if state:
            difference = _difference_from_checkpoint(state, plan)
    elif record.hash != plan.identity.hash:
        difference = describe_difference(record.results_version, record.config, plan.settings)
    return f" ({difference})" if difference else ""


def _difference_from_checkpoint(state: dict[str, Any], plan: Plan) -> str:
    """What makes the planned run another than the one of a checkpoint; empty where nothing does."""
    version = int(state.get(VERSION_KEY, UNNAMED_VERSION))
    settings = state.get("settings")
    if settings is None:  # a checkpoint of an earlier version
        return describe_version_difference(version)
    is_same_length = settings["trainer"]["max_epochs"] == plan.config.trainer.max_epochs
    if state["lineage"] == plan.identity.lineage and is_same_length:
        return ""
    return describe_difference(version, settings, plan.settings)
