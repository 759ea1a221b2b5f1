import errno
import json
import multiprocessing
import os
import resource
import shutil
import time
from pathlib import Path

import pytest

from srcnn_lightning.errors import BadInput
from srcnn_lightning.report import folder

FILES = {"index.html": b"<p>1", "table.md": b"1", "figures/photos/figure_4.svg": b"<svg>1"}
NEXT = {"index.html": b"<p>2", "figures/others/gains.svg": b"<svg>2"}


def content(place):
    """Every file below a folder, but the list, by its path."""
    return {
        path.relative_to(place).as_posix(): path.read_bytes()
        for path in place.rglob("*")
        if path.is_file() and path.name != folder.LIST
    }


@pytest.fixture
def report(tmp_path):
    """A report in a folder that holds nothing else."""
    place = tmp_path / "in" / "report"
    folder.replace(place, FILES)
    return place


def alone(report):
    """Nothing lies beside it."""
    return [path.name for path in report.parent.iterdir()] == [report.name]


def test_report_is_written_whole(report):
    folder.check(report)
    assert content(report) == FILES
    assert {*json.loads((report / folder.LIST).read_text())} == {*FILES, folder.LIST}
    assert alone(report)


def test_next_report_takes_the_place_of_the_last(report):
    folder.replace(report, NEXT)
    assert content(report) == NEXT
    assert not (report / "figures" / "photos").exists()
    assert alone(report)


def test_empty_folder_is_taken(tmp_path):
    folder.check(tmp_path)
    (tmp_path / "report").mkdir()
    folder.check(tmp_path / "report")
    folder.replace(tmp_path / "report", FILES)
    assert content(tmp_path / "report") == FILES


def test_foreign_files_stay_where_they_are(report, tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "kept.txt").write_text("kept")
    (report / "notes.txt").write_text("mine")
    (report / "notes.txt").chmod(0o640)
    (report / "figures" / "photos" / "own.png").write_bytes(b"own")
    (report / ".git" / "deep").mkdir(parents=True)
    (report / ".git" / "deep" / "HEAD").write_text("main")
    (report / "far").symlink_to(tmp_path / "far")  # a folder elsewhere
    (report / "gone").symlink_to("nowhere")
    for files in (NEXT, FILES, NEXT):
        folder.replace(report, files)
        foreign = {name: text for name, text in content(report).items() if name not in files}
        assert foreign == {
            "notes.txt": b"mine",
            "figures/photos/own.png": b"own",
            ".git/deep/HEAD": b"main",
        }
        assert (report / "notes.txt").stat().st_mode & 0o777 == 0o640
        assert (report / "far").readlink() == tmp_path / "far"
        assert str((report / "gone").readlink()) == "nowhere"
    assert (tmp_path / "far" / "kept.txt").read_text() == "kept"
    # What no report has written is never on the list of what the next one may replace.
    assert {*json.loads((report / folder.LIST).read_text())} == {*NEXT, folder.LIST}


def test_link_to_the_folder_stays_one(report, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(report)
    folder.check(link)
    folder.replace(link, NEXT)
    assert link.is_symlink()
    assert content(report) == NEXT


def full_of_photos(place):
    place.mkdir()
    (place / "holiday.jpg").write_bytes(b"irreplaceable")


def with_a_hidden_file(place):
    place.mkdir()
    (place / ".bashrc").write_text("")


def with_a_list_of(text):
    def make(place):
        full_of_photos(place)
        (place / folder.LIST).write_text(text)

    return make


def with_a_folder_for_a_list(place):
    (place / "x" / folder.LIST).mkdir(parents=True)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda place: place.write_text("a file"), id="a file"),
        pytest.param(full_of_photos, id="photos"),
        pytest.param(with_a_hidden_file, id="hidden file"),
        pytest.param(with_a_folder_for_a_list, id="list one folder down"),
        *(
            pytest.param(with_a_list_of(text), id=f"list of {text!r}")
            for text in (
                "",
                "{",
                "5",
                "null",
                "[]",
                "[[]]",
                '{".report.json": 1}',
                '["index.html"]',
            )
        ),
    ],
)
def test_what_no_report_has_written_is_refused(tmp_path, make):
    place = tmp_path / "report"
    make(place)
    before = place.read_bytes() if place.is_file() else content(place)
    for refusing in (folder.check, lambda path: folder.replace(path, FILES)):
        with pytest.raises(BadInput, match=r"^--output=.*; give .*\.$"):
            refusing(place)
        assert (place.read_bytes() if place.is_file() else content(place)) == before
        assert alone(place)


