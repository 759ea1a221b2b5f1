import math
from dataclasses import replace

import pytest
from run_records import make_record, seed_groups

from srcnn_lightning.studies.srcnn_paper.paper_checks import Gaps, check_paper, decibels

ALIASED = {"degradation": {"name": "aliased", "antialias": False, "scale": 2}}
# Losses whose PSNR is 20, 21, 22 and so on, dB.
LOSS = {psnr: 10 ** (-psnr / 10) for psnr in range(18, 31)}
ROWS = [
    "Basic SRCNN",
    "+ Regularization",
    "+ Tanh",
    "+ Batch Norm",
    "Bicubic",
    "Bilinear",
    "Nearest neighbor",
]


def baselines(nearest, bilinear, bicubic=24, **changes):
    """Settings of three baselines, by the PSNR of their loss."""
    psnr = {"nearest": nearest, "bilinear": bilinear, "bicubic": bicubic}
    return seed_groups(
        [
            make_record(kernel, test_loss=10 ** (-value / 10), test_psnr=value + 1, **changes)
            for kernel, value in psnr.items()
        ]
    )


def test_loss_as_decibels():
    assert decibels(0.01) == 20
    assert decibels(1.0) == 0
    assert decibels(0.0) == math.inf
    # 10 * log10(1 / 0.0064324) = 10 * 2.191627
    assert decibels(0.0064324) == pytest.approx(21.91627, abs=1e-5)


def test_papers_losses_as_psnr():
    rows = check_paper({}).paper_rows
    assert [row.label for row in rows] == ROWS
    # log10 of 6.4324, 6.4412, 6.6215, 10.0244, 6.6051, 7.4545 and 14.747, in thousandths, by hand.
    by_hand = [21.916, 21.910, 21.790, 19.989, 21.801, 21.276, 18.313]
    assert [row.from_loss for row in rows] == pytest.approx(by_hand, abs=6e-4)
    base, bicubic = rows[0], rows[4]
    assert f"{base.from_loss:.2f}" == "21.92"
    assert base.excess == pytest.approx(26.442 - 21.916, abs=1e-3)
    assert bicubic.excess == pytest.approx(23.226 - 21.801, abs=1e-3)


def test_papers_gaps():
    paper = check_paper({}).paper
    shown = (paper.nearest, paper.bilinear, paper.base_from_loss, paper.base_from_psnr)
    assert [f"{gap:.2f}" for gap in shown] == ["3.49", "0.53", "0.12", "3.22"]


def test_gaps_of_runs_are_from_their_mean_figures():
    records = [
        make_record("bicubic", test_loss=LOSS[24], test_psnr=25.5),
        make_record("bilinear", test_loss=LOSS[23], test_psnr=20.0),
        make_record("nearest", test_loss=LOSS[20], test_psnr=30.0),
        make_record("base", seed=0, test_loss=LOSS[26] * 1.5, test_psnr=26.0),
        make_record("base", seed=1, test_loss=LOSS[26] * 0.5, test_psnr=28.0),
    ]
    found = check_paper({"photos": seed_groups(records)})
    (gaps,) = found.ours
    assert (gaps.name, gaps.antialias) == ("photos", True)
    # The mean of the losses is converted to PSNR, not the mean of two PSNRs.
    measured = (gaps.nearest, gaps.bilinear, gaps.base_from_loss, gaps.base_from_psnr)
    assert measured == pytest.approx((4, 1, 2, 1.5))
    rows = {row.label: (row.from_loss, row.excess) for row in found.our_rows["photos"]}
    assert rows["Basic SRCNN"] == pytest.approx((26, 1))
    assert rows["Bicubic"] == pytest.approx((24, 1.5))
    assert found.excesses == pytest.approx((-3, 10))


def test_runs_of_no_row_of_the_paper_have_no_part():
    extra = [
        make_record("identity"),
        make_record("mine", settings={"model.features": [128, 64]}),
        make_record(None, settings={"optimizer.lr": 0.1}),
    ]
    found = check_paper({"photos": seed_groups(extra)})
    assert (found.ours, found.our_rows, found.excesses) == ([], {}, None)


