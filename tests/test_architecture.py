"""The README's layout is the tree, and the walks of docs/architecture.md are what happens."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from documents import PACKAGE, ROOT, with_budget, write_photos


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
def test_walks_are_what_the_program_does(tmp_path: Path) -> None:
    sweep = ("+experiment=ablation", "variant=base,tanh", "optimizer.lr=3e-4", "-m")
    images = ("data=folder", "data.root=photos", "data.cache_dir=cache", "output_dir=walks")
    write_photos(tmp_path)
    trained = follow(tmp_path, *with_budget([*sweep, *images]))
    pairs = trained | follow(tmp_path, "table", "walks")
    above: dict[int, str] = {}
    for indent, path, function in steps():
        step = f"{path.relative_to(PACKAGE)}:{function}"
        caller = above.get(indent - 2, "")
        above[indent] = step
        assert {(caller, step), ("thread", step)} & pairs, f"{caller} -> {step}"
