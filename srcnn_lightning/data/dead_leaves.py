"""Built-in images: dead leaves, random overlapping discs with power-law radii.

Occlusion and radii of density r^-3 give edges and a spectrum much like a photograph's (Lee, Mumford
and Huang, "Occlusion models for natural images", 2001). Super-resolution metrics are much the same
as on photographs, and nothing is downloaded.
"""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SMALLEST_RADIUS = 5.0  # pixels; at 800 pixels reduced to 224 the smallest leaf is 3 pixels wide
LAYERS = 6.0  # mean number of leaves over a pixel; exp(-6) of the ground is visible
# The colours of photographs vary independently along grey, blue-yellow and green-magenta, and most
# along grey (Ruderman, Cronin and Chiao 1998).
COLOUR_AXES = np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]]) / np.sqrt([[3], [6], [2]])
COLOUR_DEVIATIONS = np.array([0.30, 0.10, 0.04])
GRAIN = 0.01  # standard deviation of the grain laid over the whole image
SHARP = 1 / 3  # share of the images that `draw_blurred` leaves sharp
BLUR = (0.8, 6.0)  # standard deviations in pixels; at 576 pixels reduced to 144 a quarter of them


def draw(side: int, seed: int, index: int) -> np.ndarray:
    """Draw one image.

    Args:
        side: side of the image in pixels.
        seed: seed of the set of images.
        index: number of the image in the set, from 0.

    Returns:
        `(side, side, 3)` uint8, RGB.
    """
    generator = np.random.default_rng((seed, index))
    largest = max(side / 2, 2 * SMALLEST_RADIUS)
    radii = _radii(generator, side, largest)
    centres = generator.uniform(-largest, side + largest, (len(radii), 2))
    mean = generator.normal(0.45, 0.08)
    contrast = generator.uniform(0.6, 1.2)
    colours = (
        mean + contrast * generator.normal(0, COLOUR_DEVIATIONS, (len(radii), 3)) @ COLOUR_AXES
    )
    fills = (np.clip(colours, 0, 1) * 255).astype(np.uint8).tolist()
    boxes = np.hstack([centres - radii[:, None], centres + radii[:, None]]).tolist()
    image = Image.new("RGB", (side, side), tuple(fills[0]))
    brush = ImageDraw.Draw(image)
    for box, fill in zip(boxes, fills, strict=True):
        brush.ellipse(box, fill=tuple(fill))
    grain = generator.normal(0, GRAIN * 255, (side, side, 1))
    return np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)


def draw_blurred(side: int, seed: int, index: int) -> np.ndarray:
    """Draw one image as `draw` does, and blur two thirds of the images, each by its own width.

    Much of a photograph is out of focus. A network that has seen sharp edges alone sharpens that,
    too, the more so the longer it is trained.

    Args:
        side: side of the image in pixels.
        seed: seed of the set of images.
        index: number of the image in the set, from 0.

    Returns:
        `(side, side, 3)` uint8, RGB.
    """
    pixels = draw(side, seed, index)
    generator = np.random.default_rng((seed, index, 1))
    if generator.uniform() < SHARP:
        return pixels
    blur = ImageFilter.GaussianBlur(generator.uniform(*BLUR))
    return np.asarray(Image.fromarray(pixels).filter(blur))


def _radii(generator: np.random.Generator, side: int, largest: float) -> np.ndarray:
    """Radii in pixels, of density r^-3, for discs that lie `LAYERS` deep on image and margin."""
    low, high = SMALLEST_RADIUS**-2, largest**-2
    mean_area = 2 * math.pi * math.log(largest / SMALLEST_RADIUS) / (low - high)
    count = round(LAYERS * (side + 2 * largest) ** 2 / mean_area)
    return (low - generator.uniform(0, 1, count) * (low - high)) ** -0.5
