"""The documents: their commands run, their links lead somewhere, their layout is the tree."""

import ast
import dataclasses
import inspect
import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import commands
import numpy as np
import pytest
from conftest import TINY
from omegaconf import OmegaConf
from PIL import Image

from srcnn_lightning.cli import VERBS
from srcnn_lightning.config import Config
from srcnn_lightning.models import SRCNN

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "srcnn_lightning"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "outputs/README.md"]
PROGRAM = ("python -m srcnn_lightning", "srcnn-lightning")
MADE = ("make table", "make report")
# Each covers the command itself and the same command with further arguments.
NOT_RUN = {
    "git clone": "it needs a network",
    "pip install": "it needs a network; a test of the wheel installs the package",
    "source .venv/bin/activate": "it changes the shell of the user alone",
    'eval "$(srcnn-lightning -sc': "another test runs it in bash",
    "make setup": "it needs a network; every test runs in what it sets up",
    "make data": "it needs a network",
    "make table ARGS": "it needs 3.3 GB of DIV2K",
    "make demo": "it takes minutes; another slow test runs it in a clone",
    "make tensorboard": "it serves until it is interrupted",
    "make screenshots": "it needs a browser and the study's runs",
    "make test": "it would run this test",
    "make test-slow": "it would run this test",
    "make lint": "it is a step of its own in CI",
    "make bench": "it takes minutes; other tests run each benchmark with tiny sizes",
    "make same-results": "it takes minutes; another test compares two commits",
    "python -m benchmarks.literature": "it takes an hour; another slow test runs it tiny",
    "python -m benchmarks --device cuda": "it needs a GPU",
    "python -m benchmarks --only": "it takes minutes; other tests run each benchmark tiny",
    "python -m srcnn_lightning +experiment=lr_grid trainer=gpu": "it needs a GPU",
    "python -m srcnn_lightning +experiment=lr_grid hydra/launcher=submitit_slurm": (
        "it needs a cluster"
    ),
    "srcnn-lightning +experiment=lr_grid hydra/launcher=ray": (
        "Ray cannot be installed beside joblib's launcher"
    ),
}
# Others in the place of a document's own values: a run takes a second.
BUDGET = {"data.count": "10", "trainer.max_epochs": "1", "hydra.sweeper.n_trials": "2"}
PLACEHOLDERS = {"OUTPUTS": "outputs", "FOLDER": "folder"}
WORKERS = ("hydra/launcher=", "trainer=ddp")
# What no checkout holds: the user writes it, or a run or a download leaves it.
ELSEWHERE = {
    "mine.py",
    "model/mine.yaml",
    "pictures/",
    "damaged/",
    "checkpoints/damaged/",
    "test_images/",
    "hparams.yaml",
    ".replaced/",
    ".state/",
    "output_dir/.state/submitit/",
    "output_dir/.state/hydra/optimization_results.yaml",
    "lr_grid/dead_leaves-antialiased-x2/lr=0.001/",
    "data/DIV2K/",
    "DIV2K_valid_HR/",
    "DIV2K_train_HR/",
}


