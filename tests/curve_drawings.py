"""Runs with a history, and the curves that are drawn of them."""

import math
from dataclasses import replace

from run_records import make_record, seed_groups, select_curves

from srcnn_lightning.report.figures.curves import draw_curves


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
