"""A section's figures: drawn, written beside the page, and shown in it."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from PIL import Image

from srcnn_lightning.report.figures import comparisons, curves, style
from srcnn_lightning.report.figures.figure_selection import curve_figures
from srcnn_lightning.report.images import TestImage, as_uri
from srcnn_lightning.report.page.page_model import FigureView
from srcnn_lightning.report.seed_groups import BICUBIC, TARGET, SeedGroup

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = "figures"
GAINS = {1: "the only", 2: "largest and smallest", 3: "largest, median and smallest"}


@dataclass
class Illustrations:
    """Figures for the page, and the files beside it by their path below the report's folder."""

    identifier: str
    title: str
    shown: list[FigureView] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def add(self, name: str, drawn: "Figure", alt: str, caption: str) -> None:
        """One figure, as SVG and PNG."""
        svg, png = style.as_svg(drawn), style.as_png(drawn)
        paths = {kind: f"{FOLDER}/{self.identifier}/{name}.{kind}" for kind in ("svg", "png")}
        self.files |= {paths["svg"]: svg, paths["png"]: png}
        is_photographs = b"<image" in svg
        if is_photographs:
            source = as_uri(style.as_page_picture(png), "image/webp")
        else:
            source = as_uri(style.as_page_svg(svg), "image/svg+xml")
        kind = "photographs" if is_photographs else "curves"
        links = [quote(paths[kind]) for kind in ("svg", "png")]
        number = re.match(r"figure_(\d)", name)
        caption = f"As the paper's figure {number[1]}. {caption}" if number else caption
        with Image.open(io.BytesIO(png)) as image:
            size = image.size
        self.shown.append(FigureView(name, kind, size, source, alt, caption, *links))


def illustrate(
    identifier: str,
    title: str,
    settings: Sequence[SeedGroup],
    shown: Sequence[SeedGroup],
    images: Sequence[TestImage],
) -> Illustrations:
    """All figures of a section.

    Args:
        identifier: of the section, for the folder of its figures.
        title: of the section, which stands in every figure.
        settings: all of the section.
        shown: those whose pictures are compared.
        images: with their pictures.
    """
    found = Illustrations(identifier, title)
    baselines = [setting for setting in settings if not setting.is_trained and setting.finished]
    for figure in curve_figures(settings):
        drawn = curves.draw_curves(figure, baselines, title)
        text = f"{figure.title} ({figure.note})" + ("; grey: the baselines." if baselines else ".")
        found.add(figure.name, drawn, curves.describe_curves(figure), text)
    if shown:
        _add_gains(found, settings, shown)
        _add_comparisons(found, images, settings, shown)
    return found


def _add_comparisons(
    found: Illustrations,
    images: Sequence[TestImage],
    settings: Sequence[SeedGroup],
    shown: Sequence[SeedGroup],
) -> None:
    """The paper's figures 3 and 8, of images that nobody has picked."""
    output = shown[0].label
    best = next((setting.label for setting in settings if setting in shown), output)
    bilinear = next((setting.label for setting in settings if setting.kernel == "bilinear"), "")
    rows = comparisons.representative_images(
        [image for image in images if TARGET in image.pictures], output
    )
    middle = rows[len(rows) // 2 : len(rows) // 2 + 1]
    for name, wanted, chosen in (
        ("figure_3", [bilinear, output], middle),
        ("figure_8", [BICUBIC, output, best], rows),
    ):
        labels = comparisons.columns(chosen, wanted)
        if len(labels) < 3:
            continue
        drawn = comparisons.draw_comparison(found.title, chosen, labels)
        alt = comparisons.describe_comparison(chosen, labels)
        which = GAINS[len(rows)] if name == "figure_8" else "the median"
        text = f"{', '.join(labels)}; {which} gain of {output} over bicubic among the test images."
        found.add(name, drawn, alt, text)


def _add_gains(
    found: Illustrations, settings: Sequence[SeedGroup], shown: Sequence[SeedGroup]
) -> None:
    baseline = next((setting for setting in settings if setting.kernel == "bicubic"), None)
    bicubic = baseline.psnr_per_image() if baseline else {}
    if not bicubic:
        return
    drawn = curves.draw_gains(shown, bicubic, found.title)
    labels = ", ".join(setting.label for setting in shown)
    text = f"Gain over bicubic on each of {len(bicubic)} test images: {labels}."
    found.add("gains", drawn, text, f"{text} Means over seeds.")
