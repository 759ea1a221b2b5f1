import pytest
import torch
from forms import convolution
from torch import nn

from srcnn_lightning.acceleration.convolution import CPUConv2d


@pytest.fixture(params=[1, 2])
def threads(request):
    """torch chooses another convolution for a 1x1 kernel where there is one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def pair(in_channels, out_channels, kernel_size, dtype=torch.float64):
    torch.manual_seed(0)
    own = convolution(CPUConv2d, in_channels, out_channels, kernel_size).to(dtype)
    plain = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2).to(dtype)
    plain.load_state_dict(own.state_dict())
    return own, plain


def gradients(layer, images, grad_output):
    images = images.clone().requires_grad_()
    layer.zero_grad()
    output = layer(images)
    output.backward(grad_output)
    return [output.detach(), images.grad, layer.weight.grad, layer.bias.grad]


def assert_same(found, wanted, tolerance):
    for one, other in zip(found, wanted, strict=True):
        assert one.shape == other.shape
        assert (one - other).abs().max() <= tolerance * other.abs().max()


@pytest.mark.parametrize("kernel_size", [1, 3, 9])
@pytest.mark.parametrize("channels", [(3, 8), (8, 8), (8, 3)])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_result_and_gradients_are_those_of_a_plain_convolution(
    threads, kernel_size, channels, memory_format
):
    own, plain = pair(*channels, kernel_size)
    images = torch.rand(2, channels[0], 7, 10, dtype=torch.float64)
    grad_output = torch.rand(2, channels[1], 7, 10, dtype=torch.float64)
    images = images.contiguous(memory_format=memory_format)
    assert_same(gradients(own, images, grad_output), gradients(plain, images, grad_output), 1e-12)


@pytest.mark.parametrize(("channels", "kernel_size"), [((3, 64), 9), ((64, 32), 1), ((32, 3), 5)])
def test_layers_of_srcnn_agree_in_single_precision(threads, channels, kernel_size):
    own, plain = pair(*channels, kernel_size, dtype=torch.float32)
    images = torch.rand(2, channels[0], 32, 32).contiguous(memory_format=torch.channels_last)
    grad_output = torch.rand(2, channels[1], 32, 32).contiguous(memory_format=torch.channels_last)
    assert_same(gradients(own, images, grad_output), gradients(plain, images, grad_output), 1e-5)


def test_only_gradients_that_are_needed_are_computed():
    own, _ = pair(3, 8, 3)
    own.bias.requires_grad_(False)
    images = torch.rand(1, 3, 6, 6, dtype=torch.float64)
    own(images).sum().backward()
    assert images.grad is None
    assert own.bias.grad is None
    assert own.weight.grad is not None


def test_layer_without_bias():
    own, _ = pair(3, 8, 3)
    own.bias = None
    images = torch.rand(1, 3, 6, 6, dtype=torch.float64)
    plain = nn.Conv2d(3, 8, 3, padding=1, bias=False).double()
    plain.weight = own.weight
    assert torch.equal(own(images), plain(images))


def test_result_without_gradients_is_the_same_to_the_bit():
    # Training and validation see one network.
    own, _ = pair(3, 8, 9)
    images = torch.rand(1, 3, 12, 12, dtype=torch.float64)
    with torch.inference_mode():
        alone = own(images)
    assert torch.equal(own(images), alone)


def test_autocast_trains_in_half_precision():
    own, _ = pair(3, 8, 3, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        output = own(torch.rand(1, 3, 6, 6))
    assert output.dtype == torch.bfloat16
    output.float().sum().backward()
    assert own.weight.grad.dtype == torch.float32
