"""What the page's slider shows: a few settings' pictures of each test image, inside the file."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srcnn_lightning.report.images import TestImage, Window, as_uri, webp
from srcnn_lightning.report.seed_groups import BICUBIC, TARGET, SeedGroup
from srcnn_lightning.report.tables.rows import BASE

MOST_IMAGES = 20
SAMPLE = 5  # every fifth image tells how well the others will pack
BEST = 2
SMALLEST = 32  # pixels of a part's side


@dataclass
class Crop:
    """Where it lies in its image, and its pictures by label, as the page holds them."""

    window: Window
    sources: dict[str, str]


def shown_settings(settings: Sequence[SeedGroup]) -> list[SeedGroup]:
    """Table 1's base and the best two of those that are trained, by validation PSNR."""
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
) -> dict[str, Any] | None:
    """Plain values for the page's script.

    Five photographs of 224x224 pixels take 330 kB however well they are packed without loss, so
    twenty of them are too many for a page. The part that bicubic misses most is kept of each.

    Args:
        images: to choose from.
        labels: to choose from, without the target.
        budget: bytes of the page for all pictures together.
        link: from a file to its address for the page.

    Returns:
        None where no image has a picture under any of the labels.
    """
    labels = list(dict.fromkeys([BICUBIC, *labels, TARGET]))
    labels = [label for label in labels if any(label in image.pictures for image in images)]
    if not labels:
        return None
    parts = _parts(images, labels, budget)
    return {
        "labels": labels,
        "right": next((label for label in labels[1:] if label != TARGET), labels[-1]),
        "images": [_image(*pair, labels, link) for pair in zip(images, parts, strict=True)],
    }


def _image(
    image: TestImage, part: Crop, labels: Sequence[str], link: Callable[[Path], str]
) -> dict[str, Any]:
    height, width = next(iter(image.pictures.values())).shape[:2]
    sides = [side.stop - side.start for side in part.window]
    return {
        "name": image.name,
        "part": _extent(sides, [height, width]),
        "width": sides[1],
        "height": sides[0],
        "texts": {label: _text(image, label) for label in labels},
        "sources": part.sources,
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
    parts = [label]
    if label in image.seeds:
        parts.append(f"seed {image.seeds[label]}")
    if label in image.psnr:
        parts.append(f"{image.psnr[label]:.2f} dB")
    return ", ".join(parts)


def _parts(images: Sequence[TestImage], labels: Sequence[str], budget: int) -> list[Crop]:
    """The parts with which all pictures fit into the budget, as near to it as a few steps come.

    Steps are tried on a sample, of all labels, for bicubic packs better than the target; then all
    are packed, and once more, a little smaller, if the sample promised too much.
    """
    side: int = max(max(next(iter(image.pictures.values())).shape[:2]) for image in images)
    step = SAMPLE
    while True:
        sample = images[::step]
        parts = [_part(image, labels, side) for image in sample]
        packed = sum(len(source) for part in parts for source in part.sources.values())
        expected = packed * len(images) / len(sample)
        if expected > budget and side > SMALLEST:
            smaller = math.sqrt(max(0, budget) / expected)
            side = max(SMALLEST, int(side * min(0.97, smaller)))
        elif step > 1:
            step = 1
        else:
            return parts


def _part(image: TestImage, labels: Sequence[str], side: int) -> Crop:
    window = image.window(side)
    shown = {label: image.pictures[label] for label in labels if label in image.pictures}
    packed = {label: webp(pixels[window]) for label, pixels in shown.items()}
    return Crop(window, {label: as_uri(one, "image/webp") for label, one in packed.items()})
