"""Folders of images: listed by name, and matched with one another."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from srcnn_lightning.errors import BadInput

EXTENSIONS = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".tif", ".tiff")
TYPES = "PNG, JPEG, WebP, BMP or TIFF"
# Endings that programs add to the name of an image: baby_x2_SR, 0801x2, baby-upscaled.
_ENDINGS = re.compile(r"(?<=.)([ _-]?x\d|[ _-](sr|hr|lr|gt|bicubic|upscaled|out|output))+$", re.I)


def list_images(folder: Path, option: str) -> dict[str, Path]:
    """The image files of a folder by their names without type, sorted.

    Args:
        folder: folder that holds the images themselves.
        option: option that names the folder, for sentences.

    Raises:
        BadInput: there is no such folder, no image in it, or two images of one name.
    """
    if not folder.is_dir():
        raise BadInput(f"{option}={folder}: there is no such folder; give one of images.")
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in EXTENSIONS)
    except OSError as error:
        raise BadInput(
            f"{option}={folder}: it cannot be read ({error.strerror}); give a folder that can."
        ) from error
    paths = [path for path in paths if path.name[0] != "." and path.is_file()]
    for path in paths:
        try:
            path.name.encode()
        except UnicodeEncodeError as error:
            raise BadInput(
                f"{option}={folder}: the file name {path.name!a} is not UTF-8; rename it."
            ) from error
    if not paths:
        raise BadInput(
            f"{option}={folder}: it holds no images ({TYPES}); give the folder that holds the "
            "images themselves."
        )
    images: dict[str, Path] = {}
    for path in paths:
        other = images.setdefault(path.stem, path)
        if other != path:
            raise BadInput(
                f"{option}={folder}: {other.name} and {path.name} are two images of one name; "
                "leave one of them."
            )
    return images


def matched(folder: Path, option: str, wanted: Mapping[str, Path]) -> dict[str, Path]:
    """The image of a folder that belongs to each wanted one.

    It has the same name, or the same name but for endings such as `x2`, `_SR` or `-upscaled`, at
    one of the two or both. Further images of the folder are left out.

    Args:
        folder: folder of the images.
        option: option that names the folder, for sentences.
        wanted: paths by name without type, as `list_images` returns them.

    Raises:
        BadInput: as `list_images`; or no image, or several, belong to a wanted one.
    """
    images = list_images(folder, option)
    plain_names = {name: _ENDINGS.sub("", name) for name in [*images, *wanted]}
    uses = Counter(plain_names[name] for name in wanted)
    found = {}
    for name, path in wanted.items():
        plain = plain_names[name]
        same = [one for one in images if one == name]
        if not same and uses[plain] == 1:  # else baby_x2 would belong to baby_x3, too
            same = [one for one in images if plain_names[one] == plain]
        if not same:
            raise BadInput(
                f"{option}={folder}: no image belongs to {path.name}; name it {name}.png, or with "
                f"an ending as in {name}_x2_SR.png."
            )
        if len(same) > 1:
            shown = " and ".join(images[one].name for one in same[:2])
            raise BadInput(
                f"{option}={folder}: {shown} both belong to {path.name}; leave one of them."
            )
        found[name] = images[same[0]]
    return found


def scale_of_pairs(hr_root: str | None, lr_root: str | None, otherwise: int) -> int:
    """The factor between the sides of the first image of a folder and its input.

    Args:
        hr_root: folder of the high-resolution images.
        lr_root: folder of their inputs.
        otherwise: the result where there is no such pair or factor; the run then says why.
    """
    from PIL import Image

    sides = []
    try:
        images = list_images(Path(str(hr_root)).expanduser(), "data.hr_root")
        inputs = matched(Path(str(lr_root)).expanduser(), "data.lr_root", images)
        first = next(iter(images))
        for path in (images[first], inputs[first]):
            with Image.open(path) as image:
                sides.append(max(image.size))
    except (BadInput, OSError, ValueError):
        return otherwise
    high, low = sides
    factor, rest = divmod(high, low)
    return factor if factor > 1 and not rest else otherwise
