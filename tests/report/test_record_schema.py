import copy
import json

import pytest
from report_outputs import make_run
from run_records import make_record

from srcnn_lightning.cli.report import make_report
from srcnn_lightning.report.comparable_runs import read_all
from srcnn_lightning.report.figures.figure_selection import curve_figures
from srcnn_lightning.report.paper_checks import check_paper
from srcnn_lightning.report.record_schema import MOST_EPOCHS, fault
from srcnn_lightning.report.seed_groups import by_images, seed_groups
from srcnn_lightning.report.tables.collect import tables
from srcnn_lightning.report.tables.formats import FORMATS

GONE = "(gone)"
VALUES = (GONE, None, ["x"], "a text", -7, 3.5, 10**11, 10**400)


def places(value, place=()):
    """The path of every key, and of the first entry of every list."""
    below = value.items() if isinstance(value, dict) else ()
    below = [*enumerate(value)][:1] if isinstance(value, list) else below
    for key, one in below:
        yield (*place, key)
        yield from places(one, (*place, key))


def changed(found, place, value):
    found = copy.deepcopy(found)
    at = found
    for key in place[:-1]:
        at = at[key]
    if value == GONE:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    return found


def good(variant="base"):
    return make_run(variant, settings={"init_from": None})


def read(outputs, *records):
    """Written as text, for a record of a broken program is not what `record.write` makes."""
    for place, found in enumerate(records):
        folder = outputs / str(place)
        folder.mkdir(parents=True)
        (folder / "metrics.json").write_text(json.dumps({"format": 1, **found}))
    return read_all(outputs)


def with_company(found):
    return [
        {**one, "folder": None} for one in (found, make_run("base", seed=1), make_run("bicubic"))
    ]


@pytest.mark.parametrize("status", ["finished", "diverged", "failed"])
@pytest.mark.parametrize("variant", ["base", "l2_1e-3", "bicubic", None])
def test_record_of_a_run_has_no_fault(variant, status):
    assert fault(make_record(variant, status=status)) is None
    assert fault(make_run(variant, status=status)) is None


def test_record_of_a_network_of_ones_own_has_no_fault():
    own = {"_target_": "mine.Network", "width": [8, 8], "deep": {"er": None}}
    optimizer = {"_target_": "torch.optim.SGD", "lr": 1, "momentum": 0.9}
    found = make_record(None, settings={"model": own, "optimizer": optimizer})
    assert fault({**found, "of_a_later_version": [{}]}) is None


def test_figures_that_were_not_finite_are_null():
    found = make_run("base")
    found["metrics"] |= {"test_psnr": None, "max_val_psnr": None}
    found["history"][0] |= {"val_loss": None, "val_psnr": None}
    found["per_image"][0]["psnr"] = None
    assert fault(found) is None