@pytest.mark.parametrize(
    ("variants", "known"),
    [
        (["bicubic", "nearest"], {"nearest"}),
        (["bicubic", "bilinear"], {"bilinear"}),
        (["base", "bicubic"], {"base_from_loss", "base_from_psnr"}),
        (["base", "nearest", "bilinear"], set()),
        (["bicubic"], set()),
    ],
)
def test_missing_rows_leave_their_gaps_empty(variants, known):
    records = [make_record(variant) for variant in variants]
    missing = [make_record("bicubic" if "bicubic" not in variants else "tanh", status="failed")]
    (gaps,) = check_paper({"photos": seed_groups(records + missing)}).ours
    names = ("nearest", "bilinear", "base_from_loss", "base_from_psnr")
    assert {name for name in names if getattr(gaps, name) is not None} == known
    assert gaps.distance(check_paper({}).paper) is None


def test_run_without_a_finite_figure_is_left_out():
    records = [make_record("bicubic", test_psnr=None), make_record("nearest", test_loss=None)]
    assert check_paper({"photos": seed_groups(records)}).ours == []


def test_of_several_lengths_the_best_stands():
    records = [
        make_record(
            "base",
            test_loss=LOSS[psnr],
            test_psnr=float(psnr),
            max_val_psnr=float(psnr),
            settings={"trainer.max_epochs": epochs},
        )
        for psnr, epochs in ((25, 5), (28, 100), (26, 50))
    ]
    bicubic = make_record("bicubic", test_loss=LOSS[24], test_psnr=24.0)
    found = check_paper({"photos": seed_groups([*records, bicubic])})
    assert found.ours[0].base_from_loss == pytest.approx(4)
    assert len(found.our_rows["photos"]) == 4


def test_distance_is_the_root_mean_square_of_both_gaps():
    here, there = Gaps("here", nearest=3, bilinear=1), Gaps("there", nearest=0, bilinear=5)
    assert here.distance(there) == there.distance(here) == pytest.approx(math.sqrt(25 / 2))
    assert here.distance(Gaps("half", nearest=3)) is None


@pytest.mark.parametrize("is_reversed", [False, True])
def test_degradation_with_the_papers_spacing_is_named(is_reversed):
    groups = {
        "like the paper": baselines(20.5, 23.5),  # 3.5 and 0.5 below bicubic
        "unlike it": baselines(22, 23.9, settings=ALIASED),
    }
    if is_reversed:
        groups = dict(reversed(groups.items()))
    found = check_paper(groups)
    assert found.nearest_to_paper.name == "like the paper"
    assert found.nearest_to_paper.nearest == pytest.approx(3.5)


def test_with_one_degradation_none_is_nearest():
    # Two sets of images under the same degradation say nothing about the paper's.
    groups = {"photos": baselines(20, 23), "others": baselines(22, 23, images="d1")}
    assert check_paper(groups).nearest_to_paper is None
    assert check_paper({"photos": groups["photos"]}).nearest_to_paper is None


def test_other_images_under_the_other_degradation_are_no_choice():
    groups = {"here": baselines(20, 23), "there": baselines(22, 23, settings=ALIASED, images="d1")}
    assert check_paper(groups).nearest_to_paper is None


def test_regularization_is_answered():
    assert check_paper({}).paper_factor == pytest.approx((0.004, -0.013))
    records = [
        make_record("base"),
        make_record("l2_1e-3", max_val_psnr=28.0),
        make_record("l2_1e-4", max_val_psnr=27.0),
    ]
    records = [
        replace(run, per_image=[{"name": name, "psnr": psnr} for name in ("a.png", "b.png")])
        for run, psnr in zip(records, (26.0, 26.5, 30.0), strict=True)
    ]
    (factor,) = check_paper({"photos": seed_groups(records)}).factors
    # The best by validation, not by test.
    assert (factor.label, factor.of) == ("+ Regularization (0.001)", 2)
    assert factor.difference.mean == pytest.approx(0.5)
    assert not factor.difference.holds_zero
    assert check_paper({"photos": seed_groups(records[1:])}).factors == []


def test_degradation_without_all_baselines_is_no_choice():
    half = [
        setting for setting in baselines(22, 23, settings=ALIASED) if setting.kernel != "nearest"
    ]
    found = check_paper({"whole": baselines(20, 23), "half": half})
    assert [gaps.name for gaps in found.ours] == ["whole", "half"]
    assert found.nearest_to_paper is None
