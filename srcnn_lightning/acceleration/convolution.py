"""A convolution that takes the forms which the CPU's library (oneDNN) computes fastest.

Each form below is one of several that give the same result but for the last bits. The times are
milliseconds in SRCNN 9-1-5, batch 2 of 224x224, on one core of an AMD EPYC (AVX-512), torch 2.13,
where a whole step takes 87 with plain layers and 62 with these (benchmarks/NOTES.md).
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Computations = Sequence[Callable[..., Tensor]]  # `CPUConv2d.compute`


class CPUConv2d(nn.Conv2d):
    """`nn.Conv2d` with the same parameters and result, and on a CPU a backward of its own."""

    plain = False
    """True computes everything as `nn.Conv2d` does."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        """Stride 1, zero padding that keeps the image's size, an odd `kernel_size`."""
        super().__init__(in_channels, out_channels, kernel_size, padding=kernel_size // 2)

    def forward(self, images: Tensor) -> Tensor:
        """`(B, in_channels, H, W)` -> `(B, out_channels, H, W)`."""
        return (
            conv_relu_chain(images, [self]) if self.is_eligible(images) else super().forward(images)
        )

    def is_eligible(self, images: Tensor) -> bool:
        """Whether the forms below are meant and possible."""
        is_meant = not self.plain and self._is_as_made()
        return is_meant and images.device.type == "cpu" and not _torch_chooses()

    def _is_as_made(self) -> bool:
        middle = self.kernel_size[0] // 2
        geometry = (self.stride, self.dilation, self.padding, self.padding_mode)
        return geometry == ((1, 1), (1, 1), (middle, middle), "zeros")

    def compute(self, images: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The result alone, in its fastest form."""
        return convolve(images, weight, bias)


def conv_relu_chain(images: Tensor, layers: Sequence[CPUConv2d]) -> Tensor:
    """Convolutions with a ReLU between each two, as one step of autograd.

    Args:
        images: `(B, C, H, W)`; in channels_last if there are several layers.
        layers: whose `takes_form` is true.
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
        with torch.autocast("cpu", enabled=False):  # as in the forward pass
            for number in reversed(range(len(inputs))):
                images, weight = inputs[number], weights[number]
                of_weight, of_bias = 2 + 2 * number, 3 + 2 * number
                # The last comes in another memory format, which costs a copy of three channels.
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
    """The result of each convolution, but for the last one rectified."""
    features: list[Tensor] = []
    for compute, weight, bias in zip(computations, parameters[::2], parameters[1::2], strict=True):
        features.append(compute(features[-1].relu_() if features else images, weight, bias))
    return features


def convolve(images: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Zero-padded convolution that keeps the image's size.

    With one thread torch gives a 1x1 kernel to an older code of its own, but not a dilated one, and
    to a kernel of one pixel a dilation means nothing: forward and backward 11 ms in place of 20.
    """
    size = weight.shape[-1]
    return F.conv2d(images, weight, bias, padding=size // 2, dilation=_dilation(size))


def rectify_gradient(gradient: Tensor, rectified: Tensor) -> None:
    """Make the gradient of a ReLU's result that of its input, in place.

    That is for gradients that nobody else can hold: 1.1 ms in place of 2.1 for 64 channels, two
    threads on an Intel Xeon (AVX-512).
    """
    torch.ops.aten.threshold_backward.grad_input(gradient, rectified, 0, grad_input=gradient)


def weight_gradient(images: Tensor, grad_output: Tensor, weight: Tensor) -> Tensor:
    """Gradient of the weights, as of a convolution from the fewer channels to the more.

    A convolution's input and its result's gradient may change places, which turns the kernel. The
    library is faster with few input channels: 3.6 ms in place of 7.0 for the layer from 64 to 32
    channels, 2.6 in place of 7.2 for the last one, from 32 to 3.
    """
    if images.shape[1] <= grad_output.shape[1]:
        return _weight_gradient(images, grad_output, weight)
    return flipped_kernel(_weight_gradient(grad_output, images, flipped_kernel(weight)))


def bias_gradient(grad_output: Tensor) -> Tensor:
    """A sum over images and pixels.

    The library adds 7.8 ms to the first layer's gradient of the weights for it, the sum takes 1.0.
    """
    return grad_output.sum((0, 2, 3))


def flipped_kernel(weight: Tensor) -> Tensor:
    """`(out, in, k, k)` -> `(in, out, k, k)`, by half a turn: the kernel of the way back.

    Convolving the result's gradient with it gives that of the input: for the last layer 2.1 ms
    in place of the library's 3.5.
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
        [0, 0],
        1,  # group
        [False, True, False],  # of the weights alone
    )
    result: Tensor = gradient
    return result


def memory_format(images: Tensor) -> torch.memory_format:
    """channels_last, or torch's own."""
    is_last = images.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if is_last else torch.contiguous_format


def _dilation(size: int) -> int:
    return 2 if size == 1 else 1


def _torch_chooses() -> bool:
    """Under autocast or torch.compile torch chooses the code, and these forms are in its way."""
    return torch.is_autocast_enabled("cpu") or torch.compiler.is_compiling()
