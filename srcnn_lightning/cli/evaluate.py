"""The verb `evaluate`: PSNR and SSIM of models, or of upscaled images, on a folder of images."""

import math
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from srcnn_lightning import errors
from srcnn_lightning.cli.models import WORDS, find_models, load_models, short_names
from srcnn_lightning.cli.options import Parser, add_allow_package, user_path
from srcnn_lightning.errors import BadInput

CONVENTIONS = ("literature", "matlab", "paper")


def main(arguments: Sequence[str]) -> None:
    """Print the scores of each image and of all, or PSNR under every convention."""
    parser = Parser("evaluate", __doc__)
    parser.add_argument(
        "--data",
        type=user_path,
        metavar="DIR",
        required=True,
        help="a folder of high-resolution images",
    )
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME|RUN|CKPT",
        help=f"{WORDS}; may be repeated; default: bicubic",
    )
    parser.add_argument(
        "--sr-dir",
        action="append",
        default=[],
        type=user_path,
        metavar="DIR",
        help="a folder of images that another program has upscaled, of the names of --data's or "
        "with endings such as x2, _SR, -upscaled; may be repeated",
    )
    parser.add_argument(
        "--lr-dir",
        type=user_path,
        metavar="DIR",
        help="a folder of the inputs, named likewise; default: they are made",
    )
    parser.add_argument(
        "--scale", type=int, metavar="N", help="default: that of the models, or 2 without one"
    )
    parser.add_argument(
        "--convention",
        choices=CONVENTIONS,
        help="what PSNR and SSIM are of (docs/conventions.md); default: literature",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="PSNR of one model or folder under every convention",
    )
    parser.add_argument(
        "--target", type=float, metavar="DB", help="with --explain: a printed PSNR to look for"
    )
    parser.add_argument("--format", choices=("md", "csv", "json"), default="md", help="default: md")
    add_allow_package(parser)
    options = parser.parse_args(arguments)
    try:
        _check(options)
        text = _explained(options) if options.explain else _evaluated(options)
    except BadInput as error:
        errors.exit_with_message(str(error), errors.BAD_INPUT)
    print(text, end="", flush=True)


def _check(options: Namespace) -> None:
    """Refuse options that do not belong together, before torch is imported."""
    if options.scale is not None:
        errors.at_least("--scale", options.scale, 2)
    if not options.model and not options.sr_dir:
        options.model = ["bicubic"]
    if options.lr_dir and not options.model:
        raise BadInput(
            f"--lr-dir={options.lr_dir}: --sr-dir takes no inputs; give a --model, or leave "
            "--lr-dir out."
        )
    if options.target is not None and not options.explain:
        raise BadInput(f"--target={options.target:g}: it belongs to --explain; give both.")
    if options.target is not None and not math.isfinite(options.target):
        raise BadInput(f"--target={options.target}: it must be a PSNR in dB.")
    if options.explain and options.convention:
        raise BadInput(
            f"--convention={options.convention}: --explain shows every convention; give one of "
            "the two."
        )
    if options.explain and len(options.model) + len(options.sr_dir) > 1:
        raise BadInput("--explain: it takes one --model or one --sr-dir; give one of them.")


def _evaluated(options: Namespace) -> str:
    from srcnn_lightning.cli.evaluation_tables import FORMATS
    from srcnn_lightning.inference.evaluation import evaluate

    models, scale = load_models(find_models(options.model), options.scale, options.allow_package)
    folders = [str(folder) for folder in options.sr_dir]
    names = short_names([*models, *folders])
    found = evaluate(
        options.data,
        {names[model]: loaded.upscale for model, loaded in models.items()},
        scale,
        options.convention or "literature",
        options.lr_dir,
        {names[folder]: Path(folder) for folder in folders},
    )
    return FORMATS[options.format](found)


def _explained(options: Namespace) -> str:
    from srcnn_lightning.cli.explanation_tables import FORMATS
    from srcnn_lightning.inference.explain import explain

    models, scale = load_models(find_models(options.model), options.scale, options.allow_package)
    ((model, loaded),) = models.items() or [("", None)]
    sr_dir = options.sr_dir[0] if options.sr_dir else None
    upscale = loaded.upscale if loaded else None
    found = explain(options.data, model, upscale, scale, options.lr_dir, sr_dir)
    return FORMATS[options.format](found, options.target)
