import io
import math
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import same_color, to_hex
from PIL import Image
from run_records import make_record, seed_groups, select_curves

from srcnn_lightning.report.figures.curves import describe_curves, draw_curves, draw_gains
from srcnn_lightning.report.figures.figure_selection import Curve, CurveFigure
from srcnn_lightning.report.figures.style import COLOURS, GREY, as_png, as_svg

TANH = {"model.output_activation": "tanh"}


def history(losses, psnr=None):
    """Epochs with these validation losses; the PSNR is theirs unless given."""
    if psnr is None:
        psnr = [None if loss is None else -10 * math.log10(loss) for loss in losses]
    pairs = enumerate(zip(losses, psnr, strict=True), 1)
    return [
        {"epoch": epoch, "train_loss": 0.01, "val_loss": loss, "val_psnr": decibels}
        for epoch, (loss, decibels) in pairs
    ]


def run(losses, *, lr=1e-3, settings=(), psnr=None, **changes):
    settings = {"optimizer.lr": lr, **dict(settings)}
    name = f"lr={lr:g}"
    found = make_record(None, experiment="sweep", name=name, settings=settings, **changes)
    return replace(found, history=history(losses, psnr))


def baseline(kernel, loss, psnr):
    return make_record(kernel, val_loss=loss, max_val_psnr=psnr)


def drawn(records, baselines=()):
    """The first figure of these runs, laid out, and its two panels."""
    (figure, *_) = select_curves(seed_groups(records))
    made = draw_curves(figure, seed_groups(baselines), "photos, antialiased x2")
    made.canvas.draw()
    return made, made.axes


def lines(axes, label):
    return [line for line in axes.lines if line.get_label() == label]


def curve(axes, label):
    (line,) = lines(axes, label)
    return [*line.get_xdata()], [*line.get_ydata()]


def legend_texts(made):
    (legend,) = made.legends
    return [text.get_text() for text in legend.get_texts()]


@pytest.fixture(scope="module")
def two_rates():
    runs = [run([0.03, 0.02, 0.01], lr=lr) for lr in (1e-2, 1e-3)]
    return drawn(runs, [baseline("bicubic", 0.0066, 25.4), baseline("nearest", 0.0147, 22.2)])


def test_loss_is_on_a_log_axis_and_psnr_is_not(two_rates):
    _, (loss, psnr) = two_rates
    assert (loss.get_yscale(), psnr.get_yscale()) == ("log", "linear")
    assert (loss.get_xscale(), psnr.get_xscale()) == ("linear", "linear")


def test_axes_are_named_with_units(two_rates):
    _, (loss, psnr) = two_rates
    assert (loss.get_xlabel(), psnr.get_xlabel()) == ("", "Epoch")  # one below the other
    assert loss.get_xlim() == psnr.get_xlim()
    assert loss.get_ylabel() == "Validation loss (MSE, log scale)"
    assert psnr.get_ylabel() == "Validation PSNR (dB)"


def test_title_holds_the_note(two_rates):
    made, _ = two_rates
    assert made.get_suptitle().splitlines() == [
        "Learning rates: photos, antialiased x2",
        "100 epochs, batch 2, Adam, start: default, 1 seed",
    ]


def test_curves_are_the_runs_figures_from_the_first_epoch_on(two_rates):
    _, (loss, psnr) = two_rates
    for label in ("learning rate 0.01", "learning rate 0.001"):
        assert curve(loss, label) == ([1, 2, 3], [0.03, 0.02, 0.01])
        epochs, values = curve(psnr, label)
        assert epochs == [1, 2, 3]
        assert values == pytest.approx([15.229, 16.990, 20], abs=1e-3)


def test_baselines_are_dashed_lines_at_their_figures(two_rates):
    _, (loss, psnr) = two_rates
    for axes, bicubic, nearest in ((loss, 0.0066, 0.0147), (psnr, 25.4, 22.2)):
        for label, value in (("Bicubic", bicubic), ("Nearest neighbor", nearest)):
            (line,) = lines(axes, label)
            assert [*line.get_ydata()] == [value, value]
            assert [*line.get_xdata()] == [0, 1]  # from the left to the right of the axes
            assert line.is_dashed()
            assert same_color(line.get_color(), GREY)
    patterns = {tuple(line._unscaled_dash_pattern[1]) for line in loss.lines if line.is_dashed()}
    assert len(patterns) == 2  # told apart without colour


def test_curves_are_solid_and_varied_ones_dotted():
    _, (loss, _) = drawn([run([0.02, 0.01]), run([0.03, 0.01], settings=TANH)])
    (plain,), (tanh,) = (lines(loss, f"{how}tanh, learning rate 0.001") for how in ("no ", ""))
    assert plain.get_linestyle() == "-"
    assert tanh.get_linestyle() != "-"


def test_legend_names_each_curve_and_baseline_once(two_rates):
    made, _ = two_rates
    assert legend_texts(made) == [
        "learning rate 0.001",
        "learning rate 0.01",
        "Bicubic",
        "Nearest neighbor",
    ]


