"""The verb `upscale`: any image through a trained network."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from srcnn_lightning import errors, files
from srcnn_lightning.cli.options import (
    Parser,
    add_allow_package,
    checked_output,
    user_path,
    written,
)
from srcnn_lightning.errors import BadInput, one_line
from srcnn_lightning.runs import store


def main(arguments: Sequence[str]) -> None:
    """Upscale one image on the CPU, tile by tile, and write it as a PNG."""
    parser = Parser("upscale", __doc__)
    parser.add_argument("run", type=user_path, help="a run's folder, or a checkpoint")
    parser.add_argument("image", type=user_path, help="PNG, JPEG, WebP, BMP or TIFF")
    parser.add_argument(
        "--output",
        type=user_path,
        metavar="FILE",
        help="a PNG; default: NAME-upscaled.png, here",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the output if it is there already"
    )
    parser.add_argument(
        "--scale", type=int, metavar="N", help="one of the scales of a network of several"
    )
    parser.add_argument(
        "--tile",
        type=int,
        metavar="PIXELS",
        help="longest side of a tile of the image; 0 takes it at once; default: 384",
    )
    add_allow_package(parser)
    options = parser.parse_args(arguments)
    if options.tile is not None and options.tile < 0:
        parser.error(f"--tile={options.tile}: it must be 0 or more")
    output = options.output or Path(f"{options.image.stem}-upscaled.png")
    try:
        upscale_file(
            options.run,
            options.image,
            output,
            options.tile,
            options.overwrite,
            options.allow_package,
            options.scale,
        )
    except BadInput as error:
        errors.exit_with_message(str(error), errors.BAD_INPUT)


def upscale_file(
    run: Path,
    image: Path,
    output: Path,
    tile: int | None = None,
    overwrite: bool = False,
    allow_package: Sequence[str] = (),
    scale: int | None = None,
) -> None:
    """Upscale an image file, and print a line for each property of the file that is not kept.

    Transparency, grey and the colour profile are kept. The resolution in dpi is not, and no line
    says so. The PNG is written whole or not at all.

    Args:
        run: run folder, whose best checkpoint is taken, or checkpoint.
        image: image file of any size.
        output: path of the PNG.
        tile: longest side of a tile in pixels of the image; None takes `tiling.TILE`, 0 the whole
            image.
        overwrite: whether an existing output is replaced.
        allow_package: names of packages whose networks may be built beside those of this program;
            a text is one name. A checkpoint may have any module of such a package imported.
        scale: one of the scales of a network of several.

    Raises:
        BadInput: a file that is missing, of another kind or cannot be written; an output that
            exists; a network that may not be built.
    """
    checkpoint = store.resolve_checkpoint(str(run))
    target = checked_output(output)
    if output.suffix.lower() != ".png":
        raise BadInput(f"--output={output}: it will be a PNG; give a name that ends in .png.")
    if image.is_dir():
        raise BadInput(f"{image}: it is a folder; give one image file.")
    if not image.is_file():
        raise BadInput(f"{image}: there is no such file; give an image.")
    if output.exists() and output.samefile(image):
        raise BadInput(f"--output={output}: it is the image itself; give another file.")
    if not overwrite:
        _refuse_to_replace(output)

    from srcnn_lightning.image_io import read_picture
    from srcnn_lightning.inference import tiling
    from srcnn_lightning.inference.loading import load
    from srcnn_lightning.inference.upscale import upscale_picture

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata in files it reads well
        picture = read_picture(image)
    for change in picture.changes:
        print(f"{image}: {change}")
    loaded = load(checkpoint, allow_package, scale)
    overlap = loaded.overlap
    if overlap is None and tile != 0:
        print("Tiles would change this network's result, so the image is upscaled as a whole.")
    side = 0 if overlap is None else tiling.TILE if tile is None else tile
    try:
        upscaled = upscale_picture(loaded.network, picture, side, overlap or tiling.OVERLAP)
    except BadInput as error:
        raise BadInput(f"{checkpoint}: {error}.") from error
    except RuntimeError as error:
        size = f"{picture.colours.width}x{picture.colours.height}"
        raise BadInput(
            f"{image}: the network of {run} takes no image of {size} pixels ({one_line(error)}); "
            "give one whose sides the network takes."
        ) from error
    with written(output, "another file"), files.atomic_write(target) as file:
        upscaled.save(file, "PNG", icc_profile=picture.profile)
        if not overwrite:
            _refuse_to_replace(output)  # another process may have written it meanwhile
    print(f"{output}: {upscaled.width}x{upscaled.height} pixels")


def _refuse_to_replace(output: Path) -> None:
    if output.exists():
        raise BadInput(
            f"--output={output}: there is such a file already; "
            "give another one, or --overwrite to replace it."
        )
