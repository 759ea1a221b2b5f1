from dataclasses import replace

import pytest
from run_records import make_record, seed_groups, select_curves

TANH = {"model.output_activation": "tanh"}
BATCH_NORM = {"model.batch_norm": True}
IDENTITY = {"model.init": "identity"}
VARIANTS = ("base", "tanh", "batch_norm", "l2_1e-3", "l2_1e-5", "identity")


def point(settings=(), *, experiment="any", lr=1e-3, decay=0.0, **changes):
    """One run of a sweep."""
    settings = {"optimizer.lr": lr, "optimizer.weight_decay": decay, **dict(settings)}
    name = ",".join(f"{key}={value}" for key, value in settings.items())
    return make_record(None, experiment=experiment, name=name, settings=settings, **changes)


def figures_of(records):
    return {figure.name: figure for figure in select_curves(seed_groups(records))}


def legend(figure):
    return [curve.label for curve in figure.curves]


def test_learning_rates_are_figure_4_in_their_order():
    runs = [point(lr=lr, experiment="mine") for lr in (1e-3, 1e-1, 1e-5)]
    (figure,) = select_curves(seed_groups(runs))
    assert (figure.name, figure.title) == ("figure_4", "Learning rates")
    assert legend(figure) == [f"learning rate {lr}" for lr in ("1e-05", "0.001", "0.1")]
    assert [curve.colour for curve in figure.curves] == [0, 1, 2]
    assert [curve.group.settings["optimizer.lr"] for curve in figure.curves] == [1e-5, 1e-3, 1e-1]
    assert not any(curve.is_varied for curve in figure.curves)


def test_figure_5_pairs_tanh_with_none_at_each_learning_rate():
    runs = [point(how, lr=lr) for how in (TANH, {}) for lr in (1e-2, 1e-3)]
    runs.append(point(TANH, lr=1e-4))  # stands alone, so there is nothing to compare
    found = figures_of(runs)
    assert {*found} >= {"figure_4", "figure_5"}
    assert legend(found["figure_5"]) == [
        "no tanh, learning rate 0.001",
        "tanh, learning rate 0.001",
        "no tanh, learning rate 0.01",
        "tanh, learning rate 0.01",
    ]
    assert [curve.is_varied for curve in found["figure_5"].curves] == [False, True] * 2
    for curve in found["figure_5"].curves:
        assert curve.is_varied == (curve.group.settings["model.output_activation"] == "tanh")
    assert legend(found["figure_4"]) == ["learning rate 0.001", "learning rate 0.01"]


def test_figure_6_pairs_batch_norm_with_none():
    found = figures_of([point(BATCH_NORM), point()])
    assert {*found} == {"figure_6"}
    assert found["figure_6"].title == "Batch norm"
    assert legend(found["figure_6"]) == [
        "no batch norm, learning rate 0.001",
        "batch norm, learning rate 0.001",
    ]


def test_l2_factors_are_figure_7_in_their_order():
    found = figures_of([point(decay=decay) for decay in (1e-2, 0.0, 1e-4)])
    assert {*found} == {"figure_7"}
    assert legend(found["figure_7"]) == ["no L2", "L2 0.0001", "L2 0.01"]


def test_ablation_alone_gives_figures_5_to_7():
    found = figures_of([make_record(variant) for variant in (*VARIANTS, "bicubic", "nearest")])
    assert [*found] == ["figure_5", "figure_6", "figure_7", "curves_ablation"]
    assert legend(found["figure_7"]) == ["no L2", "L2 1e-05", "L2 0.001"]
    # What the paper's figures do not show, beside the base, and no baseline among the curves.
    assert legend(found["curves_ablation"]) == ["Basic SRCNN", "SRCNN, identity start (ours)"]
    assert found["curves_ablation"].title == "Ablation"


@pytest.mark.parametrize(
    "other",
    [
        IDENTITY,
        {"trainer.max_epochs": 5},
        {"data.batch_size": 16},
        {"optimizer._target_": "torch.optim.SGD"},
        {"model.features": [32, 16]},
        {"init_from": "a.ckpt"},
    ],
    ids=lambda other: next(iter(other)),
)
@pytest.mark.parametrize(
    ("name", "varied"),
    [
        ("figure_4", [({}, {"lr": 1e-2}), ({}, {"lr": 1e-3})]),
        ("figure_5", [(TANH, {}), ({}, {})]),
        ("figure_6", [(BATCH_NORM, {}), ({}, {})]),
        ("figure_7", [({}, {"decay": 1e-2}), ({}, {"decay": 0.0})]),
    ],
)
def test_figures_of_the_paper_never_mix_runs_that_differ_in_anything_else(name, varied, other):
    here, there = (point(settings, **more) for settings, more in varied)
    settings, more = varied[1]
    elsewhere = point({**settings, **other}, **more)
    assert {*figures_of([here, elsewhere])} == {"curves_any"}
    mixed = figures_of([here, there, elsewhere])
    assert len(mixed[name].curves) == 2
    assert [curve.group.runs for curve in mixed["curves_any"].curves] == [[elsewhere]]


