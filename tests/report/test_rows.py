import pytest
from run_records import make_record, variant_rows

from srcnn_lightning.report.tables.rows import experiment_rows

# The paper's Table 1, typed from it.
TABLE_1 = [
    ("Basic SRCNN", 27.455, 0.0064324, 26.442),
    ("+ Regularization", 27.459, 0.0064412, 26.429),
    ("+ Tanh", 27.336, 0.0066215, 26.282),
    ("+ Batch Norm", 25.530, 0.0100244, 24.373),
    ("Bicubic", 25.433, 0.0066051, 23.226),
    ("Bilinear", 25.220, 0.0074545, 23.182),
    ("Nearest neighbor", 22.198, 0.014747, 20.551),
]
VARIANTS = ["base", "l2", "tanh", "batch_norm", "bicubic", "bilinear", "nearest"]


def row_of(records, variant):
    (row,) = [row for row in variant_rows(records) if row.variant == variant]
    return row


def test_ablation_rows_are_the_papers_seven_in_its_order():
    recorded = [variant.replace("l2", "l2_1e-3") for variant in reversed(VARIANTS)]
    rows = variant_rows([make_record(variant) for variant in recorded])
    assert [row.variant for row in rows[:7]] == VARIANTS
    # The row of the regularization names its factor as well.
    assert all(row.label.startswith(paper[0]) for row, paper in zip(rows[:7], TABLE_1, strict=True))
    assert [row.status for row in rows[:7]] == ["finished"] * 7


def test_ablation_rows_hold_the_papers_figures():
    rows = variant_rows([make_record("base")])
    printed = [
        (row.printed.label, row.printed.max_val_psnr, row.printed.test_loss, row.printed.test_psnr)
        for row in rows[:7]
    ]
    assert printed == TABLE_1


def test_our_own_rows_stand_below_the_papers_and_further_variants_last():
    rows = variant_rows([make_record("wider"), make_record("identity"), make_record("base")])
    assert [row.variant for row in rows[7:]] == ["identity", "wider"]
    assert all(row.printed is None and row.printed_gain is None for row in rows[7:])


def test_row_holds_the_runs_figures():
    row = row_of([make_record("base", max_val_psnr=27.5, test_loss=0.0061, test_ssim=0.91)], "base")
    assert row.mean == {
        "max_val_psnr": 27.5,
        "test_loss": 0.0061,
        "test_psnr": 26.0,
        "test_psnr_pooled": 24.0,
        "test_psnr_y": 28.0,
        "test_ssim": 0.91,
    }
    assert row.deviation == {}  # one run has none
    assert row.runs == 1


def test_row_holds_the_costs_of_its_median_run():
    seeds = [make_record("base", seed=seed) for seed in range(3)]
    for run, seconds, training in zip(seeds, (0.9, 0.2, 0.3), (60.0, 50.0, 70.0), strict=True):
        run.cost["seconds_per_megapixel"] = seconds
        run.durations["fit_s"] = training
    assert row_of(seeds, "base").cost == {
        "parameters": 20_099,
        "multiply_adds": 18_432_000_000,
        "activations": 91_238_400,
        "input_height": 360,
        "input_width": 640,
        "seconds_per_megapixel": 0.3,
        "fit_s": 60.0,
    }


def test_costs_that_records_of_earlier_versions_lack_are_left_out_alone():
    run = make_record("base")
    run.cost.clear()
    assert row_of([run], "base").cost == {"parameters": 20_099, "fit_s": 1.0}


def test_missing_row_says_so_and_holds_no_figures():
    rows = variant_rows([make_record("base")])
    assert len(rows) == 8
    for row in rows[1:]:
        assert row.status == "missing"
        assert (row.mean, row.deviation, row.gain, row.runs) == ({}, {}, None, 0)


@pytest.mark.parametrize("status", ["failed", "diverged"])
@pytest.mark.parametrize("variant", ["tanh", "bicubic", "identity"])
def test_row_without_a_finished_run_says_so_and_holds_no_figures(status, variant):
    row = row_of([make_record(variant, status=status)], variant)
    assert row.status == status
    assert (row.mean, row.deviation, row.gain, row.runs) == ({}, {}, None, 0)


