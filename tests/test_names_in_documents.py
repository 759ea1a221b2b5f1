"""What the documents name exists: verbs, pages, headings, files and settings."""

import dataclasses
import inspect
import re
from pathlib import Path

from documents import PACKAGE, PAGES, ROOT, each_page
from omegaconf import OmegaConf

from srcnn_lightning.cli import VERBS
from srcnn_lightning.config import Config
from srcnn_lightning.models import SRCNN

# What no checkout holds: the user writes it, or a run or a download leaves it.
ELSEWHERE = {
    "mine.py",
    "foggy.py",
    "model/mine.yaml",
    "pictures/",
    "damaged/",
    "checkpoints/damaged/",
    "test_images/",
    "hparams.yaml",
    "metrics.csv",
    "wandb/",
    ".replaced/",
    ".state/",
    "output_dir/.state/submitit/",
    "output_dir/.state/hydra/optimization_results.yaml",
    "lr_grid/dead_leaves-antialiased-x2/lr=0.001/",
    "data/DIV2K/",
    "DIV2K_valid_HR/",
    "DIV2K_train_HR/",
}


def test_readme_names_every_verb_and_every_page() -> None:
    text = (ROOT / "README.md").read_text()
    for verb in VERBS:
        assert f"python -m srcnn_lightning {verb} " in text
    for page in PAGES[1:]:
        assert f"]({page.relative_to(ROOT).as_posix()})" in text
    assert len(text.splitlines()) <= 100


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@each_page
def test_files_that_are_named_exist(page: Path) -> None:
    pattern = r"`([\w./=-]+?(?:\.(?:py|md|yaml|toml|lock|csv)|/))`"
    for name in set(re.findall(pattern, page.read_text())) - ELSEWHERE:
        assert any((root / name).exists() for root in (ROOT, PACKAGE, page.parent)), name


def settings_of_groups() -> dict[str, set[str]]:
    """The keys of each group: its dataclass's, or those of its files and its default class."""
    keys: dict[str, set[str]] = {"model": {*inspect.signature(SRCNN).parameters}}
    for field in dataclasses.fields(Config):
        if dataclasses.is_dataclass(field.type):
            keys[field.name] = {one.name for one in dataclasses.fields(field.type)}
    for group in ("model", "loss", "optimizer", "schedule"):
        for path in (ROOT / f"conf/{group}").glob("*.yaml"):
            keys.setdefault(group, set()).update(map(str, OmegaConf.load(path)))
    return keys


@each_page
def test_settings_that_are_named_exist(page: Path) -> None:
    keys = settings_of_groups()
    pattern = rf"(?<![\w.+/])({'|'.join(keys)})\.([a-z_]+)(?=[=`,\s])"
    for group, key in re.findall(pattern, page.read_text()):
        assert key in keys[group], f"{group}.{key}"
