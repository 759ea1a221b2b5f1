"""Images side by side with their PSNR and a magnified square."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from srcnn_lightning.report.figures.style import figure
from srcnn_lightning.report.images import TestImage, Window
from srcnn_lightning.report.seed_groups import BICUBIC, TARGET

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAGNIFIED = 5  # the magnified square has a fifth of the side
FRAME = "#E69F00"


def draw_comparison(title: str, images: Sequence[TestImage], labels: Sequence[str]) -> "Figure":
    """One row for each image, one column for each label; the same square of all is magnified.

    Args:
        title: title above the images.
        images: test images that have pixels under every label.
        labels: labels of the columns, from left to right.
    """
    with figure(2.4 * len(labels), 0.4 + 2.75 * len(images)) as canvas:
        grid = canvas.subplots(len(images), len(labels), squeeze=False)
        for row, image in zip(grid, images, strict=True):
            side = min(image.pixels[labels[0]].shape[:2])
            window = image.window(max(1, side // MAGNIFIED))
            for axes, label in zip(row, labels, strict=True):
                _draw(axes, image, label, window)
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


def _draw(axes: "Axes", image: TestImage, label: str, window: Window) -> None:
    pixels = image.pixels[label]
    axes.imshow(pixels, interpolation="nearest")
    psnr = f"{image.psnr[label]:.2f} dB" if label in image.psnr else image.name
    seed = f", seed {image.seeds[label]}" if label in image.seeds else ""
    axes.set_title(f"{label}{seed}\n{psnr}", fontsize=9)
    axes.set_axis_off()
    axes.grid(visible=False)
    rows, columns = window
    height, width = pixels.shape[:2]
    corners = (columns.start, rows.start)
    from matplotlib.patches import Rectangle

    sides = (columns.stop - columns.start, rows.stop - rows.start)
    axes.add_patch(Rectangle(corners, *sides, fill=False, edgecolor=FRAME, linewidth=1.2))
    # In the corner that is farthest from the square, so as not to cover it.
    left = 0.0 if columns.start + columns.stop > width else 0.55
    bottom = 0.0 if rows.start + rows.stop < height else 0.55
    inset = axes.inset_axes((left, bottom, 0.45, 0.45))
    inset.imshow(pixels[window], interpolation="nearest")
    inset.set(xticks=[], yticks=[])
    inset.grid(visible=False)
    for spine in inset.spines.values():
        spine.set(visible=True, edgecolor=FRAME, linewidth=1.2)
