"""The functions of `import srcnn_lightning`: load a network, upscale pictures, score a folder.

Bad input raises `srcnn_lightning.errors.BadInput`, a `ValueError`, with the command's sentence.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from srcnn_lightning.cli.models import find_models, load_models
from srcnn_lightning.errors import at_least, choose
from srcnn_lightning.inference import packaged

if TYPE_CHECKING:
    from numpy import ndarray
    from PIL.Image import Image
    from torch import Tensor

    from srcnn_lightning.inference.loading import LoadedNetwork

    Kind = TypeVar("Kind", Image, ndarray, Tensor)


def list_models() -> list[dict[str, Any]]:
    """The networks whose weights come with the package, by plain values.

    Returns:
        A card for each, sorted by name: `name`, `scale`, `parameters`; `scores` in dB and those of
        bicubic interpolation beside them; data, command, seed, steps, date and licence of the
        training.

    Examples:
        >>> import srcnn_lightning as sr
        >>> card = sr.list_models()[0]
        >>> card["name"], card["scale"], card["parameters"]
        ('edsr-small-x2', 2, 195971)
    """
    return [packaged.card(name) for name in packaged.names()]


def load(
    model: str | Path,
    *,
    scale: int | None = None,
    device: str = "auto",
    allow_package: Sequence[str] = (),
) -> "LoadedNetwork":
    """Load a network for `upscale` and `evaluate`.

    Args:
        model: the name of a packaged network (`list_models`); `bicubic`, `bilinear` or `nearest`;
            the folder of a run, whose best checkpoint is taken; or the path of a checkpoint.
        scale: factor between the sides of output and input; None: that of the network, 2 for
            interpolation. It chooses among the scales of a network of several.
        device: `cpu`, `cuda`, or `auto` for a GPU where there is one.
        allow_package: names of packages whose networks a checkpoint may name beside this program's.
            A file may have any module of such a package imported.

    Returns:
        The network. Its `scale` is a whole number, and its `upscale` maps a tensor `(1, 3, h, w)`
        in [0, 1] to `(1, 3, scale * h, scale * w)`, not clamped.

    Raises:
        BadInput: there is no such model, its file is damaged, or it has not this scale; or torch
            finds no GPU.

    Examples:
        >>> import srcnn_lightning as sr
        >>> sr.load("srcnn-x2").scale
        2
        >>> sr.load("bicubic", scale=3).scale
        3
        >>> sr.load("srcnn-x2", scale=3)
        Traceback (most recent call last):
        srcnn_lightning.errors.BadInput: --scale=3: srcnn-x2 upscales by 2; give one of these.
    """
    from srcnn_lightning.cli.upscale import choose_device

    choose("--device", device, ("auto", "cpu", "cuda"))
    if scale is not None:
        at_least("--scale", scale, 2)
    name = str(model)
    loaded, _ = load_models(find_models([name]), scale, allow_package)
    return loaded[name].on(choose_device(device, 32))


def upscale(
    picture: "Kind", model: "LoadedNetwork | str | Path", *, tile: int | None = None
) -> "Kind":
    """Upscale a picture by a network.

    Grey stays grey, and alpha goes through the network by itself: opaque and transparent parts stay
    so exactly, and hidden colours do not bleed into visible ones. A network whose result does not
    depend on tiles works by tiles, so that memory beside the result is that of one tile.

    Args:
        picture: a PIL image, with or without palette and transparency, 8 or 16 bits; a numpy array
            `(H, W)` or `(H, W, C)`; or a torch tensor `(H, W)`, `(C, H, W)` or `(B, C, H, W)`. C is
            1 for grey, 2 for grey with alpha, 3 for RGB, 4 for RGB with alpha. Arrays and tensors
            are uint8, uint16, or floating point in [0, 1].
        model: network of `load`, or what `load` takes.
        tile: longest side of a tile in pixels of the picture; None: 384; 0: the whole picture.

    Returns:
        The same kind, type, layout and device, `scale` times as high and wide. A PIL image keeps
        its `info`, such as the colour profile, and is not rotated by its EXIF orientation; a
        palette becomes RGB, 1 bit becomes grey. Floating point is clamped to [0, 1].

    Raises:
        BadInput: the picture is of another kind, shape, type or range, or CMYK; or the network does
            not take it.

    Examples:
        >>> import numpy as np
        >>> import srcnn_lightning as sr
        >>> model = sr.load("srcnn-x2")
        >>> picture = np.zeros((40, 60, 3), np.uint8)
        >>> upscaled = sr.upscale(picture, model)
        >>> upscaled.shape, upscaled.dtype
        ((80, 120, 3), dtype('uint8'))
    """
    import torch

    from srcnn_lightning.inference.picture_kinds import as_picture
    from srcnn_lightning.inference.upscale import upscale_by

    if tile is not None:
        at_least("--tile", tile, 0)
    name, loaded = _loaded(model)
    if isinstance(picture, torch.Tensor) and picture.ndim == 4 and len(picture):
        return torch.stack([upscale(one, loaded, tile=tile) for one in picture])
    plain, restore = as_picture(picture)
    result: Kind = restore(upscale_by(name, loaded, plain, tile).pixels)
    return result


def evaluate(
    model: "LoadedNetwork | str | Path",
    folder: str | Path,
    *,
    convention: str = "literature",
    lr_folder: str | Path | None = None,
) -> dict[str, Any]:
    """Score a network on a folder of high-resolution images, as the command `evaluate` does.

    Args:
        model: network of `load`, or what `load` takes.
        folder: folder that holds the images themselves.
        convention: `literature`, `matlab` or `paper` (docs/conventions.md).
        lr_folder: folder of the low-resolution images, named likewise; None: they are made.

    Returns:
        Plain values: `psnr` in dB and `ssim` of all images as the convention reduces them;
        `images`, with `image`, `is_grey`, `psnr` and `ssim` of each; `data`, the folder's name;
        `data_set`, `Set5` or `Set14` where the images are recognized as these; `scale`; and
        `convention`, every choice that the scores depend on. A PSNR is None where output and target
        are equal.

    Raises:
        BadInput: there is no such model or folder, images are unreadable, too small or do not
            belong together, or there is no such convention.
    """
    from srcnn_lightning.cli.evaluation_tables import as_data
    from srcnn_lightning.inference.evaluation import evaluate as evaluate_models

    name, loaded = _loaded(model)
    low = None if lr_folder is None else Path(lr_folder)
    found = as_data(
        evaluate_models(Path(folder), {name: loaded.upscale}, loaded.scale, convention, low)
    )
    (scores,) = found.pop("models")
    return {**found, **{key: one for key, one in scores.items() if key != "model"}}


def _loaded(model: "LoadedNetwork | str | Path") -> tuple[str, "LoadedNetwork"]:
    """The network, and what sentences call it."""
    return (str(model), load(model)) if isinstance(model, str | Path) else ("model", model)
