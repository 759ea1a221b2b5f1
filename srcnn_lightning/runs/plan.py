"""What a configuration asks for: everything about a run that is known before torch is imported."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from srcnn_lightning import files, hardware
from srcnn_lightning.config import DataConfig
from srcnn_lightning.data.sources import Source, open_source
from srcnn_lightning.data.split import Split, make_split, split_settings
from srcnn_lightning.errors import BadInput
from srcnn_lightning.files import safe_name
from srcnn_lightning.runs import store
from srcnn_lightning.runs.checks import check_settings, check_variant
from srcnn_lightning.runs.identity import Identity, identify, image_identities
from srcnn_lightning.runs.naming import run_folder, run_name


@dataclass(frozen=True)
class Plan:
    """One run, asked for.

    Attributes:
        settings: the resolved configuration; `trainer.threads` is a number.
        source: the images.
        split: which of them train, validate and test.
        name: of the run, `lr=0.001`.
        label: with its experiment, `lr_grid/DIV2K-antialiased/lr=0.001`.
        folder: where it lives.
        identity: what it must share with an earlier run to be the same.
    """

    settings: dict[str, Any]
    source: Source
    split: Split
    name: str
    label: str
    folder: Path
    identity: Identity

    @property
    def output_dir(self) -> Path:
        """Of all runs."""
        return Path(str(self.settings["output_dir"])).expanduser()

    @property
    def data_hash(self) -> str:
        """Of the images and their split."""
        return files.digest(image_identities(self.source, self.split))

    @property
    def test_images(self) -> str:
        """Below `output_dir`: pictures of the test images, for all runs that share them."""
        data, degradation = self.settings["data"], self.settings["degradation"]
        shaped = [self.data_hash, data["crop"], data["target_size"], degradation]
        kind = safe_name(f"{self.source.name}-{degradation['name']}")
        return f"test_images/{kind}-{files.digest(shaped)[:8]}"

    @property
    def max_epochs(self) -> int:
        """The length of the training."""
        return int(self.settings["trainer"]["max_epochs"])


def make_plan(cfg: DictConfig, hydra: DictConfig) -> Plan:
    """Work out and check what a configuration asks for; images that are lacking are fetched.

    Args:
        cfg: the composed configuration, without Hydra's own part.
        hydra: Hydra's part, for the overrides and choices of this job.

    Raises:
        BadInput: a setting or file that the user can put right.
    """
    settings: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)  # type: ignore[assignment]
    check_settings(settings)
    check_variant(cfg, hydra)
    _check_processes(settings["trainer"], settings["data"], hydra)
    # The processes that a run starts have been given their share; those of a launcher, too.
    processes = settings["trainer"]["devices"] if hardware.process_rank() == 0 else 1
    # A cluster's job takes the CPUs it has asked for, on every node the same.
    threads = settings["trainer"]["threads"] or hydra.launcher.get("cpus_per_task")
    settings["trainer"]["threads"] = hardware.thread_count(threads, processes)
    data = DataConfig(**settings["data"])
    source = open_source(data)
    split = make_split(source.names, data)
    settings["data"] = asdict(split_settings(data, split))
    source = source.ensure(split.names)
    if settings["init_from"] is not None:
        settings["init_from"] = str(
            store.resolve_checkpoint(str(settings["init_from"]), "init_from=")
        )
    default_name = str(settings["model"].get("name", "run"))
    name = run_name(hydra.overrides.task, default_name, settings["name_keys"])
    degradation = settings["degradation"]["name"]
    folder = run_folder(
        settings["output_dir"], settings["experiment_name"], source.name, degradation, name
    )
    label = f"{settings['experiment_name']}/{source.name}-{degradation}/{name}"
    prints = identify(settings, source, split)
    return Plan(settings, source, split, name, label, folder, prints)


def _check_processes(trainer: dict[str, Any], data: dict[str, Any], hydra: DictConfig) -> None:
    processes = trainer["devices"]
    if processes == 1:
        return
    if str(hydra.mode).endswith("MULTIRUN"):
        raise BadInput(
            f"trainer.devices={processes}: a sweep trains each run in one process; leave "
            "trainer=ddp out, or give the settings of one run without -m and +experiment."
        )
    if data["batch_size"] % processes:
        raise BadInput(
            f"data.batch_size={data['batch_size']}: it is the batch of all {processes} processes "
            "together (trainer.devices), so it must be a multiple of their number."
        )
    device = hardware.device_type(trainer["accelerator"])
    if device == "mps":
        raise BadInput(
            f"trainer.devices={processes}: Apple's GPU takes one process; give trainer.devices=1, "
            "or trainer.accelerator=cpu for processes on the CPU."
        )
    if device == "cuda" and 0 < hardware.gpu_count() < processes:
        raise BadInput(
            f"trainer.devices={processes}: each process needs a GPU of its own, and there are "
            f"{hardware.gpu_count()} here; give as many at most, or trainer.accelerator=cpu."
        )
