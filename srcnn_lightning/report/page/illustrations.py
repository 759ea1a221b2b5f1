"""A section's figures: drawn, written beside the page, and shown in it."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from PIL import Image

from srcnn_lightning.report.figures import comparisons, curves, style
from srcnn_lightning.report.figures.figure_selection import select_comparisons, select_curves
from srcnn_lightning.report.images import TestImage, as_uri
from srcnn_lightning.report.page.page_model import FigureView
from srcnn_lightning.report.seed_groups import TARGET, SeedGroup
from srcnn_lightning.report.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = "figures"
GAINS = {1: "the only", 2: "largest and smallest", 3: "largest, median and smallest"}


@dataclass
class Illustrations:
    """The figures of a section.

    Attributes:
        identifier: identifier of the section, for the folder of the figures.
        title: title of the section, which stands in every figure.
        views: figures for the page.
        files: content of the files beside the page, by path below the report's folder.
    """

    identifier: str
    title: str
    views: list[FigureView] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def add(self, name: str, drawn: "Figure", alt: str, caption: str, origin: str = "") -> None:
        """Add one figure, as SVG and PNG."""
        svg, png = style.as_svg(drawn), style.as_png(drawn)
        paths = {kind: f"{FOLDER}/{self.identifier}/{name}.{kind}" for kind in ("svg", "png")}
        self.files |= {paths["svg"]: svg, paths["png"]: png}
        if b"<image" in svg:
            kind, source = "photographs", as_uri(style.as_page_picture(png), "image/webp")
        else:
            kind, source = "curves", as_uri(style.as_page_svg(svg), "image/svg+xml")
        with Image.open(io.BytesIO(png)) as image:
            size = image.size
        caption = " ".join(filter(None, [origin, caption]))
        links = map(quote, paths.values())
        self.views.append(FigureView(name, kind, size, source, alt, caption, *links))


def illustrate(
    identifier: str,
    title: str,
    settings: Sequence[SeedGroup],
    compared: Sequence[SeedGroup],
    images: Sequence[TestImage],
    study: Study | None,
) -> Illustrations:
    """All figures of a section.

    Args:
        identifier: identifier of the section.
        title: title of the section.
        settings: all settings of the section.
        compared: settings whose outputs are compared.
        images: test images with their pixels.
        study: study whose figures come first, if any.
    """
    figures = Illustrations(identifier, title)
    baselines = [setting for setting in settings if not setting.is_trained and setting.finished]
    for selection in select_curves(settings, study):
        drawn = curves.draw_curves(selection, baselines, title)
        ending = "; grey: the baselines." if baselines else "."
        text = f"{selection.title} ({selection.note}){ending}"
        alt = curves.describe_curves(selection)
        figures.add(selection.name, drawn, alt, text, selection.origin)
    if compared:
        _add_gains(figures, settings, compared)
        _add_comparisons(figures, images, settings, compared, study)
    return figures


def _add_comparisons(
    figures: Illustrations,
    images: Sequence[TestImage],
    settings: Sequence[SeedGroup],
    compared: Sequence[SeedGroup],
    study: Study | None,
) -> None:
    """Images side by side that nobody has picked."""
    output = compared[0].label
    rows = comparisons.representative_images(
        [image for image in images if TARGET in image.pixels], output
    )
    middle = rows[len(rows) // 2 : len(rows) // 2 + 1]
    for selection in select_comparisons(settings, compared, study):
        chosen = middle if selection.median_only else rows
        labels = comparisons.columns(chosen, selection.labels)
        if len(labels) < 3:
            continue
        drawn = comparisons.draw_comparison(figures.title, chosen, labels)
        alt = comparisons.describe_comparison(chosen, labels)
        which = "the median" if selection.median_only else GAINS[len(rows)]
        text = f"{', '.join(labels)}; {which} gain of {output} over bicubic among the test images."
        figures.add(selection.name, drawn, alt, text, selection.origin)


def _add_gains(
    figures: Illustrations, settings: Sequence[SeedGroup], compared: Sequence[SeedGroup]
) -> None:
    baseline = next((setting for setting in settings if setting.kernel == "bicubic"), None)
    bicubic = baseline.psnr_per_image() if baseline else {}
    if not bicubic:
        return
    drawn = curves.draw_gains(compared, bicubic, figures.title)
    labels = ", ".join(setting.label for setting in compared)
    text = f"Gain over bicubic on each of {len(bicubic)} test images: {labels}."
    figures.add("gains", drawn, text, f"{text} Means over seeds.")
