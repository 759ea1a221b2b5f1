import pytest
import torch
from torch import nn

from srcnn_lightning.models.block_convolution import BlockConv2d
from srcnn_lightning.models.cpu_convolution import CPUConv2d
from srcnn_lightning.models.cpu_layers import CPULayers


def layers(batch_norm=False, inplace=True):
    torch.manual_seed(0)
    first, second, last = CPUConv2d(3, 8, 5), CPUConv2d(8, 6, 1), BlockConv2d(6, 3, 3)
    norm = [nn.BatchNorm2d(8)] if batch_norm else []
    rest = [nn.ReLU(inplace), second, nn.ReLU(inplace), last]
    return [layer.double() for layer in (first, *norm, *rest)]


def train(network):
    """The output, and all gradients."""
    torch.manual_seed(1)
    images = torch.rand(2, 3, 6, 8, dtype=torch.float64)
    images = images.contiguous(memory_format=torch.channels_last).requires_grad_()
    network.zero_grad()
    output = network(images)
    output.backward(torch.rand_like(output))
    return [output, images.grad, *(parameter.grad for parameter in network.parameters())]


@pytest.mark.parametrize("batch_norm", [True, False])
def test_result_and_gradients_are_those_of_a_plain_sequence_to_the_bit(batch_norm):
    own = train(CPULayers(*layers(batch_norm)))
    plain = train(nn.Sequential(*layers(batch_norm)))
    for one, other in zip(own, plain, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("inplace", [True, False])
def test_what_reads_features_before_a_relu_sees_them_as_in_a_plain_sequence(inplace):
    """A ReLU that works in place changes them for everyone, another one for nobody."""
    seen = []
    for kind in (CPULayers, nn.Sequential):
        network = kind(*layers(inplace=inplace))
        network[0].register_forward_hook(lambda layer, given, output: seen.append(output))
        train(network)
    assert torch.equal(*seen)
    assert bool((seen[0] < 0).any()) is not inplace


def test_gradient_hook_sees_that_of_the_features_before_the_relu():
    seen = []
    for kind in (CPULayers, nn.Sequential):
        network = kind(*layers())
        network[0].register_forward_hook(
            lambda layer, given, output: output.register_hook(seen.append) and None
        )
        train(network)
    assert torch.equal(*seen)
    assert (seen[0] == 0).any()


def test_plain_convolution_leaves_the_relu_to_itself():
    network = CPULayers(*layers())
    calls = []
    for layer in network:
        if isinstance(layer, CPUConv2d):
            layer.plain = True
        else:
            layer.register_forward_hook(lambda layer, given, output: calls.append(layer))
    train(network)
    assert len(calls) == 2


def test_result_without_gradients_is_the_same_to_the_bit():
    network = CPULayers(*layers())
    output, *_ = train(network)
    torch.manual_seed(1)
    images = torch.rand(2, 3, 6, 8, dtype=torch.float64)
    with torch.inference_mode():
        alone = network(images.contiguous(memory_format=torch.channels_last))
    assert torch.equal(output, alone)


def test_layer_that_needs_no_gradient_of_its_input_rectifies_too():
    # As where the layers before it are frozen.
    own, plain = CPULayers(*layers()), nn.Sequential(*layers())
    images = torch.rand(1, 3, 4, 4, dtype=torch.float64)
    for network in (own, plain):
        network[0].requires_grad_(False)
        network(images).sum().backward()
    assert torch.equal(own[2].weight.grad, plain[2].weight.grad)
