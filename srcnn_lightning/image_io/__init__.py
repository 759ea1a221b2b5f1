"""Image files: read upright, with 8 bits a channel, in their own colours or in sRGB."""

from srcnn_lightning.image_io.reader import Picture, TrainingImage, read_image, read_picture

__all__ = ["Picture", "TrainingImage", "read_image", "read_picture"]
