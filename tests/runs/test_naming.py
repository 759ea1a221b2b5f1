from dataclasses import replace
from pathlib import Path

import pytest
from data_settings import ALIASED, ANTIALIASED

from srcnn_lightning.runs.naming import folder_name, run_folder, run_name


@pytest.mark.parametrize(
    ("overrides", "wanted"),
    [
        ([], "srcnn"),
        (["optimizer.lr=1e-3"], "lr=0.001"),
        (["optimizer.lr=0.001"], "lr=0.001"),
        (["optimizer.lr=.001"], "lr=0.001"),
        (["optimizer.lr='0.1'"], "lr=0.1"),
        (["optimizer.weight_decay=1e-6"], "weight_decay=1e-06"),
        (["optimizer.weight_decay=0"], "weight_decay=0"),
        (["seed=0"], "seed=0"),
        (["seed=17"], "seed=17"),
        (["optimizer.lr=1e-2", "seed=1"], "lr=0.01,seed=1"),
        (["seed=1", "optimizer.lr=1e-2"], "seed=1,lr=0.01"),
        (["model=bicubic"], "model=bicubic"),
        (["+model.width=32"], "width=32"),
        (["++model.width=32"], "width=32"),
        (["variant=l2_1e-2"], "variant=l2_1e-2"),
        (["model.batch_norm=true"], "batch_norm=true"),
        (["model.batch_norm=False"], "batch_norm=False"),
        (["model.output_activation=tanh", "optimizer.lr=1e-4"], "output_activation=tanh,lr=0.0001"),
        (["data.batch_size=16"], "batch_size=16"),
        # A key given twice: the last one holds, as with Hydra.
        (["optimizer.lr=1e-2", "optimizer.lr=1e-3"], "lr=0.001"),
    ],
)
def test_name_by_hand(overrides, wanted):
    assert run_name(overrides, "srcnn") == wanted


@pytest.mark.parametrize("typed", ["true", "True", "TRUE", "yes", "on", "2", "'true'"])
def test_switch_has_one_spelling_however_it_is_typed(typed):
    settings = {"data": {"augment": True, "count": 1}, "model": {"batch_norm": False}, "seed": 1}
    overrides = [f"data.augment={typed}", "model.batch_norm=False", "seed=1"]
    name = run_name(overrides, "srcnn", settings=settings)
    assert name == "augment=true,batch_norm=false,seed=1"


@pytest.mark.parametrize(
    "silent",
    [
        "+experiment=lr_grid",
        "experiment=lr_grid",
        "experiment_name=mine",
        "data=folder",
        "data.root=/photos/of/mine",
        "data.count=20",
        "data.cache_dir=/tmp",
        "degradation=aliased",
        "trainer=gpu",
        "trainer.max_epochs=5",
        "trainer.threads=1",
        "logger=null",
        "logger.tensorboard.max_queue=5",
        "~logger",
        "output_dir=/elsewhere",
        "rerun=true",
        "hydra.mode=MULTIRUN",
        "hydra/launcher=basic",
    ],
)
def test_keys_that_tell_no_runs_apart_are_silent(silent):
    assert run_name([silent], "srcnn") == "srcnn"
    assert run_name([silent, "optimizer.lr=1e-3"], "srcnn") == "lr=0.001"


@pytest.mark.parametrize("quoted", ["model.kernel_sizes=[9,5,5]", "model.kernel_sizes=[9, 5, 5]"])
def test_lists_keep_their_numbers_in_order(quoted):
    name = run_name([quoted], "srcnn")
    assert name == "kernel_sizes=9-5-5"
    assert run_name(["model.kernel_sizes=[5,9,5]"], "srcnn") == "kernel_sizes=5-9-5"


