"""`table --against`: a table beside a kept one."""

import pytest
from run_records import make_content, write_records
from table_command import ablation, one_sentence, table


@pytest.fixture
def outputs(tmp_path):
    return ablation(tmp_path / "outputs")


def test_table_is_compared_with_a_kept_one(outputs, tmp_path):
    kept = tmp_path / "kept.csv"
    assert table(outputs, "--format", "csv", "--output", kept, cwd=tmp_path).returncode == 0
    same = table(outputs, "--against", kept, cwd=tmp_path)
    assert (same.returncode, same.stderr) == (0, "")
    assert same.stdout.endswith("8 of 8 rows are repeated.\n")
    # A trained row of 27.25 dB that is 0.2 dB higher, and bicubic by 0.02 dB.
    write_records(outputs, [make_content("base", test_psnr=27.45)])
    write_records(outputs, [make_content("bicubic", test_psnr=26.02)])
    near = table(outputs, "--against", kept, cwd=tmp_path)
    rows = {
        line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]]
        for line in near.stdout.partition("| Row ")[2].splitlines()
        if line.startswith("|")
    }
    assert rows["Basic SRCNN"] == ["27.250", "27.450", "+0.200", "0.3", "yes"]
    assert rows["Bicubic"] == ["26.000", "26.020", "+0.020", "0.01", "no"]
    assert near.returncode == 1
    assert near.stderr == f"The rows differ from {kept} by more than the tolerance.\n"
    strict = table(outputs, "--against", kept, "--tolerance", "0.1", cwd=tmp_path)
    assert "6 of 8 rows are repeated." in strict.stdout


def test_row_that_is_gone_is_not_repeated(outputs, tmp_path):
    kept = tmp_path / "kept.csv"
    assert table(outputs, "--format", "csv", "--output", kept, cwd=tmp_path).returncode == 0
    other = tmp_path / "other"  # with a row for regularization that says it is missing
    write_records(other, [make_content("bicubic", test_psnr=26.0)])
    done = table(other, "--against", kept, cwd=tmp_path)
    assert done.returncode == 1
    assert "| missing |" in done.stdout.partition("| Row ")[2]
    assert table(other, "--format", "csv", "--output", kept, cwd=tmp_path).returncode == 0
    same = table(other, "--against", kept, cwd=tmp_path)
    assert same.stdout.endswith("1 of 1 rows are repeated.\n")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--against=none.csv",), "--against=none.csv: it cannot be read (No such file"),
        (("--against=page.html",), "--against=page.html: it has no rows; give a file that `table"),
        (("--against=other.csv",), "--against=other.csv: line 2 has no test_psnr and parameters"),
        (("--against=other.csv", "--tolerance=-1"), "--tolerance=-1.0: it must be 0 dB or more"),
    ],
)
def test_what_is_no_kept_table_is_refused(outputs, tmp_path, options, words):
    (tmp_path / "page.html").write_text("")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    done = table(outputs, *options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(words)
    assert one_sentence(done.stderr)
