import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from run_records import make_content, write_records
from table_command import ablation, one_sentence, table


@pytest.fixture
def outputs(tmp_path):
    return ablation(tmp_path / "outputs")


def test_table_is_printed_with_title_rows_and_caption(outputs, tmp_path):
    done = table(cwd=tmp_path)  # outputs/ is the default
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("**Ablation, photos, antialiased x2, 100 epochs**\n")
    lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
    labels = [line.split("|")[1].strip() for line in lines[2:]]
    assert labels[:3] == [
        "Basic SRCNN",
        "+ Regularization (0.001), the only one trained",
        "+ Tanh",
    ]
    assert len(labels) == 8
    assert " +1.250 " in lines[2]
    assert done.stdout == table(outputs, "--format", "md", cwd=tmp_path).stdout


def test_caption_says_what_the_figures_rest_on(outputs, tmp_path):
    caption = table(outputs, cwd=tmp_path).stdout.splitlines()[-1]
    for part in (
        "photos (3/1/1 train/val/test images",
        "crop 800, target 224",
        "antialiased x2",
        "100 epochs of Adam, loss mse, learning rate 0.001 (constant), batch 2",
        "initialization: default, identity",
        "20,099 parameters",
        "18.43 G multiply-adds for an input of 640x360 pixels",
        "seed 0",
        "cpu (A CPU, 2 threads)",
        "2026-11-23",
        "RGB, no border, mean over images",
    ):
        assert part in caption


def test_table_of_several_networks_has_their_costs(tmp_path):
    srcnn, wide = (make_content(None, name=name, experiment="mine") for name in ("srcnn", "wide"))
    wide["config"]["model"]["features"] = [128, 64]
    wide["hash"] = "1"
    wide["parameters"] = 44_291
    wide["cost"] |= {"multiply_adds": 40_638_873_600, "seconds_per_megapixel": 0.5}
    write_records(tmp_path / "outputs", [srcnn, wide])
    lines = table(cwd=tmp_path).stdout.splitlines()
    assert [cell.strip() for cell in lines[2].split("|")[5:-1]] == [
        "Parameters (k)",
        "Multiply-adds (G)",
        "ms/megapixel",
    ]
    assert [cell.strip() for cell in lines[4].split("|")[5:-1]] == ["20.1", "18.43", "250.0"]
    assert [cell.strip() for cell in lines[5].split("|")[5:-1]] == ["44.3", "40.64", "500.0"]
    assert "multiply-adds: for an input of 640x360 pixels; ms/megapixel: inference" in lines[-1]


def test_tables_of_two_degradations_are_apart(outputs, tmp_path):
    aliased = {"degradation": {"name": "aliased", "antialias": False, "scale": 2}}
    psnr = {"base": 23.5, "bicubic": 23.0}
    records = [make_content(name, test_psnr=p, settings=aliased) for name, p in psnr.items()]
    write_records(outputs, records)
    text = table(outputs, "--format", "json", cwd=tmp_path).stdout
    found = {part["title"]: part["rows"][0] for part in json.loads(text)}
    titles = [f"Ablation, photos, {kind} x2, 100 epochs" for kind in ("aliased", "antialiased")]
    assert sorted(found) == titles
    gains = [found[title]["gain"] for title in sorted(found)]
    assert gains == pytest.approx([0.5, 1.25])


def test_other_experiments_are_tables_without_the_paper(tmp_path):
    runs = [
        make_content(
            None,
            experiment="lr_grid",
            name=f"lr={lr}",
            test_psnr=psnr,
            settings={"optimizer.lr": lr},
        )
        for lr, psnr in ((0.01, 20.0), (0.001, 26.0))
    ]
    write_records(tmp_path / "outputs", runs)
    done = table("--format", "csv", cwd=tmp_path)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["table"] for row in rows] == ["lr_grid, photos, antialiased x2, 100 epochs"] * 2
    assert [(row["row"], row["test_psnr"]) for row in rows] == [
        ("lr=0.001", "26.0"),
        ("lr=0.01", "20.0"),
    ]
    assert "Paper" not in table(cwd=tmp_path).stdout


