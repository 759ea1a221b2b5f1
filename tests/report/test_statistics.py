import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from run_records import make_record, variant_groups, variant_rows

from srcnn_lightning.report import statistics
from srcnn_lightning.report.statistics import interval, paired_difference
from srcnn_lightning.report.tables.caption import caption
from srcnn_lightning.report.tables.formats import Table, cells, comma_separated, latex, markdown

STEPS = [0.0, 0.5, -0.25, 1.0]


def run(variant, psnr, seed=0, **changes):
    """A record with these PSNRs by image."""
    found = make_record(variant, seed=seed, **changes)
    return replace(found, per_image=[{"name": n, "psnr": p} for n, p in psnr.items()])


def images(*psnr):
    return {f"{place}.png": value for place, value in enumerate(psnr)}


def test_equal_differences_have_no_width():
    assert interval(np.full((3, 5), 0.25)) == (0.25, 0.25)


@pytest.mark.parametrize("shape", [(1, 2), (2, 1)])
def test_two_values_give_the_ends_of_the_distribution_of_three_points(shape):
    # Drawn twice from {1, 4}: 1 and 4 each in a quarter of the cases, 2.5 in half of them.
    assert interval(np.array([4.0, 1.0]).reshape(shape)) == (1.0, 4.0)


def test_interval_is_95_percent_of_a_binomial_distribution():
    # Two images of twenty have 20 dB, so the mean is how often they are drawn: Bin(20, 1/10), with
    # P(0) = 0.122, P(<= 4) = 0.957 and P(<= 5) = 0.989. 90 percent would give 4, 99 percent 6.
    differences = np.zeros((1, 20))
    differences[0, [3, 11]] = 20
    assert interval(differences) == (0.0, 5.0)


def test_seeds_and_images_are_drawn_independently():
    # Crossed, the cell of 16 is drawn four times of four with 1/4 * 1/4 = 0.0625, and 0.0625 / 2
    # is more than 0.025; four cells drawn one by one reach 12 alone (P(16) = 1/256).
    assert interval(np.array([[0.0, 0.0], [0.0, 16.0]])) == (0.0, 16.0)


def test_interval_is_the_same_each_time():
    differences = np.random.default_rng(5).normal(0, 1, (3, 20))
    assert interval(differences) == interval(differences.copy())


def test_seeds_that_disagree_widen_the_interval():
    pattern = np.random.default_rng(1).normal(0.1, 0.05, 20)
    agreeing = np.tile(pattern, (4, 1))
    disagreeing = agreeing + np.array([[-0.3], [-0.1], [0.1], [0.3]])
    low, high = interval(agreeing)
    assert interval(agreeing.mean(0, keepdims=True)) == pytest.approx((low, high), abs=0.003)
    wide_low, wide_high = interval(disagreeing)
    # The standard error of the seeds' mean is sqrt(0.05 / 4) = 0.11, of the images' 0.01.
    assert wide_high - wide_low > 4 * (high - low)
    assert wide_high - wide_low == pytest.approx(2 * 1.96 * 0.112, rel=0.15)


def test_19_of_20_intervals_hold_the_truth(monkeypatch):
    monkeypatch.setattr(statistics, "RESAMPLES", 1_000)
    generator = np.random.default_rng(2026)
    samples = generator.normal(0.1, 0.3, (400, 1, 60))
    held = [low <= 0.1 <= high for low, high in map(interval, samples)]
    # The standard error of 400 trials is 0.011; percentile intervals are a little narrow.
    assert np.mean(held) == pytest.approx(0.945, abs=0.03)


def test_interval_over_seeds_holds_what_one_over_images_alone_would_miss(monkeypatch):
    monkeypatch.setattr(statistics, "RESAMPLES", 1_000)
    generator = np.random.default_rng(7)
    # Nothing but luck of the start: on average no difference.
    luck = generator.normal(0, 0.2, (150, 6, 1)) + generator.normal(0, 0.1, (150, 1, 20))
    crossed = np.mean([low <= 0 <= high for low, high in map(interval, luck)])
    alone = np.mean([low <= 0 <= high for low, high in map(interval, luck.mean(1, keepdims=True))])
    # Six seeds are few: as often as |t| of 5 degrees of freedom is below 1.96 * sqrt(5 / 6), 87
    # percent. Images alone: |z| below 1.96 * 0.022 / sqrt(0.2^2 / 6 + 0.022^2), 39 percent.
    assert 0.78 < crossed < 0.93
    assert alone < 0.5


def test_difference_is_paired_by_image_whatever_the_order():
    base = images(20, 25, 30, 35)
    ours = {name: base[name] + 0.5 for name in reversed(base)}
    found = paired_difference([run("tanh", ours)], [run("base", base)])
    # Unpaired, the interval would be many dB wide.
    assert (found.mean, found.low, found.high) == (0.5, 0.5, 0.5)
    assert (found.seeds, found.images) == (1, 4)
    assert not found.holds_zero


def test_difference_is_paired_by_seed_whatever_the_order():
    base = [run("base", images(20 + 5 * seed, 30), seed) for seed in (0, 1, 2)]
    ours = [run("tanh", images(20.25 + 5 * seed, 30.25), seed) for seed in (2, 0, 1)]
    found = paired_difference(ours, base)
    assert (found.mean, found.low, found.high) == (0.25, 0.25, 0.25)
    assert (found.seeds, found.images) == (3, 2)


def test_difference_has_the_sign_of_ours_minus_base():
    found = paired_difference([run("tanh", images(19, 29))], [run("base", images(20, 30))])
    assert (found.mean, found.low, found.high) == (-1, -1, -1)


