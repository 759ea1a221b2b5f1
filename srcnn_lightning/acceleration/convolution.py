"""Convolution in the forms that the CPU's library (oneDNN) computes fastest.

Each form is one of several whose results differ in the last bits. Times are milliseconds in SRCNN
9-1-5, batch 2 of 224x224, on one core of an AMD EPYC (AVX-512) with torch 2.13. A whole step takes
87 ms with plain layers and 62 ms with these forms (benchmarks/NOTES.md).
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Of fewer pixels, as after a pooling for attention, a step of autograd in Python costs more than a
# form gains.
FEW_PIXELS = 16
Computations = Sequence[Callable[..., Tensor]]  # `CPUConv2d.compute`


class CPUConv2d(nn.Conv2d):
    """`nn.Conv2d` of stride 1 that keeps an image's size, with its own backward on a CPU.

    `accelerate` makes one of an `nn.Conv2d`.
    """

    def forward(self, images: Tensor) -> Tensor:
        """`(B, in_channels, H, W)` -> `(B, out_channels, H, W)`."""
        return (
            conv_relu_chain(images, [self]) if self.is_eligible(images) else super().forward(images)
        )

    def is_eligible(self, images: Tensor) -> bool:
        """Whether the forms of this module may compute the result for these images."""
        is_large = images.shape[-2] * images.shape[-1] >= FEW_PIXELS
        return is_large and images.device.type == "cpu" and not _is_left_to_torch()

    def compute(self, images: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Compute the result in its fastest form, `(B, in_channels, H, W)` -> the output."""
        return convolve(images, weight, bias)


def conv_relu_chain(images: Tensor, layers: Sequence[CPUConv2d]) -> Tensor:
    """Compute convolutions with a ReLU between each two, as one step of autograd.

    Args:
        images: input, `(B, C, H, W)`; in channels_last if there are several layers.
        layers: convolutions that are eligible for these images (`is_eligible`).
    """
    computations = [layer.compute for layer in layers]
    parameters = [parameter for layer in layers for parameter in (layer.weight, layer.bias)]
    if not torch.is_grad_enabled():
        return _forward(images, computations, parameters)[-1]
    result: Tensor = _Convolutions.apply(images, computations, *parameters)  # type: ignore[no-untyped-call]
    return result


class _Convolutions(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, images: Tensor, computations: Computations, *parameters: Tensor | None
    ) -> Tensor:
        *features, result = _forward(images, computations, parameters)
        context.save_for_backward(images, *features, *parameters[::2])
        return result

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context: Any, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        saved = context.saved_tensors
        inputs, weights = saved[: len(saved) // 2], saved[len(saved) // 2 :]
        needed = context.needs_input_grad  # of images, computations, weight, bias, weight, ...
        gradients: list[Tensor | None] = [None] * len(needed)
        with torch.autocast("cpu", enabled=False):  # the forward pass has none
            for number in reversed(range(len(inputs))):
                images, weight = inputs[number], weights[number]
                of_weight, of_bias = 2 + 2 * number, 3 + 2 * number
                # The output's gradient may come in another memory format: a copy of 3 channels.
                grad_output = grad_output.contiguous(memory_format=memory_format(images))
                if needed[of_weight]:
                    gradients[of_weight] = weight_gradient(images, grad_output, weight)
                if needed[of_bias]:
                    gradients[of_bias] = bias_gradient(grad_output)
                if not any(needed[:of_weight]):
                    break
                grad_output = convolve(grad_output, flipped_kernel(weight))
                if number:
                    rectify_gradient(grad_output, images)
                else:
                    gradients[0] = grad_output
        return tuple(gradients)


def _forward(
    images: Tensor, computations: Computations, parameters: Sequence[Tensor | None]
) -> list[Tensor]:
    """Results of all convolutions; each but the last is rectified."""
    features: list[Tensor] = []
    for compute, weight, bias in zip(computations, parameters[::2], parameters[1::2], strict=True):
        features.append(compute(features[-1].relu_() if features else images, weight, bias))
    return features


def convolve(images: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Zero-padded convolution that keeps the image's size.

    With one thread, torch computes an undilated 1x1 kernel by slower code of its own. Dilation has
    no effect on a kernel of one pixel; with it, forward and backward take 11 ms instead of 20.
    """
    size = weight.shape[-1]
    return F.conv2d(images, weight, bias, padding=size // 2, dilation=_dilation(size))


def rectify_gradient(gradient: Tensor, rectified: Tensor) -> None:
    """Turn the gradient of a ReLU's result into that of its input, in place.

    The caller must hold the only reference to the gradient. For 64 channels this takes 1.1 ms
    instead of 2.1 (two threads, Intel Xeon, AVX-512).

    Args:
        gradient: gradient of the result, changed.
        rectified: result of the ReLU, of the same shape.
    """
    torch.ops.aten.threshold_backward.grad_input(gradient, rectified, 0, grad_input=gradient)


def weight_gradient(images: Tensor, grad_output: Tensor, weight: Tensor) -> Tensor:
    """Gradient of the weights, computed from the fewer channels to the more.

    A convolution's input and its output's gradient may be exchanged, which flips the kernel. The
    library is faster with few input channels: 3.6 ms instead of 7.0 for the layer from 64 to 32
    channels, and 2.6 instead of 7.2 for the last layer, from 32 to 3.

    Args:
        images: input of the convolution, `(B, in, H, W)`.
        grad_output: gradient of its output, `(B, out, H, W)`.
        weight: weights, `(out, in, k, k)`.
    """
    if images.shape[1] <= grad_output.shape[1]:
        return _weight_gradient(images, grad_output, weight)
    return flipped_kernel(_weight_gradient(grad_output, images, flipped_kernel(weight)))


def bias_gradient(grad_output: Tensor) -> Tensor:
    """Gradient of the bias, `(out,)`: a sum over images and pixels.

    The sum takes 1.0 ms. The library would add 7.8 ms to the first layer's gradient of the weights.
    """
    return grad_output.sum((0, 2, 3))


def flipped_kernel(weight: Tensor) -> Tensor:
    """Kernel of the backward convolution, `(out, in, k, k)` -> `(in, out, k, k)`, rotated by 180°.

    The output's gradient convolved with it is the input's gradient: 2.1 ms for the last layer
    instead of the library's 3.5.
    """
    return weight.transpose(0, 1).flip(2, 3).contiguous(memory_format=torch.channels_last)


def _weight_gradient(images: Tensor, grad_output: Tensor, weight: Tensor) -> Tensor:
    size = weight.shape[-1]
    padding, dilation = [size // 2] * 2, [_dilation(size)] * 2
    _, gradient, _ = torch.ops.aten.convolution_backward(
        grad_output,
        images,
        weight,
        None,  # no bias
        [1, 1],  # stride
        padding,
        dilation,
        False,  # not transposed
        [0, 0],  # output padding
        1,  # groups
        [False, True, False],  # gradients: of the weights alone
    )
    result: Tensor = gradient
    return result


def memory_format(images: Tensor) -> torch.memory_format:
    """Memory format of the images: channels_last, or else torch's default."""
    is_channels_last = images.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if is_channels_last else torch.contiguous_format


def _dilation(size: int) -> int:
    return 2 if size == 1 else 1


def _is_left_to_torch() -> bool:
    """Under autocast and torch.compile torch chooses the code, and these forms would hinder it."""
    return torch.is_autocast_enabled("cpu") or torch.compiler.is_compiling()
