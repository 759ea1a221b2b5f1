"""Several models side by side in one picture."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from srcnn_lightning.image_io import Picture, fitted

GAP = 4  # pixels between panels


class SideBySide:
    """A picture of equally large panels with a caption above each, on white."""

    def __init__(self, captions: Sequence[str], width: int, height: int, is_grey: bool) -> None:
        """Measure the captions.

        Args:
            captions: captions from left to right.
            width: of a panel in pixels.
            height: of a panel in pixels.
            is_grey: whether the panels are grey.
        """
        font = ImageFont.load_default(max(12, min(48, height // 24)))
        texts = [_wrapped(caption, font, width) for caption in captions]
        ruler = ImageDraw.Draw(Image.new("L", (1, 1)))
        sizes = [ruler.multiline_textbbox((0, 0), text, font=font) for text in texts]
        self.top = round(max(bottom for _, _, _, bottom in sizes)) + 2 * GAP
        self.column = max(width, *(round(right) for _, _, right, _ in sizes)) + GAP
        size = (self.column * len(captions) - GAP, self.top + height)
        self.image = Image.new("L" if is_grey else "RGB", size, "white")
        draw = ImageDraw.Draw(self.image)
        for number, text in enumerate(texts):
            draw.multiline_text((number * self.column, GAP), text, fill="black", font=font)

    def add(self, number: int, picture: Picture) -> None:
        """Put a picture into a panel: 8 bits, transparent parts over white."""
        pixels = fitted(picture, ".jpg").pixels
        panel = Image.fromarray(pixels[..., 0] if picture.is_grey else pixels)
        self.image.paste(panel, (number * self.column, self.top))

    def picture(self, like: Picture) -> Picture:
        """The whole, with profile and metadata of one of its pictures."""
        pixels = np.asarray(self.image)
        return replace(like, pixels=pixels.reshape(*pixels.shape[:2], -1))


def _wrapped(caption: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """A run's name in lines of the panel's width, broken after its commas."""
    lines = [""]
    for part in re.findall("[^,]*,?", caption):
        if lines[-1] and font.getlength(lines[-1] + part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)
