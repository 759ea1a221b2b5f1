from dataclasses import replace

import pytest
from run_records import make_record, seed_groups

from srcnn_lightning.report.comparable_runs import group_by, images_key

OLD, NEW = "2026-11-20T12:00:00+00:00", "2026-11-24T12:00:00+00:00"


def per_image(found, **psnr):
    return replace(found, per_image=[{"name": f"{n}.png", "psnr": p} for n, p in psnr.items()])


def labels(records):
    return [setting.label for setting in seed_groups(records)]


def test_seeds_are_one_setting_in_the_order_of_the_seeds():
    runs = [make_record("base", seed=seed, test_psnr=26 + seed) for seed in (2, 0, 1)]
    (setting,) = seed_groups(runs)
    assert [run.seed for run in setting.runs] == [0, 1, 2]
    assert setting.mean("test_psnr") == 27
    assert "seed" not in setting.settings


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("optimizer.lr", (1e-3, 1e-4)),
        ("optimizer._target_", ("torch.optim.Adam", "torch.optim.SGD")),
        ("optimizer.weight_decay", (0.0, 1e-6)),
        ("model.init", ("default", "identity")),
        ("model.batch_norm", (False, True)),
        ("model.features", ([64, 32], [64, 16])),
        ("data.batch_size", (2, 16)),
        ("data.patch_size", (None, 96)),
        ("data.steps_per_epoch", (None, 1000)),
        ("trainer.max_epochs", (5, 100)),
        ("trainer.precision", ("32-true", "bf16-mixed")),
        ("init_from", (None, "a.ckpt")),
    ],
)
def test_what_training_depends_on_makes_another_setting(key, values):
    runs = [make_record("base", settings={key: value}) for value in values]
    found = seed_groups(runs)
    assert len(found) == 2
    # Both are Table 1's base by name, so each says what it is.
    last = key.rpartition(".")[2].strip("_")
    words = ["" if value is None else f" ({last} {value})" for value in values]
    shown = {f"Basic SRCNN{word}" for word in words}
    assert {setting.label for setting in found} == shown


def test_device_and_folder_make_no_other_setting():
    here = make_record("base")
    there = make_record(
        "base", seed=1, settings={"trainer.accelerator": "gpu", "output_dir": "elsewhere"}
    )
    assert labels([here, there]) == ["Basic SRCNN"]


def test_baselines_do_not_depend_on_training():
    runs = [make_record("bicubic", settings={"optimizer.lr": lr}, seed=lr) for lr in (1, 2)]
    (setting,) = seed_groups(runs)
    assert (setting.label, setting.kernel, setting.is_trained) == ("Bicubic", "bicubic", False)


def test_run_of_two_experiments_counts_once_and_keeps_its_row():
    variant = make_record("base")
    point = make_record(None, experiment="lr_grid", name="lr=0.001")
    assert variant.hash == point.hash
    for runs in ([variant, point], [point, variant]):
        (setting,) = seed_groups(runs)
        assert len(setting.runs) == 1
        assert (setting.label, setting.variant) == ("Basic SRCNN", "base")


def test_run_repeated_on_another_device_for_another_experiment_keeps_its_row():
    variant = replace(make_record("base"), date=OLD)
    accelerator = {"trainer.accelerator": "gpu"}
    point = make_record(None, experiment="lr_grid", name="lr=0.001", settings=accelerator)
    assert variant.hash != point.hash
    (setting,) = seed_groups([variant, replace(point, date=NEW)])
    assert [run.experiment for run in setting.runs] == ["lr_grid"]
    # The viewer and the paper's section know the base by it.
    assert (setting.label, setting.variant) == ("Basic SRCNN", "base")


def test_of_one_seed_the_finished_run_stands_then_the_newest():
    def base(date, psnr=None):
        status = "diverged" if psnr is None else "finished"
        found = make_record("base", status=status, test_psnr=psnr)
        return replace(found, date=date, hash=f"{date}{status}")

    assert [s.mean("test_psnr") for s in seed_groups([base(NEW), base(OLD, 26.0)])] == [26.0]
    both = [base(NEW, 27.0), base(OLD, 26.0)]
    for runs in (both, both[::-1]):
        assert [setting.mean("test_psnr") for setting in seed_groups(runs)] == [27.0]


