"""The check of the arguments of a sweep's jobs, before the first of them begins."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from srcnn_lightning import run_record
from srcnn_lightning.config import Config
from srcnn_lightning.errors import BadInput, ExitRequested
from srcnn_lightning.runs import store

GROUPS = ("model", "task", "degradation", "loss", "optimizer", "schedule", "logger")
SIDES = ("crop", "target_size", "patch_size")  # of the images, which a network may refuse


def check_arguments(configs: Sequence[Config]) -> None:
    """Refuse arguments of network, degradation, loss, optimizer, schedule or loggers.

    Their signatures need torch, which takes seconds to import. So arguments that a run of the same
    experiment has been trained with are not checked again, and a finished sweep imports no torch.

    Args:
        configs: configurations of the jobs.

    Raises:
        BadInput: the sentence that the job itself would end with.
    """
    folders = {config.output_folder / config.experiment_name for config in configs}
    accepted = {arguments for folder in folders for arguments in _accepted(folder)}
    for config in configs:
        arguments = _arguments(asdict(config))
        if arguments in accepted:
            continue
        accepted.add(arguments)

        from srcnn_lightning.training.components import check_task

        try:
            check_task(config)
        except (BadInput, ExitRequested):
            raise
        except (Exception, SystemExit):  # a network of one's own may do anything: its run shows it
            continue


def _accepted(experiment: Path) -> Iterator[str]:
    """The arguments of the runs of an experiment."""
    for path in experiment.glob(f"*/*/{run_record.FILE_NAME}"):
        try:
            record = run_record.read(path.parent) or {}
            if record["status"] in store.DONE:
                yield _arguments(record["config"])
        except (ValueError, KeyError, TypeError):  # the job itself names a damaged record
            continue


def _arguments(config: Mapping[str, Any]) -> str:
    sides = {key: config["data"][key] for key in SIDES}
    return json.dumps([{key: config[key] for key in GROUPS}, sides], sort_keys=True)
