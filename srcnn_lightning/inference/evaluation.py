"""PSNR and SSIM of upscaled images, under a convention that is stated in full."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from srcnn_lightning import metrics
from srcnn_lightning.config import SSIM_WINDOW
from srcnn_lightning.errors import BadInput
from srcnn_lightning.inference.conventions import Convention, convention_name, named_convention
from srcnn_lightning.inference.evaluation_images import Case, Upscale, open_folders
from srcnn_lightning.inference.published import (
    PUBLISHED,
    PUBLISHED_SCALE,
    Published,
    recognized,
)

COMPARABLE = ("literature", "matlab")  # conventions of published values


@dataclass(frozen=True)
class ImageScore:
    """The scores of one output.

    Attributes:
        image: name of the image without its file's type.
        is_grey: whether the image is grey in its file.
        psnr: in dB; infinite where output and target are equal.
        ssim: structural similarity.
    """

    image: str
    is_grey: bool
    psnr: float
    ssim: float


@dataclass(frozen=True)
class ModelScores:
    """The scores of one model, or of one folder of upscaled images.

    Attributes:
        model: name of the model or folder.
        images: scores of each image, sorted by name.
        psnr: in dB, reduced over the images as the convention says.
        ssim: mean over the images.
    """

    model: str
    images: list[ImageScore]
    psnr: float
    ssim: float


@dataclass(frozen=True)
class Evaluation:
    """The scores of all models on one folder of images.

    Attributes:
        data: name of the folder.
        data_set: `Set5` or `Set14` where the folder holds these images.
        scale: factor between the sides of input and target.
        convention: every choice that the scores depend on.
        makes_inputs: whether a model was given inputs that were made by `convention.input_kernel`.
        models: scores of each model, then of each folder of upscaled images.
        published: what the literature prints for the data set under this convention.
    """

    data: str
    data_set: str | None
    scale: int
    convention: Convention
    makes_inputs: bool
    models: list[ModelScores]
    published: tuple[Published, ...]


@torch.inference_mode()
def evaluate(
    data: Path,
    models: Mapping[str, Upscale],
    scale: int = 2,
    convention: str | Convention = "literature",
    lr_dir: Path | None = None,
    sr_dirs: Mapping[str, Path] | None = None,
) -> Evaluation:
    """Score models, and folders of upscaled images, on a folder of high-resolution images.

    Sides that the scale does not divide are cropped below and at the right.

    Args:
        data: folder of the high-resolution images.
        models: networks in evaluation mode, on the CPU, or functions, by the names that are shown.
        scale: factor between the sides of input and target.
        convention: name of a convention, or one of your own.
        lr_dir: folder of the low-resolution images; None: they are made.
        sr_dirs: folders of upscaled images of other programs, by the names that are shown.

    Raises:
        BadInput: a folder is missing or holds no images, images do not belong together by name or
            size or are unreadable, an image is too small, or a model does not upscale by the scale.
    """
    sr_dirs = sr_dirs or {}
    if isinstance(convention, str):
        convention = named_convention(convention, scale)
    folders = open_folders(data, scale, lr_dir, sr_dirs)
    scores: dict[str, list[ImageScore]] = {name: [] for name in [*models, *sr_dirs]}
    errors: dict[str, list[float]] = {name: [] for name in scores}
    counts = []
    sizes = {}
    for case in folders.cases():
        target = convention.compared(case.target, case.is_grey)
        _check_size(case, target, convention)
        sizes[case.name] = (case.target.shape[-2], case.target.shape[-1])
        counts.append(target.numel())
        lr = case.input(convention.input_kernel) if models else None
        for name, scored in scores.items():
            if lr is not None and name in models:
                output = case.output(name, models[name], lr)
            else:
                output = case.read_output(name)
            output = convention.compared(output, case.is_grey)
            errors[name].append(float(metrics.mse_per_image(output, target)))
            scored.append(_score(case, output, target))
    data_set = recognized(sizes)
    is_comparable = scale == PUBLISHED_SCALE and convention_name(convention, scale) in COMPARABLE
    return Evaluation(
        data.resolve().name,
        data_set,
        scale,
        convention,
        makes_inputs=bool(models) and lr_dir is None,
        models=[
            ModelScores(
                name,
                images,
                convention.reduced(errors[name], counts),
                sum(image.ssim for image in images) / len(images),
            )
            for name, images in scores.items()
        ],
        published=PUBLISHED[data_set] if data_set and is_comparable else (),
    )


def _score(case: Case, output: Tensor, target: Tensor) -> ImageScore:
    psnr, ssim = metrics.psnr(output, target), metrics.ssim(output, target)
    return ImageScore(case.name, case.is_grey, float(psnr), float(ssim))


def _check_size(case: Case, compared: Tensor, convention: Convention) -> None:
    if min(compared.shape[-2:]) < SSIM_WINDOW:
        raise BadInput(
            f"{case.path}: it has {case.whole_size} pixels, and SSIM needs {SSIM_WINDOW} a side "
            f"within the border of {convention.border}; leave the image out."
        )
