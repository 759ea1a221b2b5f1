"""The verb `export`: a trained network as a file for other programs."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from srcnn_lightning import errors, files
from srcnn_lightning.cli.models import DEFAULT_SCALE, WORDS, find_models
from srcnn_lightning.cli.options import Parser, add_allow_package, checked_output, written
from srcnn_lightning.console import print_line
from srcnn_lightning.errors import BadInput
from srcnn_lightning.inference import packaged

if TYPE_CHECKING:
    from srcnn_lightning.inference.export import Source

FORMATS = ("onnx", "pt2", "safetensors")


def main(arguments: Sequence[str]) -> None:
    """Export a network, and verify the file."""
    parser = Parser("export", __doc__)
    parser.add_argument("--model", required=True, metavar="NAME|RUN|CKPT", help=WORDS)
    parser.add_argument(
        "--scale", type=int, metavar="N", help="default: that of the model, or 2 without one"
    )
    parser.add_argument(
        "--format",
        required=True,
        choices=FORMATS,
        help="onnx: for ONNX Runtime, OpenCV and others; pt2: for torch.export.load; safetensors: "
        "the weights, and how to build the network",
    )
    parser.add_argument(
        "--output", metavar="FILE", help="default: NAME_x2.FORMAT in the current folder"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")
    add_allow_package(parser)
    options = parser.parse_args(arguments)
    try:
        _export(options)
    except BadInput as error:
        errors.exit_with_message(str(error), errors.BAD_INPUT)


def _export(options: Namespace) -> None:
    if packaged.is_onnx(options.model):
        raise BadInput(
            f"--model={options.model}: it has been exported already, and is not read for export; "
            "give the run or the checkpoint that it was made of."
        )
    found = find_models([options.model])
    if options.scale is not None:
        errors.at_least("--scale", options.scale, 2)
    if options.output is not None:
        output = _checked(options, options.output)
    from srcnn_lightning.inference.export import write_verified
    from srcnn_lightning.inference.export_check import Different

    source = _source(options, found[options.model])
    if options.output is None:
        given = Path(options.model).resolve()
        is_file = given.suffix in (".ckpt", ".safetensors")
        name = files.safe_name(given.stem if is_file else given.name)
        scales = "-".join(map(str, source.scales))
        output = _checked(options, f"{name}_x{scales}.{options.format}")
    try:
        with written(output, "another file"):
            files.remove_abandoned(output.resolve())
            with files.atomic_write(output.resolve()) as file:
                difference = write_verified(source, options.format, file, options.allow_package)
    except Different as error:
        errors.exit_with_message(f"{options.model}: {error}; no file is written.", errors.FAILED)
    size = output.stat().st_size / 1e6
    print_line(
        f"{output}: {size:.3g} MB; verified, with {difference:.1e} as the largest difference from "
        "the network"
    )


def _checked(options: Namespace, given: str) -> Path:
    """The path of the file, which may be written."""
    errors.require(given != "", "--output", "", "give a file")
    path = Path(given).expanduser()
    ending = f".{options.format}"
    errors.require(path.suffix == ending, "--output", given, f"its ending must be {ending}")
    if checked_output(path).exists() and not options.overwrite:
        raise BadInput(
            f"{path}: there is such a file already; give another place by --output, or "
            "--overwrite to replace it."
        )
    return path


def _source(options: Namespace, checkpoint: Path | None) -> "Source":
    from srcnn_lightning.inference.export import interpolation_source, load_source

    if checkpoint is None:
        return interpolation_source(options.model, options.scale or DEFAULT_SCALE)
    source = load_source(options.model, checkpoint, options.allow_package)
    if options.format != "safetensors":
        return source.at(options.scale)
    if options.scale is not None:
        source.at(options.scale)
        if len(source.scales) > 1:
            raise BadInput(
                f"--scale={options.scale}: a safetensors file keeps all scales of the network, "
                f"{', '.join(map(str, source.scales))}; leave it out."
            )
    return source
