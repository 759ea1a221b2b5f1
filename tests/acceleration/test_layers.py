from itertools import pairwise

import pytest
import torch
from forms import convolution
from torch import nn
from torch.nn.modules.module import register_module_forward_hook
from torch.nn.utils.parametrize import register_parametrization
from torch.utils.checkpoint import checkpoint

from srcnn_lightning.acceleration import convolution as convolutions
from srcnn_lightning.acceleration.block_convolution import BlockConv2d
from srcnn_lightning.acceleration.convolution import CPUConv2d, convolve, rectify_gradient
from srcnn_lightning.acceleration.layers import CPULayers


class LeakyReLU(nn.ReLU):
    def forward(self, features):
        return nn.functional.leaky_relu(features)


def layers(batch_norm=False, relu=nn.ReLU, inplace=True):
    torch.manual_seed(0)
    norm = [nn.BatchNorm2d(8)] if batch_norm else []
    convolutions = (
        convolution(CPUConv2d, 3, 8, 5),
        convolution(CPUConv2d, 8, 6, 1),
        convolution(BlockConv2d, 6, 3, 3),
    )
    first, second, last = (layer.double() for layer in convolutions)
    return [first, *(layer.double() for layer in norm), relu(inplace), second, relu(inplace), last]


def draw(memory_format=torch.channels_last):
    torch.manual_seed(1)
    images = torch.rand(2, 3, 6, 8, dtype=torch.float64)
    return images.contiguous(memory_format=memory_format)


def train(network, images, penalty=lambda: 0):
    """The output, and all gradients."""
    network.zero_grad()
    output = network(images)
    loss = (output * torch.arange(output.numel()).view(output.shape)).mean() + penalty()
    loss.backward()
    return [output, images.grad, *(parameter.grad for parameter in network.parameters())]


def assert_same(found, wanted):
    for one, other in zip(found, wanted, strict=True):
        assert (one is None) == (other is None)
        assert one is None or torch.equal(one, other)


