"""Image files of a run: the output for each test image, and a few beside input and target.

Targets and bicubic upscalings, which all runs of the same images share, are written once for all.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from srcnn_lightning import files
from srcnn_lightning.config import DegradationConfig
from srcnn_lightning.resize import resize, resize_uint8, to_uint8

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COMPARED = 3  # test images in comparison.png, as in the paper's figure 8
CAPTION_WIDTH = 160  # pixels that the words of a caption need


def comparison_strips(lr: Tensor, output: Tensor, hr: Tensor) -> Tensor:
    """Input, output and target side by side: `(B, 3, H, 3 * W)` uint8.

    Args:
        lr: `(B, 3, h, w)` in [0, 1]; each pixel becomes a square.
        output: `(B, 3, H, W)`, clamped to [0, 1].
        hr: `(B, 3, H, W)` in [0, 1].
    """
    return to_uint8(torch.cat([repeat_pixels(lr, hr), output, hr], dim=-1))


def repeat_pixels(lr: Tensor, hr: Tensor) -> Tensor:
    """The low-resolution images `(B, 3, h, w)` at the size of `hr`, each pixel a square."""
    return torch.nn.functional.interpolate(lr, hr.shape[-2:], mode="nearest-exact")


def write_outputs(folder: Path, names: Sequence[str], outputs: Sequence[Tensor]) -> None:
    """Write a PNG for each output, `(3, H, W)` uint8, under the name of its image."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, output in zip(files.image_file_names(names), outputs, strict=True):
        as_pil(output).save(folder / name)


def write_test_images(
    folder: Path, names: Sequence[str], targets: Tensor, degradation: DegradationConfig
) -> None:
    """Write `target/` and `bicubic/` of the test images, as far as they are missing.

    The bicubic upscaling is the output of the bicubic baseline and the input of SRCNN's first
    layer. Several processes may write the same files at once.

    Args:
        folder: folder for these images alone.
        names: names of the images.
        targets: `(N, 3, H, W)` uint8.
        degradation: step from target to input.
    """
    size, scale, antialias = targets.shape[-2:], degradation.scale, degradation.antialias
    for name, target in zip(files.image_file_names(names), targets.cpu()[:, None], strict=True):
        paths = [folder / kind / name for kind in ("target", "bicubic")]
        if all(path.exists() for path in paths):
            continue
        low = resize_uint8(target, (size[0] // scale, size[1] // scale), "bicubic", antialias)
        bicubic = to_uint8(resize(low / 255, (size[0], size[1]), "bicubic", antialias))
        for path, image in zip(paths, (target, bicubic), strict=True):
            with files.atomic_write(path) as file:
                as_pil(image[0]).save(file, "PNG")


def as_pil(image: Tensor) -> Image.Image:
    """The Pillow image of `(3, H, W)` uint8 on the CPU."""
    return Image.fromarray(image.permute(1, 2, 0).contiguous().numpy())


def captioned(strip: Tensor, captions: Sequence[str]) -> Image.Image:
    """A strip of equally wide images with a line of text below each.

    Args:
        strip: `(3, H, W)` uint8.
        captions: a text for each image.
    """
    images = as_pil(strip)
    width = images.width // len(captions)
    factor = -(-CAPTION_WIDTH // width)  # small images are upscaled, so that the text has room
    width, height = width * factor, images.height * factor
    font_size = width // 10  # TensorBoard shows a strip at half its size
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
    lr: Tensor,
    outputs: Sequence[Tensor],
    hr: Tensor,
    psnr: Sequence[float],
) -> None:
    """Draw input, output and target of the first test images side by side (paper, figure 8).

    Args:
        path: path of the PNG.
        names: names of the test images.
        lr: inputs, `(N, 3, h, w)` in [0, 1], of the first N test images.
        outputs: `(3, H, W)` uint8 each.
        hr: targets, `(N, 3, H, W)` in [0, 1].
        psnr: PSNR of each output in dB.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = min(COMPARED, len(outputs))
    figure = Figure(figsize=(9, 3.2 * rows), layout="constrained")
    FigureCanvasAgg(figure)  # no window, no global state
    axes = figure.subplots(rows, 3, squeeze=False)
    inputs = to_uint8(repeat_pixels(lr[:rows], hr[:rows]))
    targets = to_uint8(hr[:rows])
    for row in range(rows):
        _draw(axes[row][0], inputs[row], f"{names[row]}, input")
        _draw(axes[row][1], outputs[row], f"output, {psnr[row]:.2f} dB")
        _draw(axes[row][2], targets[row], "target")
    figure.savefig(path, dpi=120)


def _draw(axes: "Axes", image: Tensor, title: str) -> None:
    axes.imshow(image.permute(1, 2, 0).numpy(), interpolation="nearest")
    axes.set_title(title, fontsize=10, parse_math=False)  # a file name may hold a $
    axes.set_axis_off()
