"""A picture for the documents: the same cut of an image from several folders, side by side.

python docs/side_by_side.py FILE IMAGE LEFT,TOP,SIDE LABEL=FOLDER...
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ZOOM, CAPTION, GAP = 4, 34, 6  # factor of the cuts; pixels


def main(file: str, name: str, cut: str, *labelled: str) -> None:
    """Write the file, a WebP or PNG."""
    left, top, side = map(int, cut.split(","))
    width = side * ZOOM
    canvas = Image.new("RGB", ((width + GAP) * len(labelled) - GAP, width + CAPTION), "white")
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(size=20)
    for number, text in enumerate(labelled):
        label, _, folder = text.partition("=")
        start = number * (width + GAP)
        with Image.open(Path(folder) / name) as image:
            piece = image.convert("RGB").crop((left, top, left + side, top + side))
        canvas.paste(piece.resize((width, width), Image.Resampling.NEAREST), (start, 0))
        middle = (start + width // 2, width + CAPTION // 2)
        draw.text(middle, label, fill="black", font=font, anchor="mm")
    canvas.save(file, quality=92)


if __name__ == "__main__":
    main(*sys.argv[1:])
