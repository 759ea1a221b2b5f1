"""The tables of the documents are those of the kept files."""

import csv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def number(text: str, digits: int) -> str:
    return f"{float(text):.{digits}f}" if text else ""


def test_readmes_first_table_is_the_kept_one() -> None:
    with (ROOT / "docs/verify.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["test_psnr"]]
    wanted = []
    for row in rows:
        cells = [row["row"]]
        for name in ("max_val_psnr", "test_psnr"):
            deviation = number(row[f"{name}_std"], 3)
            cells.append(number(row[name], 3) + (f" ± {deviation}" if deviation else ""))
        wanted.append([*cells, f"{float(row['gain']):+.3f}"])
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("docs/verify.csv")[2].partition("Table 1 of the paper")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    assert [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]] == wanted


def test_kept_tables_settings_are_those_that_make_verify_trains_with() -> None:
    with (ROOT / "docs/verify.csv").open(newline="") as file:
        caption = next(csv.DictReader(file))["caption"]
    makefile = (ROOT / "Makefile").read_text()
    settings = makefile.partition("VERIFY :=")[2].partition("\n\n")[0]
    for setting, words in (
        ("data.crop=400", "centre crop 400"),
        ("data.target_size=112", "target 112"),
        ("trainer.max_epochs=30", "30 epochs of Adam"),
        ("seed=0,1,2", "seed 0, 1, 2"),
    ):
        assert setting in settings
        assert words in caption
