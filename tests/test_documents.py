"""The documents: each of their commands runs, or has a reason not to."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import commands
import pytest
from documents import PAGES, ROOT, commands_in, each_page, with_budget, write_photos
from PIL import Image

from srcnn_lightning.cli import VERBS

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
    "make study": "it takes hours",
    "make docs": "another test builds the site",
    "python -m benchmarks.many_runs": "it takes an hour",
    "make documents": "another test writes the documents anew",
    "python -m srcnn_lightning data=pairs": "it needs pairs, which another test makes",
    "make verify": "it takes ten minutes; its parts are tested by themselves",
    "make demo": "it takes minutes; another slow test runs it in a clone",
    "make weights": "it takes ten minutes; other tests run its commands with tiny sizes",
    "make tensorboard": "it serves until it is interrupted",
    "make screenshots": "it needs a browser and the study's runs",
    "make test": "it would run this test",
    "make test-slow": "it would run this test",
    "make test-cluster": "it starts a cluster; .ci/run does so",
    "make lint": "it is a step of its own in CI",
    "make bench": "it takes minutes; other tests run each benchmark with tiny sizes",
    "make same-results": "it takes minutes; another test compares two commits",
    "python -m benchmarks.literature": "it takes hours; another slow test runs it tiny",
    "python -m benchmarks.inference_time": "another test runs it on small networks",
    "python -m benchmarks --device cuda": "it needs a GPU",
    "python -m benchmarks --only": "it takes minutes; other tests run each benchmark tiny",
    "python -m srcnn_lightning data=dead_leaves model=srresnet recipe=srgan task": (
        "it begins at another run of its length; a test of SRGAN does so"
    ),
    "python -m srcnn_lightning +experiment=lr_grid trainer=gpu": "it needs a GPU",
    "python -m srcnn_lightning +experiment=lr_grid data=dead_leaves "
    "hydra/launcher=submitit_slurm": ("it needs a cluster; a test of `make test-cluster` runs it"),
    "srcnn-lightning +experiment=lr_grid data=dead_leaves hydra/launcher=ray": (
        "Ray cannot be installed beside joblib's launcher; a test of `make test-cluster` runs it"
    ),
}
PLACEHOLDERS = {"OUTPUTS": "outputs", "FOLDER": "folder"}
WORKERS = ("hydra/launcher=", "trainer=ddp")


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
    write_photos(folder)
    Image.open(folder / "photos/0.png").save(folder / "photo.jpg")
    own = (ROOT / "docs/own.md").read_text()
    for name in ("mine.py", "foggy.py"):
        pattern = rf"^```python\n(# {name}.*?)^```"
        (source,) = re.findall(pattern, own, re.MULTILINE | re.DOTALL)
        (folder / name).write_text(source)
    (folder / "my_conf/model").mkdir(parents=True)
    settings = "_target_: mine.Net\nname: mine\nwidth: 8\n"
    (folder / "my_conf/model/mine.yaml").write_text(settings)
    (own_network,) = (one for one in commands_in(own) if "+model.width" in one)
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


@pytest.mark.slow
@pytest.mark.parametrize("command", RUN)
def test_command_of_a_document_runs(command: str, outputs: Path) -> None:
    for path in outputs.rglob("*_x2*"):  # which `upscale` would not replace
        if path.is_file():
            path.unlink()
    result = run(command, outputs)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]


PYTHON = [
    block
    for page in PAGES
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    if not block.startswith("# mine.py")  # which commands of its page use
    and "network.onnx" not in block  # tests/test_exported_examples.py
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


@each_page
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
