"""Write docs/settings.md: every setting with type, default and meaning.

Run as `make documents`. Types and meanings come from the typed settings and the constructors'
signatures and docstrings, defaults from conf/ or the signatures.
"""

import inspect
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import griffe
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from srcnn_lightning import arguments, models
from srcnn_lightning.cli import hydra_setup
from srcnn_lightning.config import CONF, Config, DataConfig, DegradationConfig, TrainerConfig
from srcnn_lightning.data.degradations import Realistic
from srcnn_lightning.models.registry import registered
from srcnn_lightning.training.losses import LOSSES
from srcnn_lightning.training.schedules import SCHEDULES
from srcnn_lightning.training.tasks import TASKS

PAGE = Path(__file__).parent / "settings.md"
INTRODUCTION = """\
# Every setting

`make documents` writes this page from the typed settings, the signatures and `conf/`.
[Configuration](configuration.md) says how settings are chosen and overridden.
`python -m srcnn_lightning --help` prints those of a command, with their values.
"""
GROUPS = {"data": DataConfig, "degradation": DegradationConfig, "trainer": TrainerConfig}
# Arguments that the program gives: a network's come from the degradation.
SUPPLIED = (
    *("self", "kernel", "antialias", "scale"),
    *("network", "settings", "optimizer", "loss", "schedule", "length"),
)
MOST_SHOWN = 10  # settings of a file beside its name
ROWS_OF_FILES = ("logger", "optimizer", "hydra/launcher", "hydra/sweeper")
Row = tuple[str, str, str, str]


def page() -> str:
    """The text of the page."""
    logging.getLogger("griffe").setLevel(logging.ERROR)
    hydra_setup.register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        composed: Any = OmegaConf.to_container(compose("config"), resolve=False)
    blocks = [INTRODUCTION, "## Groups and their files\n", _files()]
    own = [one for one in fields(Config) if one.name not in (*GROUPS, *composed_groups())]
    blocks += ["## Settings without a group\n", _table(_typed(Config, "", composed, own))]
    for group, kind in GROUPS.items():
        rows = _typed(kind, f"{group}.", composed[group], fields(kind))
        blocks += [f"## {group}\n", _table(rows)]
    blocks += [
        "### degradation=realistic\n",
        _table(_signature(Realistic, "degradation.arguments.")),
    ]
    blocks.append("## model\n")
    for name in models.list_models():
        rows = list(_signature(registered(name), "model."))
        blocks += [f"### model.name={name}\n", _summary(registered(name)), _table(rows)]
    for group, known in (("task", TASKS), ("loss", LOSSES), ("schedule", SCHEDULES)):
        blocks.append(f"## {group}\n")
        for name, target in known.items():
            rows = list(_signature(target, f"{group}."))
            blocks += [f"### {group}.name={name}\n", _summary(target), _table(rows)]
    for group in ROWS_OF_FILES:
        blocks.append(f"## {group}\n")
        for path in sorted((CONF / group).glob("*.yaml")):
            blocks += [f"### {group}={path.stem}\n", _comment(path), _table(_of_file(path, group))]
    return "\n".join(block for block in blocks if block)


def composed_groups() -> list[str]:
    """Groups whose settings belong to what their `name` or `_target_` chooses."""
    return ["model", "task", "loss", "optimizer", "schedule", "logger"]


def _typed(
    kind: type, prefix: str, values: Mapping[str, Any], shown: Sequence[Any]
) -> Iterator[Row]:
    meanings = _meanings(inspect.getdoc(kind) or "")
    for one in shown:
        given = inspect.formatannotation(one.type).replace("typing.", "")
        given = "whole number, or a list of them" if one.name == "scale" else given
        yield f"{prefix}{one.name}", given, _value(values.get(one.name)), meanings[one.name]


def _signature(target: Any, prefix: str) -> Iterator[Row]:
    """The arguments of a class or function, but for those that the program gives."""
    constructor = target.__init__ if inspect.isclass(target) else target
    meanings = _meanings(inspect.getdoc(constructor) or "")
    defaults = arguments.defaults(target)
    for name, one in inspect.signature(target, eval_str=True).parameters.items():
        if name not in SUPPLIED:
            kind = inspect.formatannotation(one.annotation).replace("typing.", "")
            kind = kind.replace("collections.abc.", "")
            default = _value(defaults[name]) if name in defaults else "required"
            yield f"{prefix}{name}", kind, default, meanings[name]


def _of_file(path: Path, group: str) -> Iterator[Row]:
    """The keys of a file without a typed group, with the comments beside them."""
    text = path.read_text(encoding="utf-8")
    package = text.partition("# @package ")[2].partition("\n")[0] or group.replace("/", ".")
    values: Any = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    comments = dict(_comments(text))
    for key, value in _leaves(values):
        if key != "defaults":
            kind = "str or None" if value is None else type(value).__name__
            is_class = key.rpartition(".")[2] == "_target_"
            meaning = comments.get(key) or ("class that is built" if is_class else "")
            yield f"{package}.{key}", kind, _value(value), meaning


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _comments(text: str) -> Iterator[tuple[str, str]]:
    """The comment at the end of each line, by the key with the groups above it."""
    above: list[tuple[int, str]] = []
    for line in text.splitlines():
        key, found, rest = line.partition(":")
        if not found or key.lstrip().startswith(("#", "-")):
            continue
        indent = len(key) - len(key.lstrip())
        above = [*(one for one in above if one[0] < indent), (indent, key.strip())]
        yield ".".join(name for _, name in above), rest.partition(" # ")[2]


def _files() -> str:
    rows = []
    for path in sorted(CONF.rglob("*.yaml")):
        group = path.parent.relative_to(CONF).as_posix()
        if group == ".":
            continue
        plus = "+" if group in ("experiment", "variant") else ""
        rows.append(f"| `{plus}{group}={path.stem}` | {_cell(_comment(path))} | {_given(path)} |")
    return "\n".join(["| option | what it is | what it sets |", "|---|---|---|", *rows, ""])


def _given(path: Path) -> str:
    """The settings of a file that has a few of them, `features=32`."""
    values: Any = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    shown = [
        f"`{key}={_value(value)}`"
        for key, value in _leaves(values)
        if key != "defaults" and not key.startswith("hydra.") and value is not None
    ]
    if not shown:
        return "other files together" if "defaults" in values else "nothing"
    return " ".join(shown) if len(shown) <= MOST_SHOWN else "see below"


def _comment(path: Path) -> str:
    """The first lines of a file that say what it is."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith(("# @package", "# python -m")):
            lines.append(line.lstrip("# "))
    return " ".join(lines) + "\n"


def _summary(target: Any) -> str:
    """The first sentence of a docstring."""
    return f"{(inspect.getdoc(target) or '').partition(chr(10))[0]}\n"


def _meanings(docstring: str) -> dict[str, str]:
    """The text of each attribute or argument."""
    found = {}
    for section in griffe.Docstring(docstring).parse("google"):
        if section.kind.value in ("attributes", "parameters"):
            for one in section.value:
                found[one.name] = " ".join(one.description.split())
    return found


def _value(value: Any) -> str:
    texts = {None: "null", True: "true", False: "false"}
    if isinstance(value, bool) or value is None:
        return texts[value]
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(rows: Iterator[Row] | Sequence[Row]) -> str:
    lines = [
        f"| `{key}` | {_cell(kind)} | `{_cell(value)}` | {_cell(meaning)} |"
        for key, kind, value, meaning in rows
    ]
    if not lines:
        return ""
    return "\n".join(["| setting | type | default | meaning |", "|---|---|---|---|", *lines, ""])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "or")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
