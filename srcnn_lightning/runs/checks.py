"""What can be refused before anything heavy is imported or anything is written."""

import re
from math import inf
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from omegaconf import DictConfig, OmegaConf

from srcnn_lightning import hardware
from srcnn_lightning.config import DataConfig, DegradationConfig
from srcnn_lightning.errors import BadInput, output_dir_message

SSIM_WINDOW = 11  # pixels a side (metrics.ssim_y)
PRECISIONS = ("32-true", "16-mixed", "bf16-mixed")  # what metrics and checkpoints are tried with


def check_settings(settings: dict[str, Any]) -> None:
    """Refuse values no run could use.

    Raises:
        BadInput: the first such value.
    """
    optimizer, trainer = settings["optimizer"], settings["trainer"]
    size = settings["data"]["target_size"]
    smallest = SSIM_WINDOW + 2 * settings["degradation"]["scale"]
    experiment = str(settings["experiment_name"])
    threads, precision = trainer["threads"], trainer["precision"]
    scale = settings["degradation"]["scale"]
    DataConfig(**settings["data"])  # refuses bad values
    DegradationConfig(**settings["degradation"])
    rules = (
        ("seed", settings["seed"], settings["seed"] < 2**32, "it must be below 2**32"),
        (
            "trainer.precision",
            precision,
            precision in PRECISIONS,
            f"choose {', '.join(PRECISIONS)}",
        ),
        ("seed", settings["seed"], settings["seed"] >= 0, "it must be 0 or more"),
        (
            "optimizer.lr",
            optimizer["lr"],
            0 < optimizer["lr"] < inf,
            "it must be above 0, and finite",
        ),
        (
            "optimizer.weight_decay",
            optimizer["weight_decay"],
            optimizer["weight_decay"] >= 0,
            "it must be 0 or more",
        ),
        (
            "data.target_size",
            size,
            size >= smallest,
            f"SSIM needs {smallest} pixels within the shaved border",
        ),
        (
            "data.target_size",
            size,
            size % scale == 0,
            f"it must be a multiple of degradation.scale={scale}",
        ),
        (
            "trainer.max_epochs",
            trainer["max_epochs"],
            trainer["max_epochs"] >= 1,
            "it must be at least 1",
        ),
        (
            "trainer.devices",
            trainer["devices"],
            trainer["devices"] >= 1,
            "it must be at least 1",
        ),
        (
            "trainer.jobs_per_gpu",
            trainer["jobs_per_gpu"],
            trainer["jobs_per_gpu"] >= 1,
            "it must be at least 1",
        ),
        (
            "trainer.steps_per_call",
            trainer["steps_per_call"],
            trainer["steps_per_call"] >= 1,
            "it must be at least 1",
        ),
        (
            "trainer.threads",
            threads,
            threads is None or 1 <= threads <= 1024,
            "it must be at least 1, or null for this run's share of the cores",
        ),
        (
            "experiment_name",
            experiment,
            re.fullmatch(r"[\w+-][\w.+-]*", experiment) is not None,
            "it names a folder, so use letters, digits and . _ + - alone",
        ),
    )
    for key, value, is_right, advice in (*rules, *_rules_of_several_steps(trainer)):
        if not is_right:
            raise BadInput(f"{key}={value}: {advice}.")


def _rules_of_several_steps(trainer: dict[str, Any]) -> tuple[tuple[str, Any, bool, str], ...]:
    """What goes together with `trainer.steps_per_call` and `trainer.cuda_graph`."""
    steps, is_several = trainer["steps_per_call"], trainer["steps_per_call"] > 1
    precision = trainer["precision"]
    return (
        (
            "trainer.steps_per_call",
            steps,
            not is_several or trainer["devices"] == 1,
            f"trainer.devices={trainer['devices']} processes meet at every step; leave it at 1",
        ),
        (
            "trainer.steps_per_call",
            steps,
            not is_several or precision != "16-mixed",
            "trainer.precision=16-mixed scales each step's loss by Lightning; leave it at 1",
        ),
        (
            "trainer.cuda_graph",
            "true",
            not trainer["cuda_graph"] or is_several,
            "it needs trainer.steps_per_call above 1, 30 for an epoch of 60 images in one call",
        ),
        (
            "trainer.cuda_graph",
            "true",
            not trainer["cuda_graph"] or precision == "32-true",
            f"it needs trainer.precision=32-true, not {precision}",
        ),
        (
            "trainer.cuda_graph",
            "true",
            not trainer["cuda_graph"] or hardware.device_type(trainer["accelerator"]) == "cuda",
            "there is no GPU of CUDA's here; leave it out",
        ),
    )


def check_output_dir(output_dir: str) -> None:
    """Make the folder of all runs, and try whether it can be written.

    Raises:
        BadInput: it cannot.
    """
    if not output_dir:
        raise BadInput("output_dir=: give the folder that shall hold the runs, output_dir=DIR.")
    folder = Path(output_dir).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BadInput(output_dir_message(output_dir, error)) from error


def check_variant(cfg: DictConfig, hydra: DictConfig) -> None:
    """No override may touch what a variant sets: an ablation's row must be what its name says.

    Args:
        cfg: the composed configuration.
        hydra: Hydra's part of it, which knows where conf/variant/*.yaml lie.

    Raises:
        BadInput: a value differs from the one in the variant's file.
    """
    variant = hydra.runtime.choices.get("variant")
    if not variant:
        return
    sources = hydra.runtime.config_sources
    roots = [Path(source.path) for source in sources if source.schema == "file"]
    for key, wanted in _variant_settings(str(variant), roots).items():
        choices = hydra.runtime.choices
        actual = choices[key] if key in choices else OmegaConf.select(cfg, key)
        if actual != wanted:
            raise BadInput(
                f"{key}={actual}: variant={variant} sets {key}={wanted}, and its row must be what "
                "its name says; leave this override out, or run without a variant."
            )


def _variant_settings(variant: str, roots: list[Path]) -> dict[str, Any]:
    """What a variant's file sets, and those it builds on: `model: srcnn`, `model.init: default`."""
    path = next(path for root in roots if (path := root / f"variant/{variant}.yaml").is_file())
    content: Any = OmegaConf.to_container(OmegaConf.load(path))
    settings: dict[str, Any] = {}
    for default in content.pop("defaults", []):
        if isinstance(default, dict):  # {"override /model": "srcnn"}
            settings |= {key.removeprefix("override /"): item for key, item in default.items()}
        elif default != "_self_":
            settings |= _variant_settings(default, roots)
    return settings | _flatten(content)


def _flatten(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        leaves |= _flatten(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return leaves