def test_labels_are_those_of_table_1():
    variants = ["base", "tanh", "batch_norm", "identity", "bicubic", "bilinear", "nearest"]
    assert {*labels(map(make_record, variants))} == {
        "Basic SRCNN",
        "+ Tanh",
        "+ Batch Norm",
        "SRCNN, identity start (ours)",
        "Bicubic",
        "Bilinear",
        "Nearest neighbor",
    }


def test_factors_and_a_users_own_variants_are_named():
    runs = [make_record("l2_1e-3"), make_record("wider", settings={"model.features": [128, 64]})]
    assert sorted(labels(runs)) == ["+ Regularization (0.001)", "wider"]


def test_run_without_a_variant_has_its_name_without_the_seed():
    runs = [
        make_record(
            None,
            name=f"lr={lr},seed={seed}",
            seed=seed,
            settings={"optimizer.lr": lr},
            max_val_psnr=p,
        )
        for lr, p in ((0.1, 20), (0.01, 26))
        for seed in (0, 1)
    ]
    assert labels(runs) == ["lr=0.01", "lr=0.1"]
    assert labels([make_record(None, name="seed=1", seed=1)]) == ["SRCNN"]
    baseline = {"model": make_record("bicubic").config["model"]}
    run = replace(make_record(None, name="model=bicubic", settings=baseline), parameters=0)
    assert labels([run]) == ["Bicubic"]


def test_label_has_what_differs_between_the_groups_alone():
    shared = {"data.patch_size": 48, "data.augment": True, "data.steps_per_epoch": 10}
    batches = "patch_size=48,augment=true,steps_per_epoch=10"
    espcn = {
        "model": {"name": "espcn", "kernel_sizes": [5, 3, 3]},
        "schedule": {"name": "cosine"},
        "loss": {"name": "l1"},
    }
    runs = [
        make_record(None, name=f"{batches},model=srcnn,scale=2", settings=shared),
        make_record(
            None,
            name=f"{batches},model=espcn,schedule=cosine,loss=l1",
            settings={**shared, **espcn},
        ),
        make_record("bicubic", name=f"{batches},model=bicubic", settings=shared),
    ]
    assert {*labels(runs)} == {"SRCNN", "ESPCN, cosine, l1", "Bicubic"}


def test_recipes_and_networks_are_labels_of_one_word():
    recipes = {"paper": {}, "modern": {"loss.name": "l1"}, "flips": {"data.augment": True}}
    runs = [
        make_record(None, name=f"recipe={recipe},seed=0", settings={"recipe": recipe, **settings})
        for recipe, settings in recipes.items()
    ]
    assert {*labels(runs)} == {*recipes}
    networks = [
        make_record(None, name=f"model={name}", settings={"model": {"name": name}})
        for name in ("espcn", "fsrcnn")
    ]
    # The default network is not in the name of its run.
    runs = [*networks, make_record(None, name="lr=0.01", settings={"optimizer.lr": 0.01})]
    assert {*labels(runs)} == {"ESPCN", "FSRCNN", "SRCNN, lr=0.01"}


def test_setting_whose_key_is_named_in_full_is_shared_too():
    settings = ({"data.seed": 1, "model.width": 8}, {"data.seed": 1, "model.width": 16})
    runs = [
        make_record(None, name=f"data.seed=1,width={one['model.width']}", settings=one)
        for one in settings
    ]
    assert labels(runs) == ["width=8", "width=16"]


def test_equal_labels_are_told_apart_by_what_differs_alone():
    runs = [
        make_record("base", settings={"optimizer.lr": lr, "trainer.max_epochs": epochs})
        for lr, epochs in ((0.01, 5), (0.001, 5), (0.001, 100))
    ]
    found = labels([*runs, make_record("tanh")])
    assert sorted(found) == [
        "+ Tanh",
        "Basic SRCNN (lr 0.001, max_epochs 100)",
        "Basic SRCNN (lr 0.001, max_epochs 5)",
        "Basic SRCNN (lr 0.01, max_epochs 5)",
    ]


