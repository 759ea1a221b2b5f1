"""PSNR under every convention as Markdown, CSV or JSON."""

import csv
import io
import json
import math
import textwrap
from collections.abc import Sequence
from dataclasses import asdict

from srcnn_lightning.cli.evaluation_tables import COLORS, REDUCTIONS, ROUNDINGS
from srcnn_lightning.inference.conventions import NAMES, InputKernel
from srcnn_lightning.inference.explain import CLOSE, Combination, nearest_first
from srcnn_lightning.report.tables.formats import markdown_rows

SHOWN = 15  # combinations in a table that looks for a target
FAR = 0.1  # dB that no choice of convention explains
COLOR_CELLS = {"rgb": "RGB", "y": "Y", "y_full": "Y full"}
ROUNDING_CELLS = {"none": "no", "uint8": "uint8", "uint8_y": "Y uint8"}
POOLED_CELLS = {"mean": "no", "pooled": "pixels", "mean_error": "images"}
LEGEND = """\
- Colour: Y of BT.601 from 16 to 235, Y full from 0 to 255. The Y of an image
  that is grey in its file is its values from 0 to 255.
- Border: pixels left out at each side.
- Rounded: the output to uint8, or Y of output and target to uint8.
- Pooled: no is the mean of the images' PSNRs. Pixels is PSNR of the squared
  error over all pixels, images that of the mean of the images' errors.
- Input: antialiased as in MATLAB and Pillow, and rounded to uint8. Float is
  not rounded. Aliased is not antialiased, as in OpenCV and torch; then
  bicubic as a model has a = -0.75, else -0.5.
- Name: that of --convention.
"""


def markdown(found: list[Combination], target: float | None) -> str:
    """For a terminal of 80 columns or a README; with a target the nearest ones alone."""
    head = ["PSNR", "Colour", "Border", "Rounded", "Pooled", "Input", "Name"]
    shown = found if target is None else nearest_first(found, target)[:SHOWN]
    body = [
        [
            f"{one.psnr:.2f}",
            COLOR_CELLS[one.convention.color],
            str(one.convention.border),
            ROUNDING_CELLS[one.convention.rounding],
            POOLED_CELLS[one.convention.reduction],
            _kernel(one.convention.input_kernel),
            one.name or "",
        ]
        for one in shown
    ]
    blocks = [markdown_rows(head, body, left=len(head)), LEGEND]
    if target is not None:
        blocks.insert(0, nearest(nearest_first(found, target), target))
        left = len(found) - len(shown)
        if left:
            blocks.insert(2, f"{left} combinations are farther; --format csv lists all.")
    return "\n\n".join(blocks)


def nearest(combinations: Sequence[Combination], target: float) -> str:
    """The combinations nearest to a printed PSNR, in sentences.

    Args:
        combinations: combinations as `nearest_first` returns them.
        target: PSNR in dB.
    """
    first = combinations[0]
    if abs(first.psnr - target) > FAR:
        return _wrapped(
            f"No convention gives {target:g} dB; the nearest is {first.psnr:.2f} dB "
            f"({_words(first)}). Look for another cause: the weights, the images, the scale."
        )
    close = [one for one in combinations if abs(one.psnr - target) <= CLOSE] or [first]
    lines = [f"Nearest to {target:g} dB:"]
    lines += [
        f"- {one.psnr:.2f} dB is {NAMES[one.name]} (--convention {one.name}): {_words(one)}."
        for one in close
        if one.name
    ]
    unnamed = [one for one in close if not one.name]
    if len(lines) == 1:
        lines.append(f"- {first.psnr:.2f} dB is no named convention: {_words(first)}.")
        unnamed = unnamed[1:]
    if unnamed:
        lines.append(f"- {len(unnamed)} others, which have no name, are within {CLOSE} dB.")
    return "\n".join(map(_wrapped, lines))


def comma_separated(found: list[Combination], target: float | None) -> str:
    """A line for each combination, unrounded; with a target the nearest first."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _rows(found, target)[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(_rows(found, target))
    return out.getvalue()


def as_json(found: list[Combination], target: float | None) -> str:
    """The same as a list of objects; null for an infinite PSNR."""
    return json.dumps(_rows(found, target), indent=1, allow_nan=False) + "\n"


FORMATS = {"md": markdown, "csv": comma_separated, "json": as_json}


def _rows(found: list[Combination], target: float | None) -> list[dict[str, object]]:
    rows = []
    for one in found if target is None else nearest_first(found, target):
        values = asdict(one.convention)
        kernel = values.pop("input_kernel")
        psnr = one.psnr if math.isfinite(one.psnr) else None
        row = {"psnr": psnr, "name": one.name, **values}
        row |= {f"input_{key}": value for key, value in kernel.items()}
        if target is not None:
            row["difference"] = None if psnr is None else psnr - target
        rows.append(row)
    return rows


def _wrapped(line: str) -> str:
    return textwrap.fill(line, 80, subsequent_indent="  " if line[0] == "-" else "")


def _kernel(kernel: InputKernel) -> str:
    marks = ("" if kernel.antialias else " aliased") + ("" if kernel.is_rounded else " float")
    return kernel.kernel + marks


def _words(one: Combination) -> str:
    convention = one.convention
    return (
        f"{COLORS[convention.color]}; border {convention.border}; rounding: "
        f"{ROUNDINGS[convention.rounding]}; {REDUCTIONS[convention.reduction]}; input: "
        f"{_kernel(convention.input_kernel)}"
    )
