"""Axes, legends, colours and dashes of the curves."""

from dataclasses import replace

import pytest
from curve_drawings import baseline, drawn, history, legend_texts, lines, run
from matplotlib.colors import same_color, to_hex
from run_records import make_record, seed_groups

from srcnn_lightning.report.figures.curves import draw_curves, draw_gains
from srcnn_lightning.report.figures.figure_selection import Curve, CurveFigure
from srcnn_lightning.report.figures.style import COLOURS, GREY, as_png

TANH = {"model.output_activation": "tanh"}


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


def test_seed_whose_loss_exploded_does_not_flatten_the_other_curves():
    _, (loss, _) = drawn([run([0.1, 0.01]), run([0.1, 1e6], lr=1e-2, psnr=[10, -60])])
    assert loss.get_ylim()[1] == 1
    assert loss.get_ylabel() == "Validation loss (MSE, log scale, up to 1)"
    # Where all are that large there is nothing to protect.
    _, (loss, _) = drawn([run([1e5, 1e6], psnr=[-50, -60])])
    assert loss.get_ylim()[1] > 1e6


def test_title_holds_the_note(two_rates):
    made, _ = two_rates
    assert made.get_suptitle().splitlines() == [
        "Learning rates: photos, antialiased x2",
        "100 epochs, batch 2, Adam, start: default, 1 seed",
    ]


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
