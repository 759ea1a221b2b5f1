"""Image files of a run: the output for each test image, and a few beside input and target.

Targets and bicubic upscalings, which all runs of the same images share, are written once for all.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from srcnn_lightning import files
from srcnn_lightning.config import DegradationConfig
from srcnn_lightning.resize import resize, resize_uint8, to_uint8

COMPARED = 3  # test images in comparison.png, as in the paper's figure 8
SHOWN_SIDE = 512  # pixels of an image in a strip, at most
CAPTION_WIDTH = 160  # pixels that the words of a caption need
NAME_LENGTH = 20  # letters of a file's name in a caption, at most


def comparison_strips(lr: Tensor, output: Tensor, hr: Tensor) -> Tensor:
    """The centres of input, output and target side by side: `(B, 3, H, 3 * W)` uint8.

    H and W are at most `SHOWN_SIDE` pixels: strips of whole photographs would fill the disk.

    Args:
        lr: `(B, 3, h, w)` in [0, 1]; each pixel becomes a square.
        output: `(B, 3, H, W)`, clamped to [0, 1].
        hr: `(B, 3, H, W)` in [0, 1].
    """
    height, width = hr.shape[-2:]
    top, left = max(0, height - SHOWN_SIDE) // 2, max(0, width - SHOWN_SIDE) // 2
    images = (
        image[..., top : top + SHOWN_SIDE, left : left + SHOWN_SIDE]
        for image in (repeat_pixels(lr, hr), output, hr)
    )
    return to_uint8(torch.cat(list(images), dim=-1))


def repeat_pixels(lr: Tensor, hr: Tensor) -> Tensor:
    """The low-resolution images `(B, 3, h, w)` at the size of `hr`, each pixel a square."""
    return torch.nn.functional.interpolate(lr, hr.shape[-2:], mode="nearest-exact")


def write_outputs(folder: Path, names: Sequence[str], outputs: Sequence[Tensor]) -> None:
    """Write a PNG for each output, `(3, H, W)` uint8, under the name of its image."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, output in zip(files.image_file_names(names), outputs, strict=True):
        as_pil(output).save(folder / name)


def write_test_images(
    folder: Path,
    names: Sequence[str],
    pairs: Iterable[tuple[Tensor, Tensor]],
    degradation: DegradationConfig,
) -> None:
    """Write `target/` and `bicubic/` of the test images, as far as they are missing.

    The bicubic upscaling is the output of the bicubic baseline and the input of SRCNN's first
    layer. Several processes may write the same files at once.

    Args:
        folder: folder for these images alone.
        names: names of the images.
        pairs: input `(3, h, w)` and target `(3, H, W)` of each image, uint8.
        degradation: step from target to input. Inputs of a resize are made anew: runs with another
            kernel share the files.
    """
    scale, antialias = degradation.scale, degradation.antialias
    for name, (given, image) in zip(files.image_file_names(names), pairs, strict=True):
        paths = [folder / kind / name for kind in ("target", "bicubic")]
        if all(path.exists() for path in paths):
            continue
        target, size = image.cpu()[None], image.shape[-2:]
        low = given.cpu()[None]
        if degradation.is_resize:
            low = resize_uint8(target, (size[0] // scale, size[1] // scale), "bicubic", antialias)
        bicubic = to_uint8(resize(low / 255, (size[0], size[1]), "bicubic", antialias))
        for path, written in zip(paths, (target, bicubic), strict=True):
            with files.atomic_write(path) as file:
                as_pil(written[0]).save(file, "PNG")


def as_pil(image: Tensor) -> Image.Image:
    """The Pillow image of `(3, H, W)` uint8 on the CPU."""
    return Image.fromarray(image.permute(1, 2, 0).contiguous().numpy())


def captioned(strip: Tensor, captions: Sequence[str], font_share: float = 0.1) -> Image.Image:
    """A strip of equally wide images with a line of text below each.

    Args:
        strip: `(3, H, W)` uint8.
        captions: a text for each image.
        font_share: size of the font, as a share of an image's width; TensorBoard shows a strip at
            half its size.
    """
    images = as_pil(strip)
    width = images.width // len(captions)
    factor = -(-CAPTION_WIDTH // width)  # small images are upscaled, so that the text has room
    width, height = width * factor, images.height * factor
    font_size = int(width * font_share)
    size = (images.width * factor, height)
    canvas = Image.new("RGB", (size[0], height + 2 * font_size), "white")
    canvas.paste(images.resize(size, Image.Resampling.NEAREST))
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(size=font_size)
    for number, text in enumerate(captions):
        center = (number * width + width // 2, (height + canvas.height) // 2)
        draw.text(center, text, fill="black", font=font, anchor="mm")
    return canvas


def write_comparison(
    path: Path,
    names: Sequence[str],
    pairs: Sequence[tuple[Tensor, Tensor]],
    outputs: Sequence[Tensor],
    psnr: Sequence[float],
) -> None:
    """Draw input, output and target of the first test images side by side (paper, figure 8).

    Args:
        path: path of the PNG.
        names: names of the test images.
        pairs: input `(1, 3, h, w)` and target `(1, 3, H, W)` in [0, 1] of each image that is drawn.
        outputs: `(3, H, W)` uint8 each.
        psnr: PSNR of each output in dB.
    """
    rows = []
    for (lr, hr), name, output, decibels in zip(pairs, names, outputs, psnr, strict=False):
        (strip,) = comparison_strips(lr, output[None] / 255, hr)
        shown = name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 3]}..."
        captions = (f"{shown}, input", f"output, {decibels:.2f} dB", "target")
        rows.append(captioned(strip, captions, font_share=0.07))
    size = max(row.width for row in rows), sum(row.height for row in rows)
    canvas = Image.new("RGB", size, "white")
    top = 0
    for row in rows:
        canvas.paste(row, (0, top))
        top += row.height
    canvas.save(path)
