"""Where a run lives: a folder whose name the same command finds again."""

import re
from hashlib import sha256
from pathlib import Path

# Choices that the folders above already name, or that say nothing about the run itself.
SILENT = re.compile(
    r"^(\+?experiment|experiment_name|data|degradation|trainer|logger|output_dir|rerun|prepare_only"
    r"|data\.(?!seed$|batch_size$).*|trainer\..*|logger\..*|hydra.*)$"
)
LONGEST = 120


def run_name(overrides: list[str], default: str) -> str:
    """The keys that tell runs apart, `lr=0.001,seed=1`, from a job's overrides.

    Args:
        overrides: as typed or swept: `optimizer.lr=1e-3`, `seed=1`, `+experiment=lr_grid`.
        default: the name of a run that overrides nothing.
    """
    parts = {}
    for override in overrides:
        key, _, value = override.partition("=")
        key = key.lstrip("+~")
        if not SILENT.match(key):
            # data.seed chooses images, seed the initialization: a run may set both.
            short = key if key == "data.seed" else key.rpartition(".")[2]
            parts[short] = _number(value)
    name = ",".join(f"{key}={value}" for key, value in parts.items()) or default
    plain = re.sub(r"[^A-Za-z0-9_.,=+-]+", "-", name).strip("-.") or default
    if len(plain) <= LONGEST:
        return plain
    # What is cut off may be all that tells two runs apart.
    return f"{plain[: LONGEST - 9]}-{sha256(plain.encode()).hexdigest()[:8]}"


def run_folder(output_dir: str, experiment: str, data: str, degradation: str, name: str) -> Path:
    """`outputs/<experiment>/<data>-<degradation>/<run name>`."""
    kind = re.sub(r"[^A-Za-z0-9_.+-]+", "-", f"{data}-{degradation}")
    return Path(output_dir).expanduser() / experiment / kind / name


def _number(value: str) -> str:
    """1e-3 and 0.001 are one learning rate and get one name."""
    try:
        number = float(value)
    except ValueError:
        return value
    short = f"{number:g}"
    return short if float(short) == number else repr(number).removesuffix(".0")
