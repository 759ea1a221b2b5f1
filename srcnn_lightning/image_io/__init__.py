"""Image files: read and written upright, with their bits, colours and metadata."""

from srcnn_lightning.image_io.metadata import Metadata
from srcnn_lightning.image_io.reader import (
    MOST_PIXELS,
    Picture,
    TrainingImage,
    read_image,
    read_picture,
)
from srcnn_lightning.image_io.writer import check_size, fitted, write_picture

__all__ = [
    "MOST_PIXELS",
    "Metadata",
    "Picture",
    "TrainingImage",
    "check_size",
    "fitted",
    "read_image",
    "read_picture",
    "write_picture",
]
