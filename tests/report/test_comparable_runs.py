from dataclasses import replace

import pytest
from run_records import (
    as_run,
    make_content,
    make_record,
    variant_groups,
    variant_rows,
    write_records,
)

from srcnn_lightning.errors import BadInput
from srcnn_lightning.report.comparable_runs import (
    experiment_groups,
    read_all,
    seed_group_key,
    trainer_settings,
)

ALIASED = {"name": "aliased", "antialias": False, "scale": 2}
BASELINES = ["bicubic", "bilinear", "nearest"]


def variants(tables):
    return sorted(sorted(found.variant for found in table) for table in tables)


def test_runs_of_the_same_images_and_training_are_one_table():
    names = ["base", "tanh", "l2_1e-3", "identity", *BASELINES]
    assert variants(variant_groups([make_record(name) for name in names])) == [sorted(names)]


@pytest.mark.parametrize(
    "other",
    [
        {"images": "d1"},
        {"settings": {"degradation": ALIASED}},
        {"settings": {"degradation": {"name": "antialiased", "antialias": True, "scale": 4}}},
        {"settings": {"data.crop": 400}},
        {"settings": {"data.target_size": 112}},
        {"settings": {"data.target_size": None}},
        {"settings": {"data.crop": None, "data.target_size": None}},
    ],
    ids=["images", "degradation", "scale", "crop", "target_size", "no resize", "whole images"],
)
def test_runs_of_other_images_or_degradation_are_another_table(other):
    here = [make_record(name) for name in ("base", "bicubic")]
    there = [make_record(name, **other) for name in ("base", "bicubic")]
    tables = variant_groups([here[0], there[1], there[0], here[1]])
    assert len(tables) == 2
    for table in tables:
        # Each with its own baseline: a gain over other images' bicubic would mean nothing.
        assert sorted(found.variant for found in table) == ["base", "bicubic"]
        assert all(found in here for found in table) or all(found in there for found in table)


def test_record_of_before_settings_were_added_stands_beside_one_of_today():
    earlier, today, changed = (make_content("base", seed=seed) for seed in range(3))
    added = ("accumulate_grad_batches", "gradient_clip_algorithm", "ema_decay")
    for key in added:
        del earlier["config"]["trainer"][key]
    for key in ("patch_size", "augment", "steps_per_epoch"):
        del earlier["config"]["data"][key]
    changed["config"]["trainer"]["accumulate_grad_batches"] = 2
    earlier, today, changed = map(as_run, (earlier, today, changed))
    assert seed_group_key(earlier) == seed_group_key(today) != seed_group_key(changed)
    assert not {*added} & trainer_settings(today).keys()


def test_other_data_of_the_same_name_is_another_table():
    same_name = [make_record("base"), make_record("base", images="other files")]
    assert {found.data for found in same_name} == {"photos"}
    assert len(variant_groups(same_name)) == 2


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("optimizer.lr", (1e-3, 1e-4)),
        ("optimizer._target_", ("torch.optim.Adam", "torch.optim.SGD")),
        ("trainer.max_epochs", (5, 100)),
        ("trainer.precision", ("32-true", "bf16-mixed")),
        ("data.batch_size", (2, 16)),
        ("data.patch_size", (None, 96)),
        ("data.augment", (False, True)),
        ("data.steps_per_epoch", (None, 1000)),
    ],
)
def test_runs_trained_differently_are_another_table(key, values):
    runs = [make_record("base", settings={key: value}) for value in values]
    tables = variant_groups(runs)
    assert variants(tables) == [["base"], ["base"]]


@pytest.mark.parametrize(
    ("key", "other"),
    [("model.kernel_sizes", [9, 5, 5]), ("model.features", [32, 16]), ("model.kernel", "bilinear")],
)
def test_different_networks_are_never_averaged_as_seeds(key, other):
    # Nor inputs shrunk by another kernel: model.kernel is that of the degradation, too.
    runs = [make_record("base", test_psnr=26.0)]
    runs.append(make_record("base", name="other", test_psnr=28.0, settings={key: other}))
    rows = [row for table in variant_groups(runs) for row in variant_rows(table) if row.mean]
    assert all(row.runs == 1 for row in rows)
    assert sorted(row.mean["test_psnr"] for row in rows) == [26.0, 28.0]


@pytest.mark.parametrize("missing", ["patch_size", "augment", "steps_per_epoch"])
def test_record_that_lacks_a_setting_is_comparable_to_one_without_its_effect(missing):
    content = make_content("base", seed=1)
    del content["config"]["data"][missing]
    earlier, today = as_run(content), make_record("base")
    assert seed_group_key(earlier) == seed_group_key(today)
    assert variants(variant_groups([earlier, today])) == [["base"] * 2]
    assert len(experiment_groups([earlier, today])) == 1