def test_row_of_seeds_says_how_many_did_not_finish():
    seeds = [
        make_record("base", seed=0, test_psnr=26.0),
        make_record("base", seed=1, status="diverged"),
        make_record("base", seed=2, test_psnr=27.0),
    ]
    row = row_of(seeds, "base")
    assert row.status == "1 of 3 diverged"
    assert row.runs == 2
    assert row.mean["test_psnr"] == pytest.approx(26.5)


def test_row_of_seeds_is_mean_and_sample_deviation():
    seeds = [
        make_record("base", seed=seed, test_psnr=psnr) for seed, psnr in enumerate((26, 26.3, 26.9))
    ]
    row = row_of(seeds, "base")
    # Mean 26.4; squares of -0.4, -0.1, 0.5 add up to 0.42, over n - 1 = 2: sqrt(0.21) = 0.4582576.
    assert row.mean["test_psnr"] == pytest.approx(26.4)
    assert row.deviation["test_psnr"] == pytest.approx(0.4582576, abs=1e-7)
    assert row.deviation["test_loss"] == 0
    assert (row.runs, row.status) == (3, "finished")


def test_figure_that_was_not_finite_is_left_out_alone():
    # The record writes an infinite PSNR as null.
    row = row_of([make_record("base", test_psnr=None), make_record("base", seed=1)], "base")
    assert row.mean["test_psnr"] == 26.0
    assert "test_psnr" not in row.deviation
    assert row.deviation["test_psnr_y"] == 0


def test_figure_that_the_record_lacks_is_left_out_alone():
    # As records from before a figure was thought of would.
    runs = [make_record("base"), make_record("l2_1e-3"), make_record("l2_1e-4")]
    for run in runs[:2]:
        del run.metrics["test_ssim"], run.metrics["max_val_psnr"]
    base, regularization = variant_rows(runs)[:2]
    assert base.mean["test_psnr"] == 26.0
    assert not {"test_ssim", "max_val_psnr"} & {*base.mean}
    assert regularization.label.startswith("+ Regularization (0.0001)")
    # Where it is the only factor it stands all the same, as one that was not finite does.
    infinite = [make_record("l2_1e-3", max_val_psnr=None)]
    assert variant_rows(infinite)[1].mean["test_psnr"] == 26.0


def test_regularization_is_the_factor_of_the_best_validation_psnr():
    # By test PSNR it would be 1e-2, by order the first or the last.
    val = {"1e-2": 27.0, "1e-3": 27.1, "1e-4": 27.4, "1e-5": 27.2, "1e-6": 27.1}
    factors = [
        make_record(f"l2_{factor}", max_val_psnr=psnr, test_psnr=53 - psnr)
        for factor, psnr in val.items()
    ]
    row = variant_rows(factors)[1]
    assert row.label == "+ Regularization (0.0001)"
    assert row.variant == "l2"
    assert row.mean["test_psnr"] == pytest.approx(25.6)
    assert row.printed.label == "+ Regularization"


def test_regularization_is_chosen_by_the_mean_over_seeds():
    lucky = [make_record("l2_1e-2", seed=s, max_val_psnr=p) for s, p in enumerate((28.0, 24.0))]
    steady = [make_record("l2_1e-3", seed=s, max_val_psnr=27.0) for s in range(2)]
    assert variant_rows([*lucky, *steady])[1].label.startswith("+ Regularization (0.001)")


def test_regularization_says_when_not_all_factors_ran():
    row = variant_rows([make_record("l2_1e-2", max_val_psnr=26.0), make_record("l2_1e-6")])[1]
    assert row.label == "+ Regularization (1e-06), the best of 2 factors"


def test_regularization_without_a_finished_factor_says_so():
    failed = [make_record("l2_1e-2", status="failed"), make_record("l2_1e-3", status="diverged")]
    row = variant_rows(failed)[1]
    assert row.label == "+ Regularization"
    assert row.status == "1 of 2 failed, 1 of 2 diverged"
    assert row.mean == {}


