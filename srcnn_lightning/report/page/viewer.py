"""What the page's slider shows: a few settings' pictures of each test image, inside the file."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from srcnn_lightning.report.pictures import BICUBIC, TARGET, TestImage, as_uri, webp
from srcnn_lightning.report.settings import Setting
from srcnn_lightning.report.tables.rows import BASE

MOST_IMAGES = 20
SAMPLE = 5  # every fifth picture tells how well the others will pack
BEST = 2
SMALLEST = 32  # pixels of a part's side


def shown_settings(settings: Sequence[Setting]) -> list[Setting]:
    """Table 1's base and the best two of those that are trained, by test PSNR."""
    trained = [setting for setting in settings if setting.is_trained and setting.finished]
    base = [setting for setting in trained if setting.variant == BASE]
    others = [setting for setting in trained if setting not in base]
    return [*base[:1], *others[:BEST]]


def chosen_images(images: Sequence[TestImage], label: str) -> list[TestImage]:
    """All that have pictures; of more than a page holds, evenly from the largest gain down."""
    with_pictures = [image for image in images if image.pictures]
    if len(with_pictures) <= MOST_IMAGES:
        return with_pictures
    ranked = sorted(
        with_pictures,
        key=lambda image: image.psnr.get(BICUBIC, math.inf) - image.psnr.get(label, 0.0),
    )
    step = (len(ranked) - 1) / (MOST_IMAGES - 1)
    kept = {id(ranked[round(place * step)]) for place in range(MOST_IMAGES)}
    return [image for image in with_pictures if id(image) in kept]


def viewer(
    images: Sequence[TestImage], labels: Sequence[str], budget: int, link: Callable[[Path], str]
) -> dict[str, Any]:
    """Plain values for the page's script.

    Five photographs of 224x224 pixels take 330 kB however well they are packed without loss, so
    twenty of them are too many for a page. The part that bicubic misses most is kept of each.

    Args:
        images: to choose from.
        labels: to choose from, without the target.
        budget: bytes of the page for all pictures together.
        link: from a file to its address for the page.
    """
    labels = list(dict.fromkeys([BICUBIC, *labels, TARGET]))
    labels = [label for label in labels if any(label in image.pictures for image in images)]
    side = _side(images, labels, budget)
    return {
        "labels": labels,
        "right": next((label for label in labels[1:] if label != TARGET), labels[-1]),
        "images": [_image(image, labels, side, link) for image in images],
    }


def _image(
    image: TestImage, labels: Sequence[str], side: int, link: Callable[[Path], str]
) -> dict[str, Any]:
    window = image.window(side)
    height, width = next(iter(image.pictures.values())).shape[:2]
    sides = [part.stop - part.start for part in window]
    return {
        "name": image.name,
        "part": f"{sides[1]}x{sides[0]} of {width}x{height} pixels",
        "width": sides[1],
        "height": sides[0],
        "psnr": {label: round(psnr, 3) for label, psnr in image.psnr.items() if label in labels},
        "sources": {
            label: as_uri(webp(image.pictures[label][window]), "image/webp")
            for label in labels
            if label in image.pictures
        },
        "links": {label: link(path) for label, path in image.links.items()},
    }


def _side(images: Sequence[TestImage], labels: Sequence[str], budget: int) -> int:
    """The side of the part, in pixels, with which all pictures fit into the budget.

    Found on a sample, in a few steps: the part that is hard to enlarge is hard to pack, too.
    """
    every = [(image, label) for image in images for label in labels if label in image.pictures]
    sample = every[::SAMPLE]
    side: int = max(max(image.pictures[label].shape[:2]) for image, label in every)
    while side > SMALLEST:
        packed = [len(webp(image.pictures[label][image.window(side)])) for image, label in sample]
        expected = fmean(packed) * len(every) * 4 / 3  # base64 makes four bytes of three
        if expected <= budget:
            break
        side = max(SMALLEST, int(side * min(0.97, math.sqrt(budget / expected))))
    return side
