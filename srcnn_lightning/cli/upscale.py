"""The verb `upscale`: any image through a trained network."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from srcnn_lightning import errors, files
from srcnn_lightning.cli.options import Parser, checked_output, user_path, written
from srcnn_lightning.errors import BadInput, one_line
from srcnn_lightning.runs import store

if TYPE_CHECKING:
    from torch import nn


def main(arguments: Sequence[str]) -> None:
    """Enlarge one image on the CPU, tile by tile, and write it as a PNG."""
    parser = Parser("upscale", __doc__)
    parser.add_argument("run", type=user_path, help="a run's folder, or a checkpoint")
    parser.add_argument("image", type=user_path, help="PNG, JPEG, WebP, BMP or TIFF")
    parser.add_argument(
        "--output",
        type=user_path,
        metavar="FILE",
        help="a PNG, replaced if it is there; default: NAME-enlarged.png, here",
    )
    parser.add_argument(
        "--tile",
        type=int,
        metavar="PIXELS",
        help="longest side of a tile of the image; 0 takes it at once; default: 384",
    )
    parser.add_argument(
        "--allow-package",
        action="append",
        default=[],
        metavar="NAME",
        help="a package whose network the checkpoint may name; this program's need none",
    )
    options = parser.parse_args(arguments)
    if options.tile is not None and options.tile < 0:
        parser.error(f"--tile={options.tile}: it must be 0 or more")
    output = options.output or Path(f"{options.image.stem}-enlarged.png")
    try:
        enlarge(options.run, options.image, output, options.tile, options.allow_package)
    except BadInput as error:
        errors.exit_with_message(str(error), errors.BAD_INPUT)


def enlarge(
    run: Path,
    image: Path,
    output: Path,
    tile: int | None = None,
    allow_package: Sequence[str] = (),
) -> None:
    """Write the enlarged image, whole or not at all.

    Args:
        run: a run's folder, whose best checkpoint is taken, or a checkpoint.
        image: of any size.
        output: of the PNG.
        tile: its longest side in pixels of the image; None takes `tiling.TILE`, 0 all at once.
        allow_package: names of packages whose networks may be built beside this program's.

    Raises:
        BadInput: a file that is missing or of another kind, or cannot be written; a network that
            may not be built.
    """
    checkpoint = store.resolve_checkpoint(str(run))
    target = checked_output(output)
    if output.suffix.lower() != ".png":
        raise BadInput(f"--output={output}: it will be a PNG; give a name that ends in .png.")
    if not image.is_file():
        raise BadInput(f"{image}: there is no such file; give an image.")

    import torch

    from srcnn_lightning.acceleration.memory import keep_freed_memory
    from srcnn_lightning.image_io import read_image
    from srcnn_lightning.inference import tiling
    from srcnn_lightning.inference.network import load_network
    from srcnn_lightning.training.images import as_pil, to_uint8

    content = torch.from_numpy(read_image(image).copy())
    if output.exists() and output.samefile(image):
        raise BadInput(f"--output={output}: it is the image itself; give another file.")
    pixels = content.permute(2, 0, 1)[None].float().div_(255)
    keep_freed_memory()
    trained, _ = load_network(checkpoint, allow_package)
    network: nn.Module = trained.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    margin = tiling.tile_overlap(network)
    if margin is None and tile != 0:
        print("This network gives something else by tiles, so it gets the image at once.")
    side = 0 if margin is None else tiling.TILE if tile is None else tile
    try:
        enlarged = as_pil(to_uint8(tiling.upscale_tiled(network, pixels, side, margin or 0)[0]))
    except RuntimeError as error:
        size = f"{pixels.shape[-1]}x{pixels.shape[-2]}"
        raise BadInput(
            f"{image}: the network of {run} takes no image of {size} pixels ({one_line(error)}); "
            "give one of sides that it was made for."
        ) from error
    with written(output, "another file"), files.atomic_write(target) as file:
        enlarged.save(file, "PNG")
    print(f"{output}: {enlarged.width}x{enlarged.height} pixels")