def test_networks_that_lack_a_setting_are_told_apart_too():
    own = {"_target_": "mine.Network", "name": "srcnn", "width": 8}
    runs = [make_record(None, name="a"), make_record(None, name="a", settings={"model": own})]
    found = labels(runs)
    assert len({*found}) == 2
    assert any("width 8" in label and "mine.Network" in label for label in found)
    assert any("width" not in label and "init default" in label for label in found)


def test_failed_runs_have_no_setting_and_diverged_ones_do():
    runs = [
        make_record("base", status="failed"),
        make_record("tanh", status="diverged"),
        make_record("batch_norm", status="diverged"),
        make_record("batch_norm", seed=1, max_val_psnr=25.0, test_psnr=25.0),
        make_record("batch_norm", seed=2, status="failed"),
        make_record("bicubic", max_val_psnr=24.0),
    ]
    # One of which every seed has finished stands before one of survivors.
    bicubic, survivor, diverged = seed_groups(runs)
    assert bicubic.label == "Bicubic"
    assert survivor.label == "+ Batch Norm (1 of 3 diverged, 1 of 3 failed)"
    assert [len(survivor.runs), len(survivor.finished)] == [2, 1]
    assert survivor.mean("test_psnr") == 25
    assert [diverged.label, len(diverged.runs), diverged.finished] == ["+ Tanh (diverged)", 1, []]
    assert diverged.mean("test_psnr") is None
    assert diverged.psnr_per_image() == {}


def test_settings_are_ranked_by_their_mean_over_seeds():
    # By validation: test images choose nothing.
    lucky = [
        make_record("tanh", seed=s, max_val_psnr=p, test_psnr=40.0)
        for s, p in enumerate((29.0, 20.0))
    ]
    steady = [make_record("base", seed=s, max_val_psnr=26.0) for s in (0, 1)]
    assert labels([*lucky, *steady]) == ["Basic SRCNN", "+ Tanh"]


def test_psnr_of_an_image_is_the_mean_over_seeds():
    runs = [
        per_image(make_record("base", seed=0), a=20.0, b=30.0, c=40.0),
        per_image(make_record("base", seed=1), c=42.0, b=None, a=21.0),
        make_record("base", seed=2, status="diverged"),
    ]
    (setting,) = seed_groups(runs)
    # A perfect image has no finite PSNR, and no mean.
    assert setting.psnr_per_image() == {"a.png": 20.5, "c.png": 41.0}


def test_mean_leaves_out_what_is_not_finite():
    runs = [make_record("base", seed=s, test_psnr=p) for s, p in enumerate((None, 26.0, 27.0))]
    (setting,) = seed_groups(runs)
    assert setting.mean("test_psnr") == 26.5
    assert setting.mean("no such figure") is None


@pytest.mark.parametrize(
    "other",
    [
        {"images": "d1"},
        {"settings": {"degradation": {"name": "aliased", "antialias": False, "scale": 2}}},
        {"settings": {"degradation.scale": 4}},
        {"settings": {"data.crop": 400}},
        {"settings": {"data.target_size": 112}},
    ],
    ids=["images", "degradation", "scale", "crop", "target size"],
)
def test_runs_of_other_images_are_another_group(other):
    here = [make_record("base", seed=seed, test_psnr=26.0) for seed in (0, 1)]
    there = make_record("base", seed=2, test_psnr=20.0, **other)
    groups = [*group_by([here[0], there, here[1]], images_key).values()]
    assert groups == [here, [there]]
    means = [[setting.mean("test_psnr") for setting in seed_groups(runs)] for runs in groups]
    assert means == [[26.0], [20.0]]


def test_finished_runs_are_in_the_order_of_the_seeds_whenever_they_ran():
    # The first one's pictures are shown, as those "of the lowest seed".
    runs = [
        replace(make_record("base", seed=0), date=NEW),
        replace(make_record("base", seed=1), date=OLD),
    ]
    (setting,) = seed_groups(runs)
    assert [run.seed for run in setting.finished] == [0, 1]
