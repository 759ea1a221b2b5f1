import pytest
import torch
from forms import convolution
from torch import nn

from srcnn_lightning.acceleration.block_convolution import BlockConv2d


def pair(in_channels, out_channels, kernel_size):
    """A BlockConv2d and an nn.Conv2d with the same weights, in double precision.

    In single precision a plain convolution of 9x9 lies as far as 1e-6 from the exact result, so
    only doubles can tell a wrong weight from a rounded one.
    """
    torch.manual_seed(0)
    arguments = (in_channels, out_channels, kernel_size)
    block = convolution(BlockConv2d, *arguments).double()
    plain = nn.Conv2d(*arguments, padding=kernel_size // 2).double()
    plain.load_state_dict(block.state_dict())
    return block, plain


def relative_error(value, wanted):
    assert value.shape == wanted.shape
    difference = (value - wanted).detach().abs().max()
    return float(difference / wanted.detach().abs().max())


def assert_same(block, plain, images):
    # clone keeps the memory format; each network needs a leaf of its own.
    found, wanted = images.clone().requires_grad_(), images.clone().requires_grad_()
    output, reference = block(found), plain(wanted)
    tolerance = 1e-12 if images.dtype == torch.float64 else 5e-6
    assert relative_error(output, reference) <= tolerance
    # A gradient that differs from pixel to pixel: a plain sum would hide a shuffled block.
    grad_output = torch.rand_like(reference)
    output.backward(grad_output)
    reference.backward(grad_output)
    assert relative_error(found.grad, wanted.grad) <= 10 * tolerance
    for (name, one), other in zip(block.named_parameters(), plain.parameters(), strict=True):
        assert relative_error(one.grad, other.grad) <= 10 * tolerance, name


def doubles(*shape):
    return torch.rand(*shape, dtype=torch.float64)


@pytest.mark.parametrize("kernel_size", [1, 3, 5, 9])
@pytest.mark.parametrize("size", [(8, 8), (12, 6), (2, 4)])
def test_block_convolution_equals_plain_one_for_even_sizes(kernel_size, size):
    block, plain = pair(4, 3, kernel_size)
    assert_same(block, plain, doubles(2, 4, *size))


def test_block_convolution_equals_plain_one_in_single_precision():
    # The last layer of SRCNN 9-1-5, as it is trained.
    block, plain = pair(32, 3, 5)
    assert_same(block.float(), plain.float(), torch.rand(2, 32, 24, 24))


@pytest.mark.parametrize("size", [(7, 8), (8, 7), (7, 7), (1, 1)])
def test_block_convolution_equals_plain_one_for_odd_sizes(size):
    block, plain = pair(4, 3, 5)
    assert_same(block, plain, doubles(2, 4, *size))


def test_block_convolution_equals_plain_one_in_channels_last():
    block, plain = pair(4, 3, 5)
    images = doubles(2, 4, 8, 8).to(memory_format=torch.channels_last)
    channels_last = block.to(memory_format=torch.channels_last)
    assert_same(channels_last, plain, images)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_result_may_be_changed_in_place_and_lies_in_memory_as_the_input(memory_format):
    block, plain = pair(4, 3, 5)
    images = doubles(2, 4, 8, 8).contiguous(memory_format=memory_format)
    output = block(images)
    assert output.is_contiguous(memory_format=memory_format)
    output.clamp_(0, 0.5).sum().backward()
    plain(images).clamp(0, 0.5).sum().backward()
    assert relative_error(block.weight.grad, plain.weight.grad) <= 1e-11


def test_state_dict_keys_are_those_of_a_plain_convolution():
    # Checkpoints of either load into the other.
    block, plain = BlockConv2d(4, 3, 5), nn.Conv2d(4, 3, 5)
    shapes = {name: value.shape for name, value in block.state_dict().items()}
    assert shapes == {name: value.shape for name, value in plain.state_dict().items()}