@pytest.mark.parametrize("count", [2, 7, 40])
def test_legend_title_and_curves_do_not_overlap(count):
    runs = [run([0.02, 0.01], lr=10.0**-place) for place in range(count)]
    baselines = [baseline("bicubic", 0.0066, 25.4), baseline("bilinear", 0.0074, 25.2)]
    made, panels = drawn(runs, baselines)
    (legend,) = made.legends
    below, above = legend.get_window_extent(), made._suptitle.get_window_extent()
    for axes in panels:
        whole = axes.get_tightbbox()  # with ticks and labels
        assert not whole.overlaps(below)
        assert not axes.get_window_extent().overlaps(above)
        assert axes.get_window_extent().height > 0.2 * made.bbox.height
    assert not panels[0].get_tightbbox().overlaps(panels[1].get_tightbbox())
    for box in (below, above, *(axes.get_tightbbox() for axes in panels)):
        assert made.bbox.x0 <= box.x0 < box.x1 <= made.bbox.x1
        assert made.bbox.y0 <= box.y0 < box.y1 <= made.bbox.y1


@pytest.mark.parametrize("count", [2, 14])
def test_legend_of_long_names_is_whole(count):
    """Every letter of every name lies within the figure, and the panels keep their size."""
    words = (
        "espcn, cosine, l1, gradient_clip_val=0.5, kernel_sizes=5-3-3, features=64-32, lr=0.0003"
    )
    runs = [run([0.02, 0.01], lr=10.0**-place) for place in range(count)]
    curves = [
        Curve(f"{words}, number={place}", group, place)
        for place, group in enumerate(seed_groups(runs))
    ]
    drawings = [draw_curves(CurveFigure("a", "Single", "1 seed", curves), [], "photos")]
    bicubic = {"e.png": 20.0}
    drawings.append(
        draw_gains([replace(one.group, label=one.label) for one in curves], bicubic, "")
    )
    for made in drawings:
        made.canvas.draw()
        (legend,) = made.legends
        boxes = [text.get_window_extent() for text in legend.get_texts()]
        assert all(made.bbox.x0 <= box.x0 < box.x1 <= made.bbox.x1 for box in boxes)
        assert legend.get_window_extent().y0 >= 0
        assert all(axes.get_window_extent().height > 1.8 * made.dpi for axes in made.axes)
    whole = [name.replace("\n", " ") for name in legend_texts(drawings[0])]
    assert whole == [curve.label for curve in curves]


def test_ten_networks_are_told_apart_by_colour_and_dashes():
    names = [f"network_{place}" for place in range(10)]
    runs = [
        replace(
            make_record(None, experiment="models", name=f"model={name}", settings={"model": model}),
            history=history([0.02, 0.01]),
        )
        for name in names
        for model in [{"name": name}]
    ]
    made, (loss, _) = drawn(runs)
    assert sorted(legend_texts(made)) == names
    looks = {(line.get_color(), line.get_linestyle()) for line in loss.lines}
    assert len(looks) == 10


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


def test_of_100_curves_the_best_seven_are_coloured():
    runs = [
        run([0.02, 0.01], lr=(place + 1) / 1000, max_val_psnr=20 + (place * 37 % 100) / 10)
        for place in range(100)
    ]
    made, panels = drawn(runs)
    for axes in panels:
        grey = [line for line in axes.lines if same_color(line.get_color(), GREY)]
        coloured = [line for line in axes.lines if line not in grey]
        best = sorted(runs, key=lambda one: -one.metrics["max_val_psnr"])[:7]
        assert [line.get_label() for line in coloured] == [
            f"learning rate {one.config['optimizer']['lr']:g}" for one in best
        ]
        assert {to_hex(line.get_color()).upper() for line in coloured} == {*COLOURS}
        assert len([line for line in grey if len(line.get_xdata())]) == 93
        assert all(line.get_linewidth() < 1 for line in grey)
    texts = legend_texts(made)
    assert len(texts) == 8
    assert texts[-1] == "93 others"


def test_colours_of_a_few_curves_are_apart():
    runs = [run([0.02, 0.01], lr=10.0**-place) for place in range(len(COLOURS))]
    _, (loss, _) = drawn(runs)
    assert [to_hex(line.get_color()).upper() for line in loss.lines] == [*COLOURS]


def test_same_runs_give_the_same_bytes():
    runs = [run([0.02, 0.01], lr=lr) for lr in (0.1, 0.01)]
    first, second = drawn(runs)[0], drawn(runs)[0]
    assert as_svg(first) == as_svg(second)
    with Image.open(io.BytesIO(as_png(first))) as picture:
        assert picture.size == (864, 1152)  # 5.4 by 7.2 inches at 160 dots


def test_names_are_no_mathematics():
    records = [run([0.02, 0.01]), run([0.03, 0.01], lr=0.1)]
    curves = [
        Curve(label, setting, place)
        for place, (label, setting) in enumerate(
            zip(("$x^2", "<b> & $y$"), seed_groups(records), strict=True)
        )
    ]
    made = draw_curves(CurveFigure("curves_a", "$a$ <i>", "$1", curves), [], "$d$")
    assert as_png(made)
    assert legend_texts(made) == ["$x^2", "<b> & $y$"]


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
