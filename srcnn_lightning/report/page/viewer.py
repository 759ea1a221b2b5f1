"""The page's slider: outputs of a few seed groups for each test image, inside the file."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srcnn_lightning.report.comparable_runs import network_of
from srcnn_lightning.report.images import TestImage, Window, as_uri, webp
from srcnn_lightning.report.seed_groups import BICUBIC, TARGET, SeedGroup
from srcnn_lightning.report.study import Study

MOST_IMAGES, FEWEST_IMAGES = 20, 6
MOST_PICTURES = 100  # of a page with more than a few networks: fewer images, and larger parts
MOST_NETWORKS = 12
FEW = 5  # labels, with which a section holds MOST_IMAGES
SAMPLE = 5  # every fifth image says how well the others will pack
BEST = 2
SMALLEST = 32  # side of a crop in pixels


@dataclass
class Crop:
    """A square of a test image.

    Attributes:
        window: place of the square in the image.
        sources: packed pixels by label, as the page holds them.
    """

    window: Window
    sources: dict[str, str]


def compared_groups(seed_groups: Sequence[SeedGroup], study: Study | None) -> list[SeedGroup]:
    """The study's base and the best two other trained seed groups, by validation PSNR."""
    trained = [group for group in seed_groups if group.is_trained and group.finished]
    base = [group for group in trained if study and group.variant == study.base][:1]
    others = [group for group in trained if not (study and group.variant == study.base)]
    return [*base, *others[:BEST]]


def viewed_groups(
    seed_groups: Sequence[SeedGroup], compared: Sequence[SeedGroup]
) -> list[SeedGroup]:
    """The compared groups, and of every network the best group by validation.

    Args:
        seed_groups: seed groups of one set of images, the best first.
        compared: those that the figures compare.
    """
    best: dict[str, SeedGroup] = {}
    for group in seed_groups:
        if group.is_trained and group.finished:
            best.setdefault(network_of(group.runs[0]), group)
    others = [group for group in best.values() if group not in compared]
    return [*compared, *others][:MOST_NETWORKS]


def most_images(labels: int, sections: int) -> int:
    """The number of images that a slider shows: fewer where it compares many networks.

    Args:
        labels: number of pictures of an image, with those of the target and bicubic.
        sections: number of sliders of the page.
    """
    if labels <= FEW:
        return MOST_IMAGES
    return max(FEWEST_IMAGES, min(MOST_IMAGES, MOST_PICTURES // (labels * sections)))


def choose_images(
    images: Sequence[TestImage], label: str, most: int = MOST_IMAGES
) -> list[TestImage]:
    """All that have pixels; of more than a page holds, evenly from the largest gain down.

    Args:
        images: test images.
        label: label of the group whose gain over bicubic counts.
        most: number of images that the page holds, two or more.
    """
    with_pixels = [image for image in images if image.pixels]
    if len(with_pixels) <= most:
        return with_pixels
    ranked = sorted(
        with_pixels,
        key=lambda image: image.psnr.get(BICUBIC, math.inf) - image.psnr.get(label, 0.0),
    )
    step = (len(ranked) - 1) / (most - 1)
    kept = {id(ranked[round(place * step)]) for place in range(most)}
    return [image for image in with_pixels if id(image) in kept]


def viewer(
    images: Sequence[TestImage], labels: Sequence[str], budget: int, link: Callable[[Path], str]
) -> dict[str, Any] | None:
    """Plain values for the page's script.

    Five photographs of 224x224 pixels take 330 kB however well they are packed without loss, so
    twenty of them are too many for a page. The square that bicubic misses most is kept of each.

    Args:
        images: test images to choose from.
        labels: labels to choose from, without the target.
        budget: bytes of the page for all images together.
        link: function from a file to its address for the page.

    Returns:
        None where no image has pixels under any of the labels.
    """
    labels = list(dict.fromkeys([BICUBIC, *labels, TARGET]))
    labels = [label for label in labels if any(label in image.pixels for image in images)]
    if not labels:
        return None
    crops = _crops(images, labels, budget)
    return {
        "labels": labels,
        "right": next((label for label in labels[1:] if label != TARGET), labels[-1]),
        "images": [_image(*pair, labels, link) for pair in zip(images, crops, strict=True)],
    }


def _image(
    image: TestImage, crop: Crop, labels: Sequence[str], link: Callable[[Path], str]
) -> dict[str, Any]:
    height, width = next(iter(image.pixels.values())).shape[:2]
    sides = [side.stop - side.start for side in crop.window]
    return {
        "name": image.name,
        "part": _extent(sides, [height, width]),
        "width": sides[1],
        "height": sides[0],
        "texts": {label: _text(image, label) for label in labels},
        "sources": crop.sources,
        "links": {label: link(path) for label, path in image.links.items()},
    }


def _extent(sides: Sequence[int], whole: Sequence[int]) -> str:
    size = f"{sides[1]}x{sides[0]}"
    if [*sides] == [*whole]:
        return f"The whole image, {size} pixels."
    return (
        f"The {size} of {whole[1]}x{whole[0]} pixels where bicubic misses most of the target; PSNR "
        "is that of the whole image."
    )


def _text(image: TestImage, label: str) -> str:
    """`Basic SRCNN, seed 0, 28.74 dB`."""
    words = [label]
    if label in image.seeds:
        words.append(f"seed {image.seeds[label]}")
    if label in image.psnr:
        words.append(f"{image.psnr[label]:.2f} dB")
    return ", ".join(words)


def _crops(images: Sequence[TestImage], labels: Sequence[str], budget: int) -> list[Crop]:
    """The crops with which all images fit into the budget, as near to it as a few steps come.

    Steps are tried on a sample, of all labels, for bicubic packs better than the target; then all
    are packed, and once more, a little smaller, if the sample promised too much.
    """
    side: int = max(max(next(iter(image.pixels.values())).shape[:2]) for image in images)
    step = SAMPLE
    while True:
        sample = images[::step]
        crops = [_crop(image, labels, side) for image in sample]
        packed = sum(len(source) for crop in crops for source in crop.sources.values())
        expected = packed * len(images) / len(sample)
        if expected > budget and side > SMALLEST:
            smaller = math.sqrt(max(0, budget) / expected)
            side = max(SMALLEST, int(side * min(0.97, smaller)))
        elif step > 1:
            step = 1
        else:
            return crops


def _crop(image: TestImage, labels: Sequence[str], side: int) -> Crop:
    window = image.window(side)
    pixels = {label: image.pixels[label][window] for label in labels if label in image.pixels}
    return Crop(
        window, {label: as_uri(webp(square), "image/webp") for label, square in pixels.items()}
    )