def test_current_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for spelled in (Path(), Path("../") / tmp_path.name, tmp_path):
        with pytest.raises(BadInput, match="it is the folder you are in"):
            folder.check(spelled)


def test_folder_filled_after_the_check_is_refused(tmp_path):
    # The check is made before minutes of work.
    place = tmp_path / "report"
    folder.check(place)
    full_of_photos(place)
    with pytest.raises(BadInput, match="holds files that no report has written"):
        folder.replace(place, FILES)
    assert content(place) == {"holiday.jpg": b"irreplaceable"}


def test_full_disk_leaves_the_last_report(report):
    (report / "notes.txt").write_text("mine")
    before = content(report)
    large = {"index.html": b"x" * 100_000, **NEXT, "table.md": b"x" * 100_000}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(OSError) as refusal:
            folder.replace(report, large)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert refusal.value.errno == errno.EFBIG
    assert content(report) == before
    assert alone(report)
    folder.replace(report, large)
    assert content(report) == {**large, "notes.txt": b"mine"}


@pytest.mark.parametrize("number", [1, 2])
def test_renaming_that_fails_leaves_the_last_report(report, monkeypatch, number):
    real, calls = Path.rename, []

    def rename(path, target):
        calls.append(path)
        if len(calls) == number:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(PermissionError):
        folder.replace(report, NEXT)
    assert content(report) == FILES
    assert alone(report)


def test_foreign_file_that_cannot_be_copied_leaves_the_last_report(report, monkeypatch):
    (report / "notes.txt").write_text("mine")

    def copy(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copy2", copy)
    with pytest.raises(OSError, match="No space left"):
        folder.replace(report, NEXT)
    assert content(report) == {**FILES, "notes.txt": b"mine"}
    assert alone(report)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_parent_that_cannot_be_written_leaves_the_last_report(report):
    report.parent.chmod(0o500)
    try:
        with pytest.raises(PermissionError):
            folder.replace(report, NEXT)
        assert content(report) == FILES
    finally:
        report.parent.chmod(0o700)
    assert alone(report)


def write_often(place, text, barrier):
    real = Path.rename

    def slow(path, target):  # time for the other to come between
        time.sleep(0.02)
        return real(path, target)

    Path.rename = slow  # of this process alone
    barrier.wait()
    for _ in range(4):
        folder.replace(place, {f"{number}.txt": text for number in range(10)})


def test_two_processes_at_once_leave_one_whole_report(tmp_path):
    place = tmp_path / "in" / "report"
    folder.replace(place, {"0.txt": b"before"})
    (place / "notes.txt").write_text("mine")
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    writers = [
        context.Process(target=write_often, args=(place, text, barrier)) for text in (b"a", b"b")
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    found = content(place)
    assert found.pop("notes.txt") == b"mine"
    assert {*found} == {f"{number}.txt" for number in range(10)}
    assert len({*found.values()}) == 1
    assert alone(place)


def test_report_after_a_kill_finds_the_last_one(tmp_path):
    """Between its two renames a killed process leaves the last report under another name."""
    report = tmp_path / "report"
    folder.replace(report, {"index.html": b"first"})
    (report / "notes.txt").write_text("mine")
    report.rename(tmp_path / ".report.old")
    (tmp_path / ".report.new").mkdir()
    (tmp_path / ".report.new/index.html").write_text("half")
    folder.replace(report, {"index.html": b"second"})
    assert (report / "index.html").read_bytes() == b"second"
    assert (report / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