@pytest.mark.parametrize("kind", ["md", "csv", "tex", "json"])
def test_output_writes_what_would_be_printed(outputs, tmp_path, kind):
    file = tmp_path / "new" / "folder" / "table"
    done = table(outputs, "--format", kind, "--output", file, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert file.read_text() == table(outputs, "--format", kind, cwd=tmp_path).stdout
    assert [path.name for path in file.parent.iterdir()] == ["table"]


def test_output_that_cannot_be_written_is_refused(outputs, tmp_path):
    done = table(outputs, "--output", tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert one_sentence(done.stderr)
    assert done.stderr.startswith(f"--output={tmp_path}:")


@pytest.mark.parametrize("missing", [True, False], ids=["missing", "empty"])
def test_folder_without_runs_is_refused(tmp_path, missing):
    folder = tmp_path / "runs"
    if not missing:
        folder.mkdir()
    done = table(folder, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert one_sentence(done.stderr)
    assert done.stderr.startswith(f"OUTPUTS={folder}:")


@pytest.mark.parametrize(
    "content",
    [b"", b'{"format": 1, "name": "x', b"[]", b'{"format": 2}', b"\xff\xfe", b'{"format": 1}'],
)
def test_broken_record_is_named_and_left_out(outputs, tmp_path, content):
    whole = table(outputs, cwd=tmp_path).stdout
    broken = outputs / "ablation" / "photos-antialiased-x2" / "broken" / "metrics.json"
    broken.parent.mkdir()
    broken.write_bytes(content)
    done = table(outputs, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, whole)
    assert str(broken) in done.stderr
    assert one_sentence(done.stderr)


def test_folder_of_broken_records_alone_is_refused(tmp_path):
    broken = tmp_path / "outputs" / "run" / "metrics.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    done = table(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert str(broken.relative_to(tmp_path)) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("variant", "status"),
    [
        ("base", 0),
        ("tanh", 1),
        # Neither is above: one is bicubic's equal, one is bicubic.
        ("identity", 1),
        ("bicubic", 1),
    ],
)
def test_expect_gain_tells_by_its_status(outputs, tmp_path, variant, status):
    done = table(outputs, "--expect-gain", variant, cwd=tmp_path)
    assert done.returncode == status
    assert done.stdout.startswith("**Ablation")
    assert (variant in done.stderr) == (status == 1)


def test_expect_gain_of_no_row_names_the_rows(outputs, tmp_path):
    done = table(outputs, "--expect-gain", "nobody", cwd=tmp_path)
    assert done.returncode == 2
    assert "--expect-gain=nobody: there is no such row; choose base; " in done.stderr
    assert done.stdout == ""


def test_expect_gain_of_no_row_names_a_few_of_many(tmp_path):
    runs = [
        make_content(
            None,
            experiment="grid",
            name=f"lr={lr},momentum=0.9,loss=l1",
            settings={"optimizer.lr": lr},
        )
        for lr in range(100)
    ]
    write_records(tmp_path, runs)
    for wanted, first in (("nobody", "lr=0"), ("lr=42,momentum=0.9", "lr=42")):
        done = table(tmp_path, "--expect-gain", wanted, cwd=tmp_path)
        assert done.returncode == 2
        assert f"choose {first}, momentum=0.9; " in done.stderr
        assert done.stderr.endswith(" or one of 97 others.\n")


def test_table_that_cannot_be_printed_is_a_sentence(outputs, tmp_path):
    with Path("/dev/full").open("w") as full:
        done = table(outputs, cwd=tmp_path, stdout=full)
    assert done.returncode == 1
    assert done.stderr == "The output cannot be written (No space left on device).\n"


def test_expect_gain_fails_where_the_run_failed(tmp_path):
    write_records(tmp_path, [make_content("base", status="failed"), make_content("bicubic")])
    assert table(tmp_path, "--expect-gain", "base", cwd=tmp_path).returncode == 1


def test_expect_gain_holds_for_every_table(outputs, tmp_path):
    aliased = {"degradation": {"name": "aliased", "antialias": False, "scale": 2}}
    psnr = {"base": 22.5, "bicubic": 23.0}
    records = [make_content(name, test_psnr=p, settings=aliased) for name, p in psnr.items()]
    write_records(outputs, records)
    assert table(outputs, "--expect-gain", "base", cwd=tmp_path).returncode == 1


def test_table_needs_no_torch(outputs, tmp_path):
    # It is read in a second on a machine that trains: torch alone takes longer to import.
    code = (
        "import sys; from srcnn_lightning.cli.table import main; main(['outputs']);"
        "sys.exit(any(name in sys.modules for name in ('torch', 'lightning', 'hydra')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr


def test_table_without_a_study_goes_by_experiment(outputs, tmp_path):
    done = table("--study", "none", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("**ablation, photos, antialiased x2, 100 epochs**\n")
    assert "| base " in done.stdout
    assert not any(word in done.stdout for word in ("Paper", "Basic SRCNN", "To base"))


@pytest.mark.parametrize("verb", ["table", "report"])
def test_unknown_study_is_refused_with_the_names(outputs, tmp_path, verb):
    done = subprocess.run(
        [sys.executable, "-m", "srcnn_lightning", verb, "--study=nobodys"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "--study=nobodys: there is no such study; give one of srcnn_paper, none, or a package of "
        "your own that holds STUDY, importable from here.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["outputs"]
