"""The verb `upscale`: pictures through a network, with their bits, colours and metadata."""

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from srcnn_lightning import errors
from srcnn_lightning.cli.models import (
    DEFAULT_SCALE,
    WORDS,
    find_models,
    load_models,
    short_names,
)
from srcnn_lightning.cli.options import Parser, add_allow_package, user_path
from srcnn_lightning.console import print_line
from srcnn_lightning.errors import BadInput
from srcnn_lightning.inference import packaged

if TYPE_CHECKING:
    from srcnn_lightning.inference.loading import LoadedNetwork
    from srcnn_lightning.inference.upscale_files import Outcome


def main(arguments: Sequence[str]) -> None:
    """Upscale files and folders of pictures."""
    parser = Parser("upscale", __doc__)
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="an image (PNG, JPEG, WebP, TIFF, BMP), a folder with all below it, or a pattern",
    )
    strong = packaged.STRONG.format(scale=DEFAULT_SCALE)
    parser.add_argument(
        "--model", metavar="NAME|RUN|CKPT", help=f"{WORDS}; default: {strong}, or that of --scale"
    )
    parser.add_argument(
        "--scale", type=int, choices=(2, 3, 4), help="default: that of the model, or 2"
    )
    parser.add_argument(
        "--output",
        metavar="DIR|FILE",
        help="default: NAME_x2.EXT in the current folder, and DIR_x2 beside a folder DIR; the "
        "ending of a FILE chooses its type",
    )
    parser.add_argument(
        "--tile",
        type=int,
        metavar="N",
        help="longest side of a tile of the picture in pixels; 0 takes it at once; default: 384",
    )
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: auto"
    )
    parser.add_argument(
        "--precision",
        type=int,
        choices=(32, 16),
        default=32,
        help="bits of floating point; 16 needs a GPU; default: 32",
    )
    parser.add_argument(
        "--self-ensemble",
        action="store_true",
        help="the mean over the 8 flips and rotations, in 8 times the time",
    )
    parser.add_argument(
        "--compare",
        action="append",
        default=[],
        metavar="MODEL",
        help="also write NAME_x2_compare.png, where this model stands beside; may be repeated",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace outputs that something else has made"
    )
    add_allow_package(parser)
    options = parser.parse_args(arguments)
    if options.tile is not None and options.tile < 0:
        parser.error(f"--tile={options.tile}: it must be 0 or more")
    try:
        outcome = _upscaled(options)
        if outcome.failures and outcome.done + outcome.skipped + len(outcome.failures) == 1:
            raise BadInput(outcome.failures[0])
    except BadInput as error:
        errors.exit_with_message(str(error), errors.BAD_INPUT)
    _print_summary(outcome)
    if outcome.failures:
        raise errors.ExitRequested(errors.FAILED)


def _upscaled(options: Namespace) -> "Outcome":
    from srcnn_lightning.inference.picture_paths import check_output, list_inputs, make_jobs

    output = options.output
    errors.require(output != "", "--output", "", "give a folder or a file")
    if output and output.startswith("~"):
        # A Path drops the slash that marks a folder.
        output = str(user_path(output)) + ("/" if output.endswith("/") else "")
    model = options.model
    if model is None:
        model = packaged.STRONG.format(scale=options.scale or DEFAULT_SCALE)
    found = find_models([model]) | find_models(options.compare, "--compare=")
    if model in options.compare:
        raise BadInput(f"--compare={model}: it is --model; give another one.")
    inputs = list_inputs(options.inputs)
    check_output(inputs, output)

    from srcnn_lightning.inference.upscale_files import FileUpscaler

    for one, path in found.items():
        if path and packaged.is_onnx(path) and options.device == "cuda":
            raise BadInput(f"--device=cuda: {one} runs on the CPU alone; choose cpu or auto.")
        if path and packaged.is_onnx(path) and options.precision == 16:
            raise BadInput(f"--precision=16: {one} runs on the CPU alone; choose 32.")
    device = choose_device(options.device, options.precision)
    loaded, scale = load_models(found, options.scale, options.allow_package)
    jobs = make_jobs(inputs, output, scale)
    if options.model is None:
        print_line(f"No --model is given, so {model} is taken")
    names = short_names([*loaded])
    models: dict[str, LoadedNetwork] = {}
    for given, network in loaded.items():
        if network.overlap is None and options.tile != 0:
            print_line(f"{given}: tiles would change its result, so it takes pictures as a whole.")
        ready = network.as_self_ensemble() if options.self_ensemble else network
        models[names[given]] = ready.on(device, options.precision)
    return FileUpscaler(models, options.tile, options.overwrite).run(jobs)


def choose_device(wanted: str, precision: int) -> str:
    """`cpu` or `cuda`; BadInput where it is missing, or does not know the precision."""
    import torch

    has_gpu = torch.cuda.is_available()
    if wanted == "cuda" and not has_gpu:
        raise BadInput("--device=cuda: torch finds no GPU here; choose cpu or auto.")
    device = "cuda" if has_gpu and wanted != "cpu" else "cpu"
    if precision == 16 and device == "cpu":
        raise BadInput("--precision=16: it needs a GPU; choose 32.")
    return device


def _print_summary(outcome: "Outcome") -> None:
    count = outcome.done + outcome.skipped + len(outcome.failures)
    parts = [f"{outcome.done} of {count} pictures upscaled"]
    if outcome.skipped:
        parts.append(f"{outcome.skipped} there already")
    if outcome.failures:
        parts.append(f"{len(outcome.failures)} not done")
    speed = ""
    if outcome.done:
        megapixels = outcome.pixels / 1e6
        speed = f"; {megapixels / outcome.seconds:.2f} megapixels of output per second"
    print_line(f"{', '.join(parts)}{speed}")
