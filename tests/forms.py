"""Convolutions of one form, as `accelerate` makes them."""

from torch import nn


def convolution(kind, in_channels, out_channels, kernel_size):
    """A convolution of the form `kind` that keeps an image's size."""
    layer = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
    layer.__class__ = kind
    return layer
