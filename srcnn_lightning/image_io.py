"""Reading an image file into 8-bit RGB, whatever it holds."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from srcnn_lightning.errors import BadInput

# Pillow refuses 200 megapixels as a possible attack; here the files are the user's own.
Image.MAX_IMAGE_PIXELS = None
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")  # whatever a file is called


def read_image(path: Path) -> np.ndarray:
    """`(H, W, 3)` uint8 RGB.

    Grey and palette are converted, alpha is laid over white, EXIF orientation is applied, 16 bits
    are scaled by 1/257.

    Raises:
        BadInput: the file is truncated, no image, or of floating-point pixels.
    """
    try:
        # By its name Pillow would map some TIFFs into memory, and turn those upright wrongly.
        with path.open("rb") as file, Image.open(file, formats=FORMATS) as image:
            is_16_bit = _is_16_bit(image)  # before getexif, which decodes a PNG: no tile is left
            orientation = image.getexif().get(0x0112, 1)
            if image.format == "TIFF":
                orientation = 1  # Pillow and OpenCV turn TIFFs upright themselves
            if is_16_bit:
                pixels = _reduce_to_8_bit(path)
            elif image.mode in ("F", "I"):
                raise BadInput(
                    f"{path}: pixels of mode {image.mode} have no fixed range; "
                    "save the image with 8 or 16 bits a channel."
                )
            else:
                pixels = image.copy()
    except (OSError, SyntaxError, UnidentifiedImageError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{path}: not a readable image ({error}); mend or remove it.") from error
    return np.asarray(_upright(_rgb(pixels), orientation))


def _is_16_bit(image: ImageFile.ImageFile) -> bool:
    """Whether the file holds 16 bits a channel; Pillow's own mode says so for grey alone."""
    raw_modes = [str(tile[3]) for tile in image.tile]
    return image.mode.startswith("I;16") or any(";16" in raw_mode for raw_mode in raw_modes)


def _reduce_to_8_bit(path: Path) -> Image.Image:
    """Decode with OpenCV: Pillow keeps the high byte of 16-bit colour and clips 16-bit grey."""
    import cv2

    data = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if data is None or data.dtype != np.uint16:
        raise OSError("its 16-bit pixels could not be decoded")
    data = ((data.astype(np.uint32) + 128) // 257).astype(np.uint8)  # 65535 / 257 = 255
    if data.ndim == 3:
        data = data[..., [2, 1, 0, 3][: data.shape[2]]]  # OpenCV has BGR(A)
    return Image.fromarray(data)


def _rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    if orientation == 1:
        return image  # Pillow would copy it
    exif = image.getexif()
    exif[0x0112] = orientation
    return ImageOps.exif_transpose(image)


def is_grey(path: Path) -> bool:
    """Whether the file holds grey values of 1 to 16 bits and no colours; it may hold alpha.

    The file's type decides, not its pixels: equal channels are RGB, and a palette of greys is a
    palette. BMP has no grey but the palette of all greys in their order, which Pillow calls grey.
    """
    with path.open("rb") as file, Image.open(file, formats=FORMATS) as image:
        # A PNG of 16-bit grey and alpha has no mode of its own in Pillow.
        modes = [image.mode, *(str(tile[3]) for tile in image.tile)]
    return any(mode in ("1", "L", "LA") or mode.startswith(("I;16", "LA;16")) for mode in modes)
