"""The study's tables and findings in the documents are those of the kept records."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """docs/tables.py as a module."""
    spec = importlib.util.spec_from_file_location("tables_of_documents", ROOT / "docs/tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def study(script: ModuleType) -> object:
    return script.Study()


def test_pages_are_what_the_records_give(script: ModuleType, study: object) -> None:
    for page, text in script.pages(study).items():
        assert page.read_text(encoding="utf-8") == text, page.name


def test_kept_table_is_what_the_records_give(script: ModuleType, study: object) -> None:
    tables = [*study.tables.values()]  # type: ignore[attr-defined]
    kept = (ROOT / "docs/study.csv").read_text(encoding="utf-8")
    assert kept == script.comma_separated(tables)


def test_every_part_is_shown_once(script: ModuleType) -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in script.PAGES)
    assert sorted(name for _, name, _ in script.PART.findall(text)) == sorted(script.PARTS)


def test_changed_number_is_written_back(script: ModuleType, study: object) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    changed = re.sub(r"(Basic SRCNN +\| )\d\d\.", r"\g<1>99.", text)
    assert changed != text
    start = text.index("<!-- converged -->")
    assert script.written_anew(changed, study)[start:] == text[start:]


def test_kept_records_name_no_folder_of_a_machine(script: ModuleType) -> None:
    for path in script.RECORDS.rglob("metrics.json"):
        text = path.read_text(encoding="utf-8")
        assert '"root":null' in text
        assert '"output_dir":"outputs"' in text
        assert not re.search(r'"/\w+/', text), path


def test_best_value_so_far_is_over_the_first_epochs(script: ModuleType, study: object) -> None:
    run = study.variant("base", 500)[0]  # type: ignore[attr-defined]
    values = [epoch["val_psnr"] for epoch in run.history]
    assert script.best_so_far(run, 3) == max(values[:3])
    assert script.best_so_far(run, 500) == run.metrics["max_val_psnr"]