@pytest.mark.parametrize(
    "override",
    [
        "model._target_=/etc/passwd",
        "model.name=../../elsewhere",
        "model.name=..",
        "model.name=a b/c\\d",
        "model.name='two words'",
        "model.name=a:b*c?d",
        "model.name=\n",
        "model.name=~/x",
        "model.name=ä",
        "model.name=",
    ],
)
def test_name_is_one_plain_folder(override, tmp_path):
    name = run_name([override], "srcnn")
    assert name not in ("", ".", "..")
    assert not set(name) & set("/\\ '\":*?~\n")
    assert not name.startswith((".", "-"))
    (tmp_path / name).mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_settings_of_one_short_name_are_told_apart():
    name = run_name(["optimizer.lr=1e-3", "+model.lr=0.5"], "srcnn")
    assert name == "optimizer.lr=0.001,model.lr=0.5"


def test_swept_settings_are_shown():
    assert run_name(["trainer.max_epochs=5"], "srcnn", ["trainer.max_epochs"]) == "max_epochs=5"


def test_name_without_a_usable_character_is_the_default():
    assert run_name(["/=/"], "srcnn") in ("=", "srcnn")
    assert run_name(["größe=ö"], "srcnn") == "größe=ö"


def test_name_of_many_keys_fits_into_a_folder(tmp_path):
    # 255 bytes is what file systems take; the run's moved copy adds a time to it.
    whole = run_name([f"model.key_number_{i}={i}" for i in range(100)], "srcnn")
    assert whole.endswith("key_number_99=99")  # tables name what tells runs apart
    name = folder_name(whole)
    assert len(name) <= 200
    (tmp_path / name).mkdir()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["seed=1"], ["seed=2"]),
        (["seed=1"], ["data.seed=1"]),
        (["seed=0", "data.seed=5"], ["seed=1", "data.seed=5"]),
        (["seed=1234567"], ["seed=1234568"]),
        (["optimizer.lr=0.0012345678"], ["optimizer.lr=0.0012345679"]),
        (["optimizer.lr=0.1"], ["optimizer.weight_decay=0.1"]),
        (["model.kernel_sizes=[9,1,5]"], ["model.kernel_sizes=[9,15]"]),
    ],
    ids=str,
)
def test_different_runs_have_different_names(one, other):
    # Of two runs with one name, the second moves the first aside.
    assert run_name(one, "srcnn") != run_name(other, "srcnn")


def test_long_names_that_differ_at_the_end_stay_apart():
    keys = [f"model.a_long_key_of_a_network_{i}={i}" for i in range(6)]
    names = {folder_name(run_name([*keys, f"seed={seed}"], "srcnn")) for seed in range(3)}
    assert len(names) == 3


def test_folder_is_made_of_experiment_data_degradation_and_name():
    folder = run_folder(Path("outputs"), "lr_grid", "DIV2K", ANTIALIASED, "lr=0.001")
    assert folder == Path("outputs/lr_grid/DIV2K-antialiased-x2/lr=0.001")
    other = replace(ANTIALIASED, scale=3)
    folder = run_folder(Path("outputs"), "lr_grid", "DIV2K", other, "lr=0.001")
    assert folder == Path("outputs/lr_grid/DIV2K-antialiased-x3/lr=0.001")


@pytest.mark.parametrize("data", ["my photos", "a/b", "../up", "x:y"])
def test_folder_of_a_data_set_is_one_folder(data):
    folder = run_folder(Path("outputs"), "single", data, ALIASED, "srcnn")
    assert folder.parent.parent == Path("outputs/single")
    assert not set(folder.parent.name) & set("/ :")
    assert folder.parent.name.endswith("-aliased-x2")


def test_folder_of_the_home_directory_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = run_folder(Path("~/runs").expanduser(), "single", "DIV2K", ALIASED, "srcnn")
    assert folder == tmp_path / "runs" / "single" / "DIV2K-aliased-x2" / "srcnn"


def test_settings_of_the_trainer_that_change_results_stand_in_the_name():
    overrides = ["trainer.gradient_clip_val=0.1", "trainer.threads=2", "trainer.max_epochs=5"]
    assert run_name(overrides, "srcnn") == "gradient_clip_val=0.1"