def test_seeds_are_one_table():
    runs = [make_record("base", seed=seed) for seed in range(3)]
    assert variants(variant_groups(runs)) == [["base"] * 3]


def test_baselines_stand_in_the_table_of_each_learning_rate():
    baselines = [make_record(name) for name in BASELINES]
    rates = (1e-2, 1e-3)
    trained = [make_record("base", settings={"optimizer.lr": rate}) for rate in rates]
    tables = variant_groups([*baselines, *trained])
    assert variants(tables) == [["base", *BASELINES]] * 2
    for table, run in zip(tables, trained, strict=True):
        assert run in table
        assert all(baseline in table for baseline in baselines)


def test_baselines_alone_are_a_table():
    assert variants(variant_groups([make_record(name) for name in BASELINES])) == [BASELINES]


def test_runs_without_a_variant_stand_in_no_ablation():
    runs = [make_record(None, experiment="lr_grid", name="lr=0.1"), make_record("base")]
    assert variants(variant_groups(runs)) == [["base"]]


def test_sweeps_are_apart_by_experiment_and_images():
    runs = [
        make_record(None, experiment="lr_grid", name="lr=0.1"),
        make_record(None, experiment="l2", name="weight_decay=0.1"),
        make_record(None, experiment="lr_grid", name="lr=0.1", images="d1"),
        make_record(None, experiment="lr_grid", name="lr=0.01"),
        make_record(
            None,
            experiment="lr_grid",
            name="lr=0.1",
            settings={"degradation": ALIASED},
        ),
    ]
    assert experiment_groups(runs) == [[runs[0], runs[3]], [runs[1]], [runs[2]], [runs[4]]]


def test_read_all_finds_every_record(tmp_path):
    written = [make_content("base"), make_content(None, experiment="lr_grid", name="lr=0.1")]
    write_records(tmp_path, written)
    found, left_out = read_all(tmp_path)
    assert [run.variant for run in found] == ["base", None]
    folder = tmp_path / "ablation/photos-antialiased-x2/variant=base"
    assert found[0] == as_run(written[0], folder, tmp_path)
    assert left_out == []


def test_run_of_two_names_counts_once(tmp_path):
    # seed=0 written out is the same run as the default.
    write_records(
        tmp_path, [make_content("base"), make_content("base", name="seed=0,variant=base")]
    )
    assert len(read_all(tmp_path)[0]) == 1


def test_run_that_finished_is_not_hidden_by_a_failed_one_of_another_name(tmp_path):
    failed = make_content("base", name="a-failed-try", status="failed")
    finished = make_content("base", name="variant=base")
    assert failed["hash"] == finished["hash"]
    write_records(tmp_path, [failed, finished])
    assert [run.status for run in read_all(tmp_path)[0]] == ["finished"]


def test_run_of_two_experiments_counts_once_in_a_table(tmp_path):
    # Twice the same figures would show as two seeds that deviate by 0.
    again = make_content("base", experiment="single")
    write_records(tmp_path, [make_content("base"), again])
    (table,) = variant_groups(read_all(tmp_path)[0])
    assert len(table) == 1


def test_hidden_folders_are_left_out(tmp_path):
    write_records(tmp_path, [make_content("base")])
    write_records(tmp_path / "ablation" / ".replaced", [make_content("tanh")])
    assert [run.variant for run in read_all(tmp_path)[0]] == ["base"]


def test_folder_without_runs_is_refused_by_name(tmp_path):
    for folder in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(BadInput) as refusal:
            read_all(folder)
        assert str(refusal.value).startswith(f"OUTPUTS={folder}:")


def test_settings_of_the_trainer_that_change_results_are_never_averaged():
    plain, clipped, threads = (
        make_record(settings=[("trainer.gradient_clip_val", clip), ("trainer.threads", count)])
        for clip, count in ((None, 1), (0.1, 1), (None, 2))
    )
    assert seed_group_key(plain) != seed_group_key(clipped)
    assert seed_group_key(plain) == seed_group_key(threads)
    limited = make_record(None, settings=[("trainer.limit_train_batches", 2)])
    assert len(experiment_groups([make_record(None), limited])) == 2


def test_own_network_without_parameters_is_no_baseline():
    own = {"_target_": "mine.Lanczos", "name": "bicubic"}
    run = replace(make_record(None, settings={"model": own}), parameters=0)
    assert (run.is_trained, run.kernel) == (True, None)
    assert make_record("bicubic").kernel == "bicubic"
    failed = make_record("bilinear", status="failed")
    assert (failed.is_trained, failed.kernel) == (False, "bilinear")