def relus(output):
    """How many steps of autograd behind a result are those of a ReLU."""
    seen, todo = set(), [output.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            todo += [following for following, _ in node.next_functions]
    return sum(node.name() == "ReluBackward0" for node in seen)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("inplace", [True, False])
def test_results_are_those_of_a_plain_sequence_to_the_bit(memory_format, batch_norm, inplace):
    own, plain = (
        train(
            kind(*layers(batch_norm, inplace=inplace)),
            draw(memory_format).requires_grad_(),
        )
        for kind in (CPULayers, nn.Sequential)
    )
    assert_same(own, plain)


@pytest.mark.parametrize("frozen", [set(), {0}, {2}, {4}, {0, 2}, {2, 4}, {0, 4}])
def test_frozen_layers_get_no_gradient_and_the_others_theirs(frozen):
    both = []
    for kind in (CPULayers, nn.Sequential):
        network = kind(*layers())
        for number in frozen:
            network[number].requires_grad_(False)
        both.append(train(network, draw()))
    assert_same(*both)
    assert sum(gradient is None for gradient in both[0]) == 1 + 2 * len(frozen)


def test_layers_train_as_one_step():
    images = draw()
    output = CPULayers(*layers())(images)
    assert relus(output) == 0
    assert relus(nn.Sequential(*layers())(images)) == 2
    assert torch.equal(images, draw())
    # In another memory format gradients would change theirs on the way.
    assert relus(CPULayers(*layers())(draw(torch.contiguous_format))) == 2


def test_gradient_of_the_image_is_not_computed_where_nothing_needs_it(monkeypatch):
    network = CPULayers(*layers())
    output = network(draw())
    computed = []
    monkeypatch.setattr(
        convolutions, "convolve", lambda *given: computed.append(given) or convolve(*given)
    )
    output.sum().backward()
    assert len(computed) == 2  # of the layers after the first


def test_gradient_of_a_relu_is_zero_where_its_result_is_and_lies_in_the_same_memory():
    gradient = torch.tensor([1.0, -2.0, 3.0, float("nan")])
    before = gradient.data_ptr()
    rectify_gradient(gradient, torch.tensor([0.5, 0.0, 2.0, 0.0]))
    assert gradient.tolist() == [1.0, 0.0, 3.0, 0.0]
    assert gradient.data_ptr() == before


def half(layer, given, output):
    return output * 0.5


BRANCH = convolution(CPUConv2d, 8, 6, 3).double()
# What makes the layers be called one by one.
REASONS = {
    "hook on a ReLU": lambda network: network[1].register_forward_hook(half),
    "hook on a convolution": lambda network: network[0].register_forward_hook(half),
    "hook before a layer": lambda network: network[2].register_forward_pre_hook(
        lambda layer, given: (given[0] - 0.1,)
    ),
    "backward hook": lambda network: network[4].register_full_backward_hook(
        lambda layer, of_inputs, of_outputs: (of_inputs[0] * 2,)
    ),
    "hook before a layer's backward": lambda network: network[4].register_full_backward_pre_hook(
        lambda layer, of_outputs: (of_outputs[0] * 2,)
    ),
    "frozen layer": lambda network: network[2].requires_grad_(False),
    "another layer's forward": lambda network: setattr(network[2], "forward", BRANCH.forward),
    "another forward": lambda network: setattr(network[1], "forward", lambda images: images * 0.5),
}


@pytest.mark.parametrize("reason", REASONS)
def test_layers_are_called_one_by_one_where_it_matters(reason):
    own, sequence = CPULayers(*layers()), nn.Sequential(*layers())
    for network in (own, sequence):
        REASONS[reason](network)
    assert relus(own(draw())) <= relus(sequence(draw()))
    assert_same(train(own, draw()), train(sequence, draw()))


def test_relu_of_another_kind_is_called():
    own, sequence = (kind(*layers(relu=LeakyReLU)) for kind in (CPULayers, nn.Sequential))
    assert_same(train(own, draw()), train(sequence, draw()))


def test_hook_on_all_modules_sees_every_layer():
    seen = []
    network = CPULayers(*layers())
    handle = register_module_forward_hook(lambda layer, given, output: seen.append(layer))
    network(draw())
    handle.remove()
    assert seen == [*network, network]


def test_features_of_a_hook_have_their_own_part_in_the_gradient():
    """As in a penalty on activations, or where their gradients are looked at."""
    both = []
    for kind in (CPULayers, nn.Sequential):
        network = kind(*layers())
        features = []

        def keep(layer, given, output, features=features):
            output.retain_grad()
            features.append(output)

        network[0].register_forward_hook(keep)
        gradients = train(network, draw(), lambda features=features: features[0].abs().mean())
        both.append([*gradients, features[0].grad])
    assert_same(*both)
    assert both[0][-1] is not None


def test_result_without_gradients_is_the_same_to_the_bit():
    network = CPULayers(*layers())
    with torch.inference_mode():
        alone = network(draw())
    assert torch.equal(network(draw()), alone)


def test_network_is_compiled_as_one_graph():
    network = CPULayers(*layers())
    compiled = torch.compile(network, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(draw()), network(draw()))


def test_layer_that_is_there_twice_gets_both_gradients():
    both = []
    for kind in (CPULayers, nn.Sequential):
        torch.manual_seed(0)
        shared = convolution(CPUConv2d, 3, 3, 3).double()
        both.append(train(kind(shared, nn.ReLU(), shared, nn.ReLU(), shared), draw()))
    assert_same(*both)


@pytest.mark.parametrize("features", [[8, 1], [1, 8]])
def test_single_feature_changes_no_bit(features):
    both = []
    for kind in (CPULayers, nn.Sequential):
        torch.manual_seed(0)
        widths = [3, *features, 3]
        convolutions = [convolution(CPUConv2d, *pair, 3).double() for pair in pairwise(widths)]
        ordered = [convolutions[0], nn.ReLU(), convolutions[1], nn.ReLU(), convolutions[2]]
        both.append(train(kind(*ordered), draw()))
    assert_same(*both)


def test_checkpointed_network_trains():
    """torch's checkpoints let saved tensors be read once only."""
    gradients = []
    for through in (lambda run, images: run(images), checkpointed):
        network = CPULayers(*layers())
        through(network, draw()).mean().backward()
        gradients.append([parameter.grad for parameter in network.parameters()])
    assert_same(*gradients)


def checkpointed(network, images):
    return checkpoint(network, images, use_reentrant=False)


def test_weight_that_is_drawn_anew_is_drawn_once_a_step():
    """The gradient is that of the weight which the result was computed with."""
    network = CPULayers(*layers())
    for parameter in network.parameters():
        parameter.data.abs_()  # no ReLU is closed
    for layer in network[::2]:
        layer.bias.data.zero_()
    register_parametrization(network[4], "weight", nn.Dropout(0.5))
    images = draw().requires_grad_()
    output = network(images)
    output.sum().backward()
    # Linear in the image: the result is its gradient times the image.
    torch.testing.assert_close((images.grad * images).sum(), output.sum())


def test_backward_under_autocast_is_that_of_the_forward():
    found = []
    for enabled in (False, True):
        network = CPULayers(*layers()).float()
        output = network(draw().float()).mean()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            output.backward()
        found.append([parameter.grad for parameter in network.parameters()])
    assert_same(*found)


def test_part_of_a_sequence_trains_as_one_step_too():
    """What comes before and after a chain is called by itself."""
    both = []
    for kind in (CPULayers, nn.Sequential):
        torch.manual_seed(0)
        network = kind(nn.BatchNorm2d(3).double(), nn.ReLU(), *layers(), nn.ReLU())
        images = draw()
        both.append([relus(network(images)), train(network, images)])
    assert [count for count, _ in both] == [2, 4]
    assert_same(both[0][1], both[1][1])
