"""The name of a run's folder, which the same command finds again."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from srcnn_lightning.config import DegradationConfig
from srcnn_lightning.files import safe_name

# Settings that a run's name leaves out: the folders above name them, or a change of them keeps the
# run (more epochs make the same run longer). `name_keys` shows those that a sweep varies.
SILENT = {
    *("experiment", "experiment_name", "data", "degradation", "trainer", "logger", "hydra"),
    *("output_dir", "rerun", "name_keys", "prepare_only", "check", "debug"),
}
SILENT_GROUPS = {"data", "trainer", "logger", "hydra"}  # but for these of their settings:
SHOWN = {
    *("data.seed", "data.batch_size", "data.patch_size", "data.augment", "data.steps_per_epoch"),
    *("trainer.ema_decay", "trainer.gradient_clip_val", "trainer.gradient_clip_algorithm"),
    *("trainer.accumulate_grad_batches", "trainer.limit_train_batches"),
    *("trainer.limit_val_batches", "trainer.limit_test_batches"),
    "trainer.overfit_batches",
}
LONGEST = 120  # characters of a folder's name


def is_silent(key: str) -> bool:
    """Whether a run's name leaves this setting out."""
    key = key.lstrip("+~")
    group = re.split(r"[./]", key)[0]  # hydra/launcher is a group within a group
    return key in SILENT or (key not in SHOWN and key != group and group in SILENT_GROUPS)


def run_name(
    overrides: Sequence[str],
    default: str,
    name_keys: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
) -> str:
    """A name of the settings that distinguish runs, `lr=0.001,seed=1`.

    Args:
        overrides: overrides of the job, typed or swept: `optimizer.lr=1e-3`, `seed=1`.
        default: name of a run without such overrides.
        name_keys: settings that are shown although names leave them out.
        settings: the configuration as plain values, by which a switch is true or false however it
            was typed.
    """
    pairs = [override.partition("=") for override in overrides]
    shown = {
        key: _weights(value) if key == "init_from" else _switch(settings, key) or _value(value)
        for key, value in ((key.lstrip("+~"), value) for key, _, value in pairs)
        if key in name_keys or not is_silent(key)
    }
    short = [_short(key) for key in shown]
    parts = [
        f"{name if short.count(name) == 1 else key}={value}"
        for (key, value), name in zip(shown.items(), short, strict=True)
    ]
    return safe_name(",".join(parts)).strip("-.") or safe_name(default)


def folder_name(name: str) -> str:
    """The name of a run as far as a folder's name may be long."""
    if len(name) <= LONGEST:
        return name
    # Two runs may differ in nothing but what is cut off.
    return f"{name[: LONGEST - 9]}-{sha256(name.encode()).hexdigest()[:8]}"


def images_folder(data: str, degradation: DegradationConfig) -> str:
    """`<data>-<degradation>-x<scale>`, `DIV2K-antialiased-x2`; of several scales `-x2-3-4`."""
    return safe_name(f"{data}-{degradation.name}-x{'-'.join(map(str, degradation.scales))}")


def run_folder(
    output_dir: Path, experiment: str, data: str, degradation: DegradationConfig, name: str
) -> Path:
    """`outputs/<experiment>/<data>-<degradation>-x<scale>/<run name>`."""
    return output_dir / experiment / images_folder(data, degradation) / folder_name(name)


def earlier_run_folder(folder: Path, scale: Any) -> Path:
    """Where results of version 4 and before lie, whose folders do not name the scale."""
    return folder.parent.with_name(folder.parent.name.removesuffix(f"-x{scale}")) / folder.name


def _short(key: str) -> str:
    # data.seed chooses images, seed the initialization: a run may set both.
    return key if key == "data.seed" else key.rpartition(".")[2]


def _weights(path: str) -> str:
    """A run's folder without the folders above it; `lr=0.001-last` for its last checkpoint."""
    given = Path(path.strip("'\""))
    if given.parent.name == "checkpoints":
        return f"{given.parents[1].name}-{given.stem}"
    return given.name.removesuffix(".ckpt")


def _switch(settings: Any, key: str) -> str | None:
    """`true` or `false`; None for a setting that is no switch."""
    for part in key.split("."):
        settings = settings.get(part) if isinstance(settings, Mapping) else None
    return str(settings).lower() if isinstance(settings, bool) else None


def _value(value: str) -> str:
    """1e-3 and 0.001 are one learning rate and get one name; a list is joined, `64-32`."""
    value = value.strip("'\"")  # Hydra reads '0.1' as 0.1
    try:
        number = float(value)
    except ValueError:
        return "-".join(re.findall(r"[^\[\],\s]+", value))
    short = f"{number:g}"
    return short if float(short) == number else repr(number).removesuffix(".0")
