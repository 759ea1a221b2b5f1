"""Scores as Markdown, CSV or JSON, with every choice that they depend on."""

import csv
import io
import json
import math
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from srcnn_lightning.inference.conventions import Convention, convention_name
from srcnn_lightning.inference.evaluation import Evaluation
from srcnn_lightning.report.tables.formats import markdown_rows

COLORS = {
    "rgb": "RGB",
    "y": "Y of BT.601, 16 to 235",
    "y_full": "Y of BT.601, 0 to 255",
}
ROUNDINGS = {
    "none": "none",
    "uint8": "the output to uint8",
    "uint8_y": "Y of output and target to uint8",
}
REDUCTIONS = {
    "mean": "the mean of the images' PSNRs",
    "pooled": "PSNR of the squared error over all pixels",
    "mean_error": "PSNR of the mean of the images' squared errors",
}


def markdown(found: Evaluation) -> str:
    """For a terminal or a README; a terminal gets as many models beside each other as fit."""
    names = [image.image + " (grey)" * image.is_grey for image in found.models[0].images]
    body = [[name] for name in [*names, _total(found)]]
    head = ["Image"]
    for model in found.models:
        head.append(model.model)
        scores = [(image.psnr, image.ssim) for image in model.images]
        scores.append((model.psnr, model.ssim))
        for row, (psnr, ssim) in zip(body, scores, strict=True):
            row.append(f"{psnr:.2f}/{ssim:.4f}")
    tables = [markdown_rows(*columns) for columns in _fitting(head, body)]
    set_name = found.data_set or found.data
    blocks = [f"**{set_name}, x{found.scale}: PSNR in dB/SSIM**", *tables]
    if found.published:
        head = [f"{set_name} as printed", *(one.method for one in found.published)]
        printed = [
            ["PSNR", *(f"{one.psnr:.2f}" for one in found.published)],
            ["SSIM", *(f"{one.ssim:.4f}" for one in found.published)],
        ]
        blocks.append(markdown_rows(head, printed))
    blocks.append("\n".join(f"- {key}: {value}" for key, value in _choices(found).items()))
    return "\n\n".join(blocks) + "\n"


def comma_separated(found: Evaluation) -> str:
    """A line for each image and model, for all images of a model, and for each printed score."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = ("data", "scale", "kind", "model", "image", "grey", "psnr", "ssim")
    choices = {"convention": _name(found), **_convention(found.convention)}
    writer.writerow([*names, *choices])

    def write(kind: str, model: str, *scores: object) -> None:
        writer.writerow([found.data, found.scale, kind, model, *scores, *choices.values()])

    for model in found.models:
        for one in model.images:
            write("image", model.model, one.image, one.is_grey, one.psnr, one.ssim)
        write("all", model.model, "", "", model.psnr, model.ssim)
    for printed in found.published:
        write("printed", printed.method, "", "", printed.psnr, printed.ssim)
    return out.getvalue()


def as_json(found: Evaluation) -> str:
    """Everything, unrounded; null for an infinite PSNR."""
    return json.dumps(as_data(found), indent=1, allow_nan=False) + "\n"


def as_data(found: Evaluation) -> dict[str, Any]:
    """The same as plain values, None for an infinite PSNR."""
    content = asdict(found)
    content["convention"] = {"name": _name(found), **content["convention"]}
    content["published"] = [one._asdict() for one in found.published]
    for model in content["models"]:
        for scores in [model, *model["images"]]:
            scores["psnr"] = scores["psnr"] if math.isfinite(scores["psnr"]) else None
    return content


FORMATS = {"md": markdown, "csv": comma_separated, "json": as_json}


def _total(found: Evaluation) -> str:
    return "Mean" if found.convention.reduction == "mean" else "Pooled"


def _fitting(
    head: Sequence[str], body: Sequence[Sequence[str]]
) -> list[tuple[list[str], list[list[str]]]]:
    """The table in parts that are no wider than the terminal, each with the first column."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else math.inf
    parts: list[list[int]] = [[]]
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    for column in range(1, len(head)):
        total = 1 + sum(widths[i] + 3 for i in [0, *parts[-1], column])
        if parts[-1] and total > width:
            parts.append([])
        parts[-1].append(column)
    return [
        ([head[0], *(head[i] for i in part)], [[row[0], *(row[i] for i in part)] for row in body])
        for part in parts
    ]


def _name(found: Evaluation) -> str | None:
    return convention_name(found.convention, found.scale)


def _convention(convention: Convention) -> dict[str, object]:
    values = asdict(convention)
    kernel = values.pop("input_kernel")
    return {**values, **{f"input_{key}": value for key, value in kernel.items()}}


def _choices(found: Evaluation) -> dict[str, str]:
    """Every choice in words."""
    convention = found.convention
    kernel = convention.input_kernel
    antialias = "antialiased" if kernel.antialias else "not antialiased"
    rounded = "rounded to uint8" if kernel.is_rounded else "not rounded"
    is_grey = any(image.is_grey for image in found.models[0].images)
    grey = "; grey images: their values, 0 to 255" if is_grey and convention.color == "y" else ""
    return {
        "Convention": _name(found) or "one of your own",
        "Colour": COLORS[convention.color] + grey,
        "Border": f"{convention.border} pixels left out at each side",
        "Rounding": ROUNDINGS[convention.rounding],
        "Reduction": REDUCTIONS[convention.reduction],
        "Input": f"{kernel.kernel}, {antialias}, {rounded}"
        if found.makes_inputs
        else "as the images are given",
        "SSIM": "Gaussian window of 11 pixels, sigma 1.5; the mean over the images",
    }