@pytest.mark.parametrize(
    ("name", "varied"),
    [("figure_4", TANH), ("figure_4", BATCH_NORM), ("figure_7", TANH), ("figure_7", BATCH_NORM)],
)
def test_figures_4_and_7_show_plain_networks_alone(name, varied):
    axis = "lr" if name == "figure_4" else "decay"
    runs = [point(how, **{axis: value}) for how in ({}, varied) for value in (1e-2, 1e-3)]
    found = figures_of(runs)
    plain = {"none", False}
    for curve in found[name].curves:
        settings = curve.group.settings
        assert {settings["model.output_activation"], settings["model.batch_norm"]} <= plain
    assert f"{name}-2" not in found


def test_figure_4_is_without_l2():
    runs = [point(lr=lr, decay=decay) for lr in (1e-2, 1e-3) for decay in (0.0, 1e-4)]
    found = figures_of(runs)
    factors = {curve.group.settings["optimizer.weight_decay"] for curve in found["figure_4"].curves}
    assert factors == {0.0}
    assert "figure_4-2" not in found


def test_one_value_alone_gives_no_figure_of_the_paper():
    runs = [point(seed=seed) for seed in (0, 1)]
    assert {*figures_of(runs)} == {"curves_any"}
    assert {*figures_of([point(TANH), point(TANH, lr=1e-2)])} == {"curves_any"}


def test_several_lengths_are_several_figures_the_larger_first():
    short = [point({"trainer.max_epochs": 5}, lr=lr) for lr in (1e-2, 1e-3, 1e-4)]
    long = [point({"trainer.max_epochs": 100}, lr=lr) for lr in (1e-2, 1e-3)]
    longest = [point({"trainer.max_epochs": 200}, lr=lr) for lr in (1e-2, 1e-3)]
    for runs in ([*short, *long, *longest], [*longest, *long, *short]):
        found = select_curves(seed_groups(runs))
        assert [figure.name for figure in found] == ["figure_4", "figure_4-2", "figure_4-3"]
        assert [len(figure.curves) for figure in found] == [3, 2, 2]
        epochs = [figure.note.partition(",")[0] for figure in found]
        assert epochs == ["5 epochs", "200 epochs", "100 epochs"]


def test_other_sweeps_have_one_figure_for_each_experiment():
    widths = [
        point({"model.features": [n, 32]}, experiment="my_widths", max_val_psnr=20 + n / 64)
        for n in (16, 64)
    ]
    starts = [point({**IDENTITY, "data.batch_size": n}, experiment="starts") for n in (1, 4)]
    found = figures_of([*widths, *starts])
    assert {*found} == {"curves_my_widths", "curves_starts"}
    assert found["curves_my_widths"].title == "My widths"
    # The best first, as everywhere; no base of an ablation is among them.
    shown = [curve.group.settings["model.features"] for curve in found["curves_my_widths"].curves]
    assert shown == ["[64, 32]", "[16, 32]"]
    assert len(found["curves_starts"].curves) == 2


def test_own_network_without_the_papers_settings_has_a_figure():
    own = {"model": {"_target_": "mine.Network", "name": "mine"}}
    runs = [point({**own, "optimizer.lr": lr}, experiment="own") for lr in (1e-2, 1e-3)]
    assert [len(figure.curves) for figure in select_curves(seed_groups(runs))] == [2]


def test_runs_without_curves_have_no_figure():
    runs = [point(lr=lr, status="failed") for lr in (1e-2, 1e-3)]
    none = [replace(point(lr=lr, status="diverged"), history=[]) for lr in (1e-2, 1e-3)]
    baselines = [make_record("bicubic"), make_record("nearest")]
    assert select_curves(seed_groups([*runs, *none, *baselines])) == []


def test_diverged_runs_have_their_curve():
    found = figures_of([point(lr=1.0, status="diverged"), point(lr=1e-3)])
    assert legend(found["figure_4"]) == ["learning rate 0.001", "learning rate 1 (diverged)"]


@pytest.mark.parametrize(
    ("runs", "name", "note"),
    [
        (
            [point(lr=lr) for lr in (1e-2, 1e-3)],
            "figure_4",
            "100 epochs, batch 2, Adam, start: default, 1 seed",
        ),
        (
            [point(how) for how in ({}, TANH)],
            "figure_5",
            "100 epochs, batch 2, Adam, start: default, 1 seed",
        ),
        (
            [point(decay=decay, seed=seed) for decay in (0.0, 1e-3) for seed in range(3)],
            "figure_7",
            "100 epochs, learning rate 0.001, batch 2, Adam, start: default, "
            "up to 3 seeds, the band from lowest to highest",
        ),
        (
            [point({**IDENTITY, "data.batch_size": n}) for n in (1, 4)],
            "curves_any",
            "100 epochs, learning rate 0.001, Adam, 1 seed",
        ),
    ],
    ids=["learning rates", "tanh", "factors of three seeds", "batch sizes"],
)
def test_note_says_what_all_curves_share(runs, name, note):
    assert figures_of(runs)[name].note == note
