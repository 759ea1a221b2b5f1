"""Figures of images side by side."""

import numpy as np
import pytest

from srcnn_lightning.report.figures.comparisons import draw_comparison
from srcnn_lightning.report.images import BICUBIC, TARGET, TestImage

LABEL = "espcn, cosine, l1, gradient_clip_val=0.5, lr=0.0003"


def shaped(height, width):
    generator = np.random.default_rng(1)
    pixels = {
        label: generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
        for label in (BICUBIC, LABEL, TARGET)
    }
    return TestImage("a_photograph_with_a_long_name.png", pixels, {LABEL: 30.0}, {LABEL: 0}, {})


@pytest.mark.parametrize(
    "images",
    [[shaped(60, 100)], [shaped(60, 60)], [shaped(60, 100), shaped(90, 60), shaped(500, 800)]],
    ids=["wide", "square", "mixed"],
)
def test_titles_and_images_lie_apart_and_fill_the_figure(images):
    made = draw_comparison("photos, antialiased x2", images, [BICUBIC, LABEL, TARGET])
    made.canvas.draw()
    boxes = [axes.title.get_window_extent() for axes in made.axes]
    boxes += [axes.images[0].get_window_extent() for axes in made.axes]
    for place, box in enumerate(boxes):
        assert made.bbox.x0 <= box.x0 < box.x1 <= made.bbox.x1
        assert not any(box.overlaps(other) for other in boxes[place + 1 :])
    # No empty bands: each image is as wide as its column, and less than a fifth of the figure is
    # neither image nor text.
    pictures = boxes[len(boxes) // 2 :]
    assert all(box.width > 0.9 * made.bbox.width / 3 for box in pictures)
    text = made._suptitle.get_window_extent().height
    filled = text + sum(
        title.height + picture.height
        for title, picture in zip(
            boxes[1 : len(boxes) // 2 : 3], boxes[1 + len(boxes) // 2 :: 3], strict=True
        )
    )
    assert filled > 0.8 * made.bbox.height


def test_magnified_part_is_square_in_a_corner_of_the_image():
    made = draw_comparison("photos", [shaped(60, 100)], [BICUBIC, LABEL, TARGET])
    made.canvas.draw()
    for axes in made.axes:
        whole, (inset,) = axes.get_window_extent(), axes.child_axes
        part = inset.get_window_extent()
        assert part.width == pytest.approx(part.height, rel=0.01)
        assert part.height == pytest.approx(0.45 * whole.height, rel=0.01)
        assert min(abs(part.x0 - whole.x0), abs(part.x1 - whole.x1)) < 1
        assert min(abs(part.y0 - whole.y0), abs(part.y1 - whole.y1)) < 1