@pytest.mark.parametrize("variant", ["base", "l2_1e-3"])
def test_whatever_has_no_fault_makes_tables_and_figures(variant, monkeypatch):
    monkeypatch.setattr("srcnn_lightning.report.statistics.RESAMPLES", 1_000)
    crashes, sound = [], 0
    for place in places(good(variant)):
        for value in VALUES:
            found = changed(good(variant), place, value)
            if fault(found) is not None:
                continue
            sound += 1
            try:
                shown = tables(with_company(found))
                for write in FORMATS.values():
                    write(shown)
                for runs in by_images(with_company(found)):
                    curve_figures(seed_groups(runs))
                    check_paper({"photos": seed_groups(runs)})
            except Exception as error:
                crashes.append((place, value, repr(error)))
    assert crashes == []
    assert sound > 150  # most of the keys are for people alone


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("experiment",), GONE),
        (("hash",), None),
        (("status",), "running"),
        (("variant",), 3.5),
        (("data",), ["x"]),
        (("config",), "a text"),
        (("config", "seed"), GONE),
        (("config", "seed"), 2.0),
        (("config", "seed"), True),
        (("config", "model"), None),
        (("config", "model", "_target_"), GONE),
        (("config", "degradation", "antialias"), GONE),
        (("config", "degradation", "kernel"), ["x"]),
        (("config", "optimizer", "lr"), "a text"),
        (("config", "optimizer", "lr"), 10**400),
        (("config", "optimizer", "weight_decay"), None),
        (("config", "trainer", "max_epochs"), 0),
        (("config", "trainer", "precision"), ["x"]),
        (("config", "init_from"), ["x"]),
        (("config", "seed"), 10**400),
        (("split", "test"), GONE),
        (("split", "test", 0), None),
        (("metrics",), GONE),
        (("metrics", "test_psnr"), GONE),
        (("metrics", "test_psnr"), "a text"),
        (("per_image",), GONE),
        (("per_image", 0, "name"), GONE),
        (("per_image", 0, "psnr"), float("inf")),
        (("parameters",), GONE),
        (("history", 0, "epoch"), 0),
        (("history", 0, "epoch"), 2.0),
        (("history", 0, "epoch"), MOST_EPOCHS + 1),  # a curve of as many points
        (("history", 0, "val_loss"), GONE),
        (("environment", "versions"), ["x"]),
        (("durations", "fit_s"), None),
        (("date",), -7),
        (("test_images",), None),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else str(value)[:9],
)
def test_fault_is_named_with_its_place(tmp_path, place, value):
    found = changed(good(), place, value)
    what = fault(found)
    # What is gone is named from where it is missing.
    where, missing = (place[:-1], place[-1]) if value == GONE else (place, None)
    assert what.startswith(".".join(map(str, where)))
    assert missing is None or repr(missing) in what
    assert len(what) <= 200
    records, left_out = read(tmp_path, found, make_run("tanh"))
    assert [one["variant"] for one in records] == ["tanh"]
    assert left_out == [f"Left out: {tmp_path / '0' / 'metrics.json'} ({what})."]


def test_record_that_did_not_finish_needs_no_figures():
    for status in ("diverged", "failed"):
        found = make_run("base", status=status)
        for name in ("metrics", "per_image", "parameters", "history", "environment"):
            found.pop(name, None)
        assert fault(found) is None
        assert "'metrics'" in fault({**found, "status": "finished"})


@pytest.mark.parametrize(
    ("variant", "changes"),
    [
        # Each may be so, and together they are everything that a record may lack.
        (
            "base",
            [
                *((name,) for name in ("date", "test_images", "history", "epochs")),
                *((name,) for name in ("environment", "durations")),
                ("config", "optimizer", "weight_decay"),
            ],
        ),
        ("l2_1e-3", [("config", "optimizer", "weight_decay"), ("environment", "device_name")]),
        ("bicubic", [("config", "model", "kernel"), ("config", "model", "name")]),
    ],
    ids=["base", "l2", "bicubic"],
)
def test_report_of_a_record_that_lacks_what_it_may_is_made(tmp_path, variant, changes):
    found = good(variant)
    for place in changes:
        found = changed(found, place, GONE)
    records, left_out = read(tmp_path, found, make_run("tanh"))
    assert (len(records), left_out) == (2, [])
    assert {"index.html", "table.tex"} <= {*make_report(records, left_out, tmp_path / "report")}


@pytest.mark.parametrize("value", [None, -7, 1e30])
def test_report_of_senseless_figures_is_made(tmp_path, value):
    found = good()
    for epoch in found["history"]:
        epoch |= {"val_loss": value, "val_psnr": value}
    found["metrics"] = dict.fromkeys(found["metrics"], value)
    for image in found["per_image"]:
        image["psnr"] = value
    records, left_out = read(tmp_path, found, make_run("bicubic"))
    assert (len(records), left_out) == (2, [])
    assert "index.html" in make_report(records, left_out, tmp_path / "report")


def test_report_of_diverged_runs_without_a_single_figure_is_made(tmp_path):
    found = make_run("base", status="diverged")
    for epoch in found["history"]:
        epoch |= {"val_loss": None, "val_psnr": None}
    records, left_out = read(tmp_path, found)
    assert "index.html" in make_report(records, left_out, tmp_path / "report")
