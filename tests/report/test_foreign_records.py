"""Records that somebody else has written: they run nothing and lead nowhere outside the outputs."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from hostile import CANARY, TOUCH, contents, write_modules
from report_outputs import SHARED, TEST_IMAGES, make_run, psnr_of, write_pictures, write_run

from srcnn_lightning.run_record import FILE_NAME

REPORT = "report"
TABLE = "table"
SECRET = 7  # the level of pictures that are nobody's business


def nest(path: str, value: Any) -> Callable[[dict], None]:
    def changed(found: dict) -> None:
        *groups, last = path.split(".")
        for group in groups:
            found = found[group]
        found[last] = value

    return changed


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("test_images", "SECRETS/test_images/secret"),
        ("test_images", "../test_images/secret"),
        ("test_images", "test_images/../../test_images/secret"),
        ("test_images", "test_images/.."),
        ("test_images", "."),
        # Twice the same stem, so that neither picture's name is cut down to it.
        ("split.test", ["../../../../../a.png", "../../../../../a.jpg"]),
        ("split.test", ["/etc/a.png", "/etc/a.jpg"]),
        ("split.train", ["../a.png"]),
    ],
)
@pytest.mark.slow
def test_record_that_leads_outside_is_left_out(
    key: str, value: Any, command: Command, tmp_path: Path
) -> None:
    outputs = tmp_path / "outputs"
    write_run(outputs, make_run("base"))
    write_pictures(tmp_path / "test_images/secret/target", SECRET)
    found = make_run("tanh")
    if isinstance(value, str):
        value = value.replace("SECRETS", str(tmp_path))
    nest(key, value)(found)
    write_run(outputs, found, folder="hostile")
    before = contents(tmp_path)
    done = command(verb=REPORT)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Left out: outputs/hostile/{FILE_NAME} ({key}")
    assert "1 run," in done.stdout
    shutil.rmtree(tmp_path / "report")
    assert contents(tmp_path) == before


def test_pictures_of_another_folder_are_not_read(command: Command, tmp_path: Path) -> None:
    """Neither those above the outputs, of a name that a record may have."""
    outputs = tmp_path / "outputs"
    write_run(outputs, make_run("base") | {"test_images": "test_images/secret"}, folder="a/b")
    for kind in ("target", "bicubic"):
        write_pictures(tmp_path / "test_images/secret" / kind, SECRET)
    assert command(verb=REPORT).returncode == 0
    page = (tmp_path / "report/index.html").read_text()
    assert "The pictures of the targets are gone" in page
    # Where they lie in the outputs, at whatever depth, they are found.
    shutil.move(tmp_path / "test_images/secret", outputs / "test_images/secret")
    assert command(verb=REPORT).returncode == 0
    page = (tmp_path / "report/index.html").read_text()
    assert "The pictures of the targets are gone" not in page


@pytest.mark.parametrize(
    "given", ["outputs", "outputs/ablation", "outputs/ablation/photos-antialiased-x2"]
)
def test_report_of_a_part_finds_the_pictures_of_the_whole(
    given: str, command: Command, tmp_path: Path
) -> None:
    write_run(tmp_path / "outputs", make_run("base"))
    assert (tmp_path / "outputs" / SHARED / "target" / TEST_IMAGES[0]).is_file()
    assert command(given, verb=REPORT).returncode == 0
    page = (tmp_path / "report/index.html").read_text()
    assert f"{psnr_of(132):.2f} dB" in page  # bicubic's against the target, both shared
    assert "The pictures of the targets are gone" not in page


def test_names_of_a_record_make_no_paths(command: Command, tmp_path: Path) -> None:
    evil = "../../../escaped"
    found = make_run(None, name=evil, experiment=evil)
    found["data"] = evil
    write_run(tmp_path / "outputs", found, folder="hostile")
    long = make_run(None, name="x" * 500, experiment="y" * 500, seed=1)
    long["data"] = "z" * 500
    write_run(tmp_path / "outputs", long, folder="long")
    before = contents(tmp_path)
    done = command("--output=made/report", verb=REPORT)
    assert (done.returncode, done.stderr) == (0, "")
    shutil.rmtree(tmp_path / "made")
    assert contents(tmp_path) == before
    assert not list(tmp_path.parent.glob("escaped*"))


def test_targets_of_a_record_are_words(command: Command, tmp_path: Path) -> None:
    write_modules(tmp_path)
    outputs = tmp_path / "outputs"
    for place, target in enumerate(("planted.Neighbour", "os.system")):
        found = make_run(None, name=target, seed=place)
        found["config"]["model"] = {"_target_": target, "name": "x", "command": TOUCH}
        found["config"]["optimizer"] |= {"_target_": target, "command": TOUCH}
        found["config"]["logger"] = {"_target_": target, "command": TOUCH}
        write_run(outputs, found)
    for verb in (REPORT, TABLE):
        assert command(verb=verb).returncode == 0
    assert not (tmp_path / CANARY).exists()