def test_gain_is_over_the_bicubic_of_the_same_table():
    psnr = {"base": 27.25, "tanh": 25.5, "bicubic": 26.0, "nearest": 23.0}
    rows = variant_rows([make_record(name, test_psnr=value) for name, value in psnr.items()])
    gains = {row.variant: row.gain for row in rows}
    assert gains["base"] == pytest.approx(1.25)
    assert gains["tanh"] == pytest.approx(-0.5)
    assert gains["nearest"] == pytest.approx(-3)
    assert gains["bicubic"] == 0
    assert gains["batch_norm"] is None


@pytest.mark.parametrize("bicubic", [[], [make_record("bicubic", status="failed")]])
def test_gain_is_empty_without_bicubic(bicubic):
    assert all(row.gain is None for row in variant_rows([make_record("base"), *bicubic]))


def test_papers_gain_is_over_the_papers_bicubic():
    gains = [row.printed_gain for row in variant_rows([make_record("base")])[:7]]
    # 26.442 - 23.226 and so on down the column.
    assert gains == pytest.approx([3.216, 3.203, 3.056, 1.147, 0, -0.044, -2.675])


def test_sweep_has_a_row_for_each_setting_and_averages_seeds():
    runs = [
        make_record(None, name=f"lr={lr},seed={seed}", seed=seed, test_psnr=psnr)
        for lr, figures in (("0.01", (20, 22)), ("0.001", (26, 27)))
        for seed, psnr in enumerate(figures)
    ]
    rows = experiment_rows(runs)
    assert [row.label for row in rows] == ["lr=0.001", "lr=0.01"]
    assert [row.mean["test_psnr"] for row in rows] == pytest.approx([26.5, 21])
    # Two values d apart deviate by d / sqrt(2).
    assert [row.deviation["test_psnr"] for row in rows] == pytest.approx([0.7071068, 1.4142136])
    assert [row.runs for row in rows] == [2, 2]


def test_sweep_over_seeds_alone_is_one_row():
    runs = [
        make_record(None, name=f"seed={seed}", seed=seed, test_psnr=26 + seed) for seed in (0, 1)
    ]
    (row,) = experiment_rows(runs)
    assert row.mean["test_psnr"] == pytest.approx(26.5)
    assert row.runs == 2


def test_sweep_keeps_the_seed_of_the_images_apart():
    runs = [make_record(None, name=f"lr=0.1,data.seed={seed}") for seed in (0, 1)]
    assert len(experiment_rows(runs)) == 2


def test_base_recipe_is_the_first_row_and_the_others_are_by_name():
    runs = [
        make_record(None, name=f"recipe={recipe},seed={seed}", seed=seed, settings=settings)
        for recipe, settings in (
            ("modern", {"recipe": "modern", "loss.name": "l1"}),
            ("paper", {"recipe": "paper"}),
            ("flips", {"recipe": "flips", "data.augment": True}),
        )
        for seed in (0, 1)
    ]
    rows = experiment_rows(runs)
    assert [row.label for row in rows] == ["paper", "flips", "modern"]
    assert [row.to_base is None for row in rows] == [True, False, False]


def test_row_is_named_by_what_differs_within_the_table():
    espcn = {"name": "espcn", "kernel_sizes": [5, 3, 3]}
    shared = {"data.patch_size": 48}
    runs = [
        make_record("bicubic", name="patch_size=48,model=bicubic", settings=shared),
        make_record(None, name="patch_size=48,model=espcn", settings={"model": espcn, **shared}),
        make_record(None, name="patch_size=48,lr=0.01", settings={"optimizer.lr": 0.01, **shared}),
    ]
    rows = experiment_rows(runs)
    assert {row.label for row in rows} == {"Bicubic", "ESPCN", "SRCNN, lr=0.01"}
    # The name of the run is what `--expect-gain` takes.
    assert {row.variant for row in rows} == {run.name for run in runs}


def test_sweep_row_that_diverged_says_so():
    rows = experiment_rows([make_record(None, name="lr=0.1", status="diverged")])
    assert [(row.label, row.status, row.mean) for row in rows] == [("SRCNN", "diverged", {})]
