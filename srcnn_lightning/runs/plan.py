"""The plan of one run: everything that is known about it before torch is imported."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from srcnn_lightning import arguments, hardware
from srcnn_lightning.config import TEST_IMAGES, Config, DegradationConfig
from srcnn_lightning.data.sources import Source, open_source
from srcnn_lightning.data.split import Split, make_split, split_settings
from srcnn_lightning.errors import BadInput, require
from srcnn_lightning.files import digest
from srcnn_lightning.runs import store
from srcnn_lightning.runs.identity import Identity, identify, image_identities
from srcnn_lightning.runs.naming import images_folder, run_folder, run_name


@dataclass(frozen=True)
class Plan:
    """One run that is asked for.

    Attributes:
        config: typed configuration; `trainer.threads` is a number, `init_from` a checkpoint's path.
        source: images.
        split: names of the images that train, validate and test.
        name: name of the run, `lr=0.001`.
        label: name with experiment and data, `lr_grid/DIV2K-antialiased-x2/lr=0.001`.
        folder: folder that the run lives in.
        identity: digests that the run shares with an earlier one that is the same.
    """

    config: Config
    source: Source
    split: Split
    name: str
    label: str
    folder: Path
    identity: Identity

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration as plain values, for the run record."""
        return asdict(self.config)

    @property
    def output_dir(self) -> Path:
        """Folder of all runs."""
        return self.config.output_folder

    @property
    def data_hash(self) -> str:
        """Digest of the images and their split."""
        return digest(image_identities(self.source, self.split))

    @property
    def test_images(self) -> dict[int, str]:
        """By scale: folder of the test images' targets below `output_dir`.

        Runs of these images share it.
        """
        data, degradation = self.config.data, self.config.degradation
        folders = {}
        for scale in degradation.scales:
            settings = asdict(degradation.at(scale))
            del settings["kernel"]  # the targets are the same
            pixels = digest([self.data_hash, data.crop, data.target_size, settings])[:8]
            folder = images_folder(self.source.name, degradation.at(scale))
            folders[scale] = f"{TEST_IMAGES}/{folder}-{pixels}"
        return folders

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """The row of TensorBoard's HParams tab, which shows five columns at first."""
        config = self.config
        model, scales = config.model, "-".join(map(str, config.degradation.scales))
        name = model.get("name") or model.get("_target_", "")
        if name == "interpolation":
            name = config.degradation.kernel
        return {
            "variant": config.variant or self.name,
            "model": f"{name} x{scales}",
            "lr": config.optimizer.get("lr"),
            "weight_decay": config.optimizer.get("weight_decay"),
            "seed": config.seed,
        }


def make_plan(
    config: Config, overrides: Sequence[str], launcher_threads: int | None = None
) -> Plan:
    """Work out what a configuration asks for; images that are missing are fetched.

    Args:
        config: the configuration as Hydra has composed it.
        overrides: the job's overrides, as typed or swept, from which its name is made.
        launcher_threads: CPU threads that a cluster gives to the job; None for its share.

    Raises:
        BadInput: a setting or file that the user can put right.
    """
    _check_processes(config)
    _check_precision(config)
    # Each process of a distributed run has got its share already.
    processes = config.trainer.devices if hardware.process_rank() == 0 else 1
    threads = hardware.thread_count(config.trainer.threads or launcher_threads, processes)
    source = open_source(config.data)
    split = make_split(source.names, config.data)
    source = source.ensure(split.names)
    config = replace(
        config,
        data=split_settings(config.data, split),
        degradation=_with_source(config.degradation),
        trainer=replace(config.trainer, threads=threads),
        init_from=_checkpoint(config.init_from),
    )
    # A deleted argument is none of the run's settings: its class has a default.
    named = [f"{one.partition('=')[0]}=default" if one[0] == "~" else one for one in overrides]
    default = str(config.model.get("name", "run"))
    name = run_name(named, default, config.name_keys, asdict(config))
    folder = run_folder(
        config.output_folder, config.experiment_name, source.name, config.degradation, name
    )
    return Plan(
        config=config,
        source=source,
        split=split,
        name=name,
        label=folder.relative_to(config.output_folder).as_posix(),
        folder=folder,
        identity=identify(config, source, split),
    )


def _with_source(degradation: DegradationConfig) -> DegradationConfig:
    """The degradation with the digest of the code that makes its inputs."""
    target = degradation._target_
    return replace(degradation, source=arguments.source_digest(target) if target else "")


def _checkpoint(init_from: str | None) -> str | None:
    if init_from is None:
        return None
    return str(store.resolve_checkpoint(init_from, "init_from="))


def _check_precision(config: Config) -> None:
    """Refuse a precision for which Lightning would take another one without an error."""
    is_cpu = hardware.device_type(config.trainer.accelerator) == "cpu"
    precision = config.trainer.precision
    advice = "it needs a GPU; choose bf16-mixed or 32-true"
    require(precision != "16-mixed" or not is_cpu, "trainer.precision", precision, advice)


def _check_processes(config: Config) -> None:
    """Refuse a distributed run that this machine has not the devices for."""
    processes = config.trainer.devices
    device = hardware.device_type(config.trainer.accelerator)
    if processes > 1 and device == "mps":
        raise BadInput(
            f"trainer.devices={processes}: Apple's GPU takes one process; give trainer.devices=1, "
            "or trainer.accelerator=cpu for processes on the CPU."
        )
    if processes > 1 and device == "cuda" and 0 < hardware.gpu_count() < processes:
        raise BadInput(
            f"trainer.devices={processes}: each process needs a GPU of its own, and this machine "
            f"has {hardware.gpu_count()}; give as many at most, or trainer.accelerator=cpu."
        )
