"""Images side by side with their PSNR and a magnified square."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from srcnn_lightning.report.figures.style import DOTS_PER_INCH, figure
from srcnn_lightning.report.images import Pixels, TestImage, Window
from srcnn_lightning.report.seed_groups import BICUBIC, TARGET

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAGNIFIED = 5  # the magnified square has a fifth of the side
INSET = 0.45  # of the side, where it is shown
FRAME = "#E69F00"
WIDTH = 2.4  # inches of a column
TALLEST = 1.5  # heights of an image in its widths; a taller one has empty space beside it
LINE = 28  # letters of a column's label


def draw_comparison(title: str, images: Sequence[TestImage], labels: Sequence[str]) -> "Figure":
    """One row for each image, one column for each label; the same square of all is magnified.

    Args:
        title: title above the images.
        images: test images that have pixels under every label.
        labels: labels of the columns, from left to right.
    """
    titles = [[_title(image, label) for label in labels] for image in images]
    heights = []
    for image, row in zip(images, titles, strict=True):
        height, width = image.pixels[labels[0]].shape[:2]
        lines = 1 + max(title.count("\n") for title in row)
        heights.append((WIDTH - 0.1) * min(height / width, TALLEST) + 0.15 * lines + 0.15)
    with figure(WIDTH * len(labels), 0.3 + sum(heights)) as canvas:
        grid = canvas.subplots(len(images), len(labels), squeeze=False, height_ratios=heights)
        for row, image, names in zip(grid, images, titles, strict=True):
            side = min(image.pixels[labels[0]].shape[:2])
            window = image.window(max(1, side // MAGNIFIED))
            for axes, label, name in zip(row, labels, names, strict=True):
                axes.set_title(name, fontsize=9)
                _draw(axes, image.pixels[label], window)
        canvas.suptitle(title, fontsize=11)
    return canvas


def describe_comparison(images: Sequence[TestImage], labels: Sequence[str]) -> str:
    """A comparison in words, for those who cannot see it."""
    rows = [
        f"{image.name}: "
        + ", ".join(
            f"{label} {image.psnr[label]:.2f} dB" if label in image.psnr else label
            for label in labels
        )
        for image in images
    ]
    return "; ".join(rows)


def representative_images(
    images: Sequence[TestImage], label: str, count: int = 3
) -> list[TestImage]:
    """The images of the largest, the median and the smallest gain over bicubic: none is picked.

    Args:
        images: test images.
        label: label of the seed group that gains.
        count: number of images, spread evenly over the ranks.
    """
    ranked = sorted(
        (image for image in images if {label, BICUBIC} <= {*image.psnr}),
        key=lambda image: image.psnr[BICUBIC] - image.psnr[label],
    )
    places = sorted(
        {round(place * (len(ranked) - 1) / max(1, count - 1)) for place in range(count)}
    )
    return [ranked[place] for place in places] if ranked else []


def columns(images: Sequence[TestImage], labels: Sequence[str]) -> list[str]:
    """The labels under which every image has pixels; the target is the last."""
    return [
        label
        for label in dict.fromkeys([*labels, TARGET])
        if images and all(label in image.pixels for image in images)
    ]


def _title(image: TestImage, label: str) -> str:
    psnr = f"{image.psnr[label]:.2f} dB" if label in image.psnr else image.name
    seed = f", seed {image.seeds[label]}" if label in image.seeds else ""
    return "\n".join(textwrap.fill(line, LINE) for line in (f"{label}{seed}", psnr))


def _draw(axes: "Axes", pixels: Pixels, window: Window) -> None:
    is_reduced = pixels.shape[1] > WIDTH * DOTS_PER_INCH
    axes.imshow(pixels, interpolation="hanning" if is_reduced else "nearest")
    axes.set_axis_off()
    axes.grid(visible=False)
    rows, columns = window
    height, width = pixels.shape[:2]
    corners = (columns.start, rows.start)
    from matplotlib.patches import Rectangle

    sides = (columns.stop - columns.start, rows.stop - rows.start)
    axes.add_patch(Rectangle(corners, *sides, fill=False, edgecolor=FRAME, linewidth=1.2))
    # In the corner that is farthest from the square, so as not to cover it.
    side = INSET * min(height, width)
    share = (side / width, side / height)
    left = 0.0 if columns.start + columns.stop > width else 1 - share[0]
    bottom = 0.0 if rows.start + rows.stop < height else 1 - share[1]
    inset = axes.inset_axes((left, bottom, *share))
    inset.imshow(pixels[window], interpolation="nearest")
    inset.set(xticks=[], yticks=[])
    inset.grid(visible=False)
    for spine in inset.spines.values():
        spine.set(visible=True, edgecolor=FRAME, linewidth=1.2)
