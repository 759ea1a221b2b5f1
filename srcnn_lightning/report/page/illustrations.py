"""A section's figures: drawn, written beside the page, and put into it."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from PIL import Image

from srcnn_lightning.report.figures import comparisons, curves, quality_cost, style
from srcnn_lightning.report.figures.figure_selection import (
    Comparison,
    select_comparisons,
    select_curves,
)
from srcnn_lightning.report.file_names import unique
from srcnn_lightning.report.images import TestImage, as_uri
from srcnn_lightning.report.page.page_model import FigureView, Section
from srcnn_lightning.report.seed_groups import TARGET, SeedGroup
from srcnn_lightning.report.study import Study
from srcnn_lightning.report.tables.cells import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = "figures"
GAINS = {1: "the only", 2: "largest and smallest", 3: "largest, median and smallest"}


def illustrate(
    section: Section,
    seed_groups: Sequence[SeedGroup],
    compared: Sequence[SeedGroup],
    images: Sequence[TestImage],
    study: Study | None,
) -> None:
    """Add all figures to a section.

    Args:
        section: section of the page.
        seed_groups: all seed groups of the section.
        compared: seed groups whose outputs are compared.
        images: test images with their pixels.
        study: study whose figures come first, if any.
    """
    baselines = [group for group in seed_groups if not group.is_trained and group.finished]
    for selection in select_curves(seed_groups, study):
        drawn = curves.draw_curves(selection, baselines, section.title)
        ending = "; grey: the baselines." if baselines else "."
        text = f"{selection.title} ({selection.note}){ending}"
        alt = curves.describe_curves(selection)
        _add(section, selection.name, drawn, alt, f"{selection.origin} {text}")
    if compared:
        _add_gains(section, seed_groups, compared)
        selections = select_comparisons(seed_groups, compared, study)
        _add_comparisons(section, images, selections, compared[0].label)


def illustrate_networks(section: Section, tables: Sequence[Table]) -> None:
    """Add a figure of quality against cost for each table of networks.

    Args:
        section: section of the page.
        tables: tables of the section.
    """
    compared = [table for table in tables if table.has_networks]
    names = unique("quality_cost" for _ in compared)
    for name, table in zip(names, compared, strict=True):
        if quality_cost.make_panels(table.rows):
            drawn = quality_cost.draw_quality_cost(section.title, table.rows)
            alt = quality_cost.describe_quality_cost(table.rows)
            _add(
                section,
                name,
                drawn,
                alt,
                quality_cost.caption_quality_cost(table.title, table.rows),
            )


def _add(section: Section, name: str, drawn: "Figure", alt: str, caption: str) -> None:
    """Add one figure, as SVG and PNG."""
    svg, png = style.as_svg(drawn), style.as_png(drawn)
    paths = [f"{FOLDER}/{section.id}/{name}.{kind}" for kind in ("svg", "png")]
    section.files |= zip(paths, (svg, png), strict=True)
    if b"<image" in svg:
        kind, source = "photographs", as_uri(style.as_page_picture(png), "image/webp")
    else:
        kind, source = "curves", as_uri(style.as_page_svg(svg), "image/svg+xml")
    with Image.open(io.BytesIO(png)) as image:
        size = image.size
    view = FigureView(name, kind, size, source, alt, caption.strip(), *map(quote, paths))
    section.figures.append(view)


def _add_comparisons(
    section: Section, images: Sequence[TestImage], selections: Sequence[Comparison], output: str
) -> None:
    """Images side by side that nobody has picked, by the gain of the group `output`."""
    rows = comparisons.representative_images(
        [image for image in images if TARGET in image.pixels], output
    )
    middle = rows[len(rows) // 2 : len(rows) // 2 + 1]
    for selection in selections:
        chosen = middle if selection.median_only else rows
        labels = comparisons.columns(chosen, selection.labels)
        if len(labels) < 3:
            continue
        drawn = comparisons.draw_comparison(section.title, chosen, labels)
        alt = comparisons.describe_comparison(chosen, labels)
        which = "the median" if selection.median_only else GAINS[len(rows)]
        text = f"{', '.join(labels)}; {which} gain of {output} over bicubic among the test images."
        _add(section, selection.name, drawn, alt, f"{selection.origin} {text}")


def _add_gains(
    section: Section, seed_groups: Sequence[SeedGroup], compared: Sequence[SeedGroup]
) -> None:
    baseline = next((group for group in seed_groups if group.kernel == "bicubic"), None)
    bicubic = baseline.psnr_per_image() if baseline else {}
    if not bicubic:
        return
    drawn = curves.draw_gains(compared, bicubic, section.title)
    labels = ", ".join(group.label for group in compared)
    images = f"{len(bicubic)} test image{'s' * (len(bicubic) != 1)}"
    text = f"Gain over bicubic on {images}: {labels}."
    _add(section, "gains", drawn, text, f"{text} Means over seeds.")