def test_only_seeds_of_both_are_compared():
    base = [run("base", images(20, 30), seed) for seed in (0, 1)]
    ours = [run("tanh", images(21, 31), 1), run("tanh", images(90, 90), 2)]
    found = paired_difference(ours, base)
    assert (found.mean, found.seeds) == (1, 1)


def test_baseline_stands_against_every_seed():
    base = [run("base", images(24, 30), 3), run("base", images(26, 32), 4)]
    found = paired_difference([run("bicubic", images(22, 28), 0)], base)
    # -2 with one seed and -4 with the other: the mean over both, and their spread.
    assert (found.mean, found.low, found.high) == (-3, -4, -2)
    assert (found.seeds, found.images) == (2, 2)


def test_images_without_a_finite_psnr_in_any_run_are_left_out():
    base = [run("base", images(20, None, 30, 40), 0), run("base", images(20, 25, 30, 40), 1)]
    ours = [run("tanh", images(21, 99, 31, 41), 0), run("tanh", images(21, 99, None, 41), 1)]
    found = paired_difference(ours, base)
    assert (found.mean, found.low, found.high) == (1, 1, 1)
    assert (found.seeds, found.images) == (2, 2)


@pytest.mark.parametrize(
    ("ours", "base"),
    [
        ([], [run("base", images(20))]),
        ([run("tanh", images(20))], []),
        ([run("bicubic", images(20))], []),
        ([run("tanh", images(20), 1)], [run("base", images(20), 0)]),
        ([run("tanh", {"a.png": 20})], [run("base", {"b.png": 20})]),
        ([run("tanh", images(None))], [run("base", images(20))]),
    ],
    ids=["no runs", "no base", "baseline alone", "other seeds", "other images", "no finite PSNR"],
)
def test_nothing_shared_is_no_difference(ours, base):
    assert paired_difference(ours, base) is None


@pytest.mark.parametrize(
    ("gains", "holds"),
    [
        (STEPS, True),
        ([1.0, 1.5, 2.0, 2.5], False),
        ([-1.0, -1.5, -2.0, -2.5], False),
        ([0.0, 0.0, 0.0, 0.0], True),
        ([0.0, 0.0, 1.0, 1.0], True),  # four of the first two in 1 of 16 cases: 0 is its low end
    ],
)
def test_difference_is_marked_exactly_when_its_interval_holds_0(gains, holds):
    base = images(20, 25, 30, 35)
    ours = {name: psnr + gain for (name, psnr), gain in zip(base.items(), gains, strict=True)}
    table = table_of([run("base", base), run("tanh", ours)])
    to_base = next(row.to_base for row in table.rows if row.variant == "tanh")
    assert (to_base.low <= 0 <= to_base.high) is holds
    for write in (markdown, latex):
        lines = write([table]).splitlines()
        (line,) = [line for line in lines if line.lstrip(" |").startswith("+ Tanh")]
        assert ("n.s." in line) is holds
    values = csv_row(table, "tanh")
    found = [float(values[name]) for name in ("to_base", "to_base_low", "to_base_high")]
    assert found == [to_base.mean, to_base.low, to_base.high]
    assert found[0] == pytest.approx(np.mean(gains))


def test_cell_shows_mean_and_interval():
    table = table_of([run("base", images(20, 30)), run("tanh", images(19, 31.5))])
    assert column(table)["+ Tanh"] == "+0.250 [-1.000, +1.500] n.s."


def test_base_is_not_compared_with_itself():
    table = table_of([run("base", images(20, 30)), run("bicubic", images(19, 28.5))])
    assert column(table)["Basic SRCNN"] == ""
    assert column(table)["Bicubic"] == "-1.250 [-1.500, -1.000]"
    values = csv_row(table, "base")
    assert {values[name] for name in ("to_base", "to_base_low", "to_base_high")} == {""}


def test_table_without_base_has_no_such_column():
    table = table_of([run("tanh", images(20, 30)), run("bicubic", images(19, 28.5))])
    assert "To base [95 %]" not in cells(table)[0]
    assert "bootstrap" not in table.caption


def test_factor_that_stands_for_the_regularization_is_compared_too():
    psnr = images(20, 30)
    weak = run("l2_1e-6", images(20.5, 30.5), max_val_psnr=28.0)
    table = table_of([run("base", psnr), weak, run("l2_1e-2", images(15, 15))])
    (row,) = [row for row in table.rows if row.variant == "l2"]
    assert row.to_base.mean == 0.5


def test_caption_says_what_an_interval_rests_on():
    one = [run("base", images(20, 30, 31)), run("tanh", images(19, 31, 30))]
    assert "3 test images and one seed, so silent about other seeds" in table_of(one).caption
    again = [run("base", images(20, 30, 32), 1), run("tanh", images(19, 31, 30), 1)]
    several = table_of([*one, *again]).caption
    assert "3 test images and 2 seeds that both have (so few make it too narrow)" in several
    assert "silent" not in several
    assert "n.s.: the interval holds 0" in several


def table_of(records):
    (runs,) = variant_groups(records)
    rows = variant_rows(runs)
    return Table("Ablation", caption(runs, rows), rows)


def column(table):
    """The cells of the comparison, by the row's label."""
    head, body = cells(table)
    place = head.index("To base [95 %]")
    return {line[0]: line[place] for line in body}


def csv_row(table, variant):
    lines = csv.DictReader(io.StringIO(comma_separated([table])))
    return next(line for line in lines if line["variant"] == variant)