def commands_in(text: str) -> list[str]:
    """The commands of a page: lines of its shell blocks, and inline code that begins like one."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [part for block in blocks for line in block.splitlines() for part in line.split(" && ")]
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    inline = re.findall(r"`((?:make|pip|python -m|srcnn-lightning) [^`]+)`", prose)
    without_comments = (re.sub(r"\s+#.*", "", line).strip() for line in [*lines, *inline])
    return [command for command in without_comments if command and not command.startswith("cd ")]


def reason(command: str) -> str | None:
    """The key of NOT_RUN that covers a command."""
    return next((key for key in NOT_RUN if re.match(rf"{re.escape(key)}(?![\w-])", command)), None)


def is_run(command: str) -> bool:
    return reason(command) is None and command.startswith((*PROGRAM, *MADE))


def unaccounted(text: str) -> list[str]:
    """Commands of a page that no test runs and that have no reason."""
    return [command for command in commands_in(text) if not is_run(command) and not reason(command)]


ALL_COMMANDS = sorted({command for page in PAGES for command in commands_in(page.read_text())})


RUN = [
    pytest.param(
        command,
        id=command.replace(" ", "_"),
    )
    for command in filter(is_run, ALL_COMMANDS)
]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the commands name: photographs, a network, trained runs."""
    folder = tmp_path_factory.mktemp("documents")
    pixels = np.random.default_rng(0).integers(0, 256, (10, 64, 64, 3), dtype=np.uint8)
    (folder / "photos").mkdir()
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"photos/{number}.png")
    Image.fromarray(pixels[0]).save(folder / "photo.jpg")
    networks = (ROOT / "docs/networks.md").read_text()
    (source,) = re.findall(r"^```python\n(# mine.py.*?)^```", networks, re.MULTILINE | re.DOTALL)
    (folder / "mine.py").write_text(source)
    (folder / "my_conf/model").mkdir(parents=True)
    settings = "_target_: mine.Net\nname: mine\nwidth: 8\n"
    (folder / "my_conf/model/mine.yaml").write_text(settings)
    (own_network,) = (one for one in commands_in(networks) if "+model.width" in one)
    for command in (own_network, "python -m srcnn_lightning +experiment=lr_grid -m"):
        result = run(command, folder)
        assert result.returncode == 0, result.stderr
    return folder


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of a document in a folder, with a tiny budget."""
    if command.startswith("make"):
        return run_make(command, folder)
    words = shlex.split(command)
    start = 1 if words[0] == "srcnn-lightning" else 3
    arguments = [PLACEHOLDERS.get(word, word) for word in words[start:]]
    if arguments[:1] and arguments[0] in VERBS:
        return commands.run(folder, *arguments[1:], verb=arguments[0])
    if any(words in command for words in WORKERS):
        return commands.run_fresh(folder, *with_budget(arguments))
    return commands.run(folder, *with_budget(arguments))


def run_make(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The target's own recipe, with the interpreter of this test."""
    made = [*shlex.split(command), "DATA=dead_leaves", f"ARGS={shlex.join(with_budget([]))}"]
    given = ("-f", str(ROOT / "Makefile"), "-o", "setup", f"RUN={sys.executable}")
    return subprocess.run(
        [made[0], *given, *made[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


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
    elif "recipe" in keys or "+experiment=models" in arguments:
        tiny += ["data.patch_size=16", "data.batch_size=1", "data.steps_per_epoch=1"]
    if "hydra/sweeper" in keys and "hydra.sweeper.n_trials" not in keys:
        tiny.append("hydra.sweeper.n_trials=2")
    return changed + tiny


@pytest.mark.slow
@pytest.mark.parametrize("command", RUN)
def test_command_of_a_document_runs(command: str, outputs: Path) -> None:
    for path in outputs.glob("*.png"):  # which `upscale` would not replace
        path.unlink()
    result = run(command, outputs)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]


PYTHON = [
    block
    for page in PAGES
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    if not block.startswith("# mine.py")  # which commands of its page use
]


@pytest.mark.parametrize("block", PYTHON)
def test_python_of_a_document_runs(block: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:srcnn_lightning", "-c", block],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_is_run_or_has_a_reason(page: Path) -> None:
    assert unaccounted(page.read_text()) == []


def test_new_command_without_a_run_or_a_reason_is_noticed() -> None:
    page = "```sh\nmake coffee   # strong\nmake lint\n```\nor `python -m benchmarks --quick`\n"
    assert unaccounted(page) == ["make coffee", "python -m benchmarks --quick"]


def test_every_reason_is_used() -> None:
    assert {reason(command) for command in ALL_COMMANDS} - {None} == set(NOT_RUN)


def test_every_target_of_make_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {words[1] for words in map(str.split, ALL_COMMANDS) if words[0] == "make"}
    assert named <= targets


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


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_that_are_named_exist(page: Path) -> None:
    pattern = r"`([\w./=-]+?(?:\.(?:py|md|yaml|toml|lock|csv)|/))`"
    for name in set(re.findall(pattern, page.read_text())) - ELSEWHERE:
        assert any((root / name).exists() for root in (ROOT, PACKAGE, page.parent)), name


def layout() -> list[list[str]]:
    """The rows of the README's table of rooms, top floor first: `cli/`, `config.py`."""
    text = (ROOT / "README.md").read_text()
    section = text[text.index("## Layout") :]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return [re.findall(r"`([^`]+)`", row) for row in rows]


def test_layout_is_the_contract_of_the_imports() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = pyproject["tool"]["importlinter"]["contracts"]
    (layers,) = (one["layers"] for one in contracts if one["type"] == "layers")
    floors = [set(re.split(r" [|:] ", layer)) for layer in layers]
    rows = [{name.rstrip("/").removesuffix(".py") for name in row} for row in layout()]
    # The README puts rooms into one row that the contract keeps apart, never the reverse.
    assert [name for row in rows for name in sorted(row)] == [
        name for floor in floors for name in sorted(floor)
    ]


def test_layout_names_every_room_and_module() -> None:
    names = [name for row in layout() for name in row]
    modules = [path.name for path in PACKAGE.glob("*.py") if path.name != "__init__.py"]
    rooms = [f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")]
    assert sorted(names) == sorted(modules + rooms)


def steps() -> list[tuple[int, Path, str]]:
    """The steps of the walks: indentation, file, function."""
    text = (ROOT / "docs/architecture.md").read_text()
    found = re.findall(r"^( *)- `([\w/]+\.py):([\w.]+)`", text, re.MULTILINE)
    return [(len(indent), PACKAGE / file, function) for indent, file, function in found]


def test_walks_name_functions_that_exist() -> None:
    assert len(steps()) > 20
    for _, path, function in steps():
        body = ast.parse(path.read_text()).body
        for name in function.split("."):
            definitions = [node for node in body if getattr(node, "name", None) == name]
            assert definitions, f"{path.name}:{function}"
            body = getattr(definitions[0], "body", [])


def test_walks_never_climb() -> None:
    """A step is on the floor of the step that it is indented below, or on a lower one."""
    rows = [{name.rstrip("/") for name in row} for row in layout()]

    def floor(path: Path) -> int:
        top = path.relative_to(PACKAGE).parts[0]
        return next(-number for number, row in enumerate(rows) if top in row)

    above: dict[int, Path] = {}
    for indent, path, function in steps():
        caller = above.get(indent - 2)
        assert indent == 0 or caller is not None, f"{path.name}:{function}"
        assert caller is None or floor(path) <= floor(caller), f"{path.name}:{function}"
        above[indent] = path


# Runs the program, and writes who of the package has called whom, at any distance.
FOLLOW = """
import json, runpy, sys, threading
from pathlib import Path

package, pairs = sys.argv.pop(1), set()

def name(frame):
    path = frame.f_code.co_filename
    return f"{path[len(package) + 1:]}:{frame.f_code.co_qualname}" if package in path else None

def note(frame, event, argument):
    callee = name(frame) if event == "call" else None
    if callee is None:
        return
    if threading.current_thread() is not threading.main_thread():
        pairs.add(("thread", callee))
    pairs.add(("", callee))
    while frame := frame.f_back:
        pairs.add((name(frame), callee))

sys.setprofile(note)
threading.setprofile(note)
sys.path.insert(0, "")
try:
    runpy.run_module("srcnn_lightning", run_name="__main__", alter_sys=True)
finally:
    sys.setprofile(None)
    print("FOLLOWED" + json.dumps([pair for pair in pairs if None not in pair]))
"""


def follow(folder: Path, *arguments: str) -> set[tuple[str, str]]:
    """Pairs of functions of a command, caller and callee; the caller is `thread` for a thread's."""
    result = subprocess.run(
        [sys.executable, "-c", FOLLOW, str(PACKAGE), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    pairs = json.loads(result.stdout.partition("FOLLOWED")[2].splitlines()[0])
    return {(caller, callee) for caller, callee in pairs}


@pytest.mark.slow
def test_walks_are_what_the_program_does(outputs: Path) -> None:
    sweep = ("+experiment=ablation", "variant=base,tanh", "optimizer.lr=3e-4", "-m")
    images = ("data=folder", "data.root=photos", "data.cache_dir=empty", "output_dir=walks")
    pairs = follow(outputs, *with_budget([*sweep, *images])) | follow(outputs, "table", "walks")
    above: dict[int, str] = {}
    for indent, path, function in steps():
        step = f"{path.relative_to(PACKAGE)}:{function}"
        caller = above.get(indent - 2, "")
        above[indent] = step
        assert {(caller, step), ("thread", step)} & pairs, f"{caller} -> {step}"


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


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_settings_that_are_named_exist(page: Path) -> None:
    keys = settings_of_groups()
    pattern = rf"(?<![\w.+/])({'|'.join(keys)})\.([a-z_]+)(?=[=`,\s])"
    for group, key in re.findall(pattern, page.read_text()):
        assert key in keys[group], f"{group}.{key}"
