"""The pages, their commands, and what a run of a command takes a second with."""

import re
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "srcnn_lightning"
PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG", "outputs/README")),
    *sorted((ROOT / "docs").glob("*.md")),
]
each_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix()
)
# Others in the place of a document's own values: a run takes a second.
BUDGET = {"data.count": "10", "trainer.max_epochs": "1", "hydra.sweeper.n_trials": "2"}


def commands_in(text: str) -> list[str]:
    """The commands of a page: lines of its shell blocks, and inline code that begins like one."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [part for block in blocks for line in block.splitlines() for part in line.split(" && ")]
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    inline = re.findall(r"`((?:make|pip|python -m|srcnn-lightning) [^`]+)`", prose)
    without_comments = (re.sub(r"\s+#.*", "", line).strip() for line in [*lines, *inline])
    return [command for command in without_comments if command and not command.startswith("cd ")]


def with_budget(arguments: list[str]) -> list[str]:
    """Arguments of a training, on ten small images for one epoch, on the CPU."""
    if "--help" in arguments:
        return arguments
    pairs = [argument.partition("=") for argument in arguments]
    changed = [
        f"{key}={BUDGET[key]}" if key in BUDGET else f"{key}{sign}{value}"
        for key, sign, value in pairs
    ]
    keys = {key for key, _, _ in pairs}
    tiny = [item for item in ("data=dead_leaves", *TINY) if item.partition("=")[0] not in keys]
    if "trainer" in keys:
        tiny.append("trainer.accelerator=cpu")
    if "+experiment=recipe" in arguments:  # patches of 96 pixels, in some of its rows
        tiny += ["data.crop=96", "data.target_size=96", "seed=0"]
    elif "recipe=srgan" in arguments:
        tiny += ["data.patch_size=32", "data.steps_per_epoch=1", "task.pretrain_epochs=0"]
    elif "recipe" in keys or "+experiment=models" in arguments:
        tiny += ["data.patch_size=16", "data.batch_size=1", "data.steps_per_epoch=1"]
    if "hydra/sweeper" in keys and "hydra.sweeper.n_trials" not in keys:
        tiny.append("hydra.sweeper.n_trials=2")
    return changed + tiny


def documented_sweep(launcher: str) -> list[str]:
    """The arguments of the sweep by a launcher in docs/sweeps.md, on ten small images."""
    page = (ROOT / "docs/sweeps.md").read_text()
    (command,) = (one for one in commands_in(page) if f"hydra/launcher={launcher} " in one)
    return with_budget(command.partition("srcnn")[2].split()[1:])


def write_photos(folder: Path) -> None:
    """Write ten images of noise to `folder/photos`."""
    pixels = np.random.default_rng(0).integers(0, 256, (10, 64, 64, 3), dtype=np.uint8)
    (folder / "photos").mkdir()
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"photos/{number}.png")
