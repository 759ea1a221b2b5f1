"""What the curves show: the values of epochs and seeds, and gains by image."""

import io
import math
from dataclasses import replace

import numpy as np
import pytest
from curve_drawings import curve, drawn, legend_texts, lines, run
from matplotlib.colors import same_color
from PIL import Image
from run_records import make_record, seed_groups, select_curves

from srcnn_lightning.report.figures.curves import describe_curves, draw_gains
from srcnn_lightning.report.figures.style import as_png, as_svg


def test_curves_are_the_runs_figures_from_the_first_epoch_on():
    _, (loss, psnr) = drawn([run([0.03, 0.02, 0.01], lr=lr) for lr in (1e-2, 1e-3)])
    for label in ("learning rate 0.01", "learning rate 0.001"):
        assert curve(loss, label) == ([1, 2, 3], [0.03, 0.02, 0.01])
        epochs, values = curve(psnr, label)
        assert epochs == [1, 2, 3]
        assert values == pytest.approx([15.229, 16.990, 20], abs=1e-3)


def test_band_reaches_from_the_lowest_to_the_highest_seed():
    losses = {0: [0.03, 0.02], 1: [0.01, 0.04], 2: [0.02, 0.03]}
    runs = [run(values, seed=seed) for seed, values in losses.items()]
    runs += [run([0.05, 0.05], lr=0.1)]
    _, (loss, _) = drawn(runs)
    assert curve(loss, "learning rate 0.001")[1] == pytest.approx([0.02, 0.03])
    (band,) = loss.collections  # one seed alone has none
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices.round(6)}
    assert corners == {(1, 0.01), (1, 0.03), (2, 0.02), (2, 0.04)}
    (line,) = lines(loss, "learning rate 0.001")
    assert same_color(band.get_facecolor()[0][:3], line.get_color())


def test_seed_that_diverged_is_named_and_not_in_the_mean():
    runs = [
        run([0.02, None], seed=0, status="diverged"),
        run([0.04, 0.03, 0.01], seed=1),
        run([0.05, 0.05, 0.05], lr=0.1),
    ]
    made, (loss, _) = drawn(runs)
    label = "learning rate 0.001 (1 of 2 diverged)"
    assert label in legend_texts(made)
    assert curve(loss, label)[1] == [0.04, 0.03, 0.01]
    assert not loss.collections  # one seed has no band


def test_setting_that_only_diverged_shows_its_curve_until_there():
    runs = [run([0.02, 0.5, None], status="diverged"), run([0.05, 0.05, 0.05], lr=0.1)]
    _, (loss, _) = drawn(runs)
    epochs, values = curve(loss, "learning rate 0.001 (diverged)")
    assert epochs == [1, 2, 3]
    assert values[:2] == [0.02, 0.5]
    assert math.isnan(values[2])


@pytest.mark.parametrize("missing", [None, math.nan, math.inf])
def test_epoch_without_a_figure_is_a_gap(missing):
    runs = [run([0.03, missing, 0.01], psnr=[15, missing, 20]), run([0.02, 0.02, 0.02], lr=0.1)]
    made, panels = drawn(runs)
    for axes, ends in zip(panels, ([0.03, 0.01], [15, 20]), strict=True):
        epochs, values = curve(axes, "learning rate 0.001")
        assert epochs == [1, 2, 3]
        assert [values[0], values[2]] == ends
        assert math.isnan(values[1])
    assert b"nan" not in as_svg(made)


def test_curve_without_a_single_figure_is_not_drawn():
    made, (loss, psnr) = drawn([run([None, None]), run([0.02, 0.01], lr=0.1)])
    assert not lines(loss, "learning rate 0.001")
    assert not lines(psnr, "learning rate 0.001")
    assert legend_texts(made) == ["learning rate 0.1"]


def test_figure_without_any_figure_at_all_is_empty_and_is_saved():
    made, panels = drawn([run([None]), run([None], lr=0.1)])
    assert [len(axes.lines) for axes in panels] == [0, 0]
    assert as_png(made).startswith(b"\x89PNG")


def test_single_epoch_is_a_mark():
    _, (loss, _) = drawn([run([0.02]), run([0.03], lr=0.1)])
    assert [line.get_marker() for line in loss.lines] == ["o", "o"]
    assert all(tick == int(tick) for tick in loss.get_xticks())


def test_same_runs_give_the_same_bytes():
    runs = [run([0.02, 0.01], lr=lr) for lr in (0.1, 0.01)]
    first, second = drawn(runs)[0], drawn(runs)[0]
    assert as_svg(first) == as_svg(second)
    with Image.open(io.BytesIO(as_png(first))) as picture:
        assert picture.size == (864, 1152)  # 5.4 by 7.2 inches at 160 dots


def test_words_name_the_best():
    runs = [run([0.02], lr=0.1, max_val_psnr=21.5), run([0.01], max_val_psnr=27.456)]
    (figure,) = select_curves(seed_groups(runs))
    assert describe_curves(figure).endswith(
        "of 2 settings; the best, learning rate 0.001, reaches 27.46 dB."
    )
    diverged = [run([0.02], lr=lr, status="diverged") for lr in (0.1, 0.01)]
    (figure,) = select_curves(seed_groups(diverged))
    assert describe_curves(figure).endswith("of 2 settings.")


def test_gains_are_drawn_against_bicubic_by_image():
    found = make_record("base")
    per_image = [("b.png", 31.0), ("a.png", 20.5), ("c.png", None), ("d.png", 30.0)]
    scores = [{"name": name, "psnr": psnr} for name, psnr in per_image]
    found = replace(found, per_image=scores)
    settings = seed_groups([found])
    made = draw_gains(settings, {"a.png": 20.0, "b.png": 30.0, "c.png": 25.0}, "photos")
    made.canvas.draw()
    (axes,) = made.axes
    (points,) = axes.collections
    assert sorted(np.asarray(points.get_offsets()).tolist()) == [[20.0, 0.5], [30.0, 1.0]]
    assert legend_texts(made) == ["Basic SRCNN (mean +0.75 dB)", "Bicubic"]
    assert axes.get_ylabel() == "Gain over bicubic (dB)"
    assert not made.legends[0].get_window_extent().overlaps(axes.get_tightbbox())
    (zero,) = lines(axes, "Bicubic")
    assert [*zero.get_ydata()] == [0, 0]


def test_gains_without_a_shared_image_are_empty():
    made = draw_gains(seed_groups([make_record("base")]), {"another.png": 20.0}, "photos")
    made.canvas.draw()
    assert legend_texts(made) == ["Basic SRCNN", "Bicubic"]
