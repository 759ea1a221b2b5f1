import pytest
import torch
from torch import nn

from benchmarks import roof
from benchmarks.textbook import network

PIXELS = 224 * 224


def test_roof_of_training_counts_the_operations_of_srcnn() -> None:
    # Multiplications a pixel, 9x9 from 3 to 64 channels, 1x1 from 64 to 32, 5x5 from 32 to 3:
    # 15,552 + 2,048 + 2,400 = 20,000. Two operations each; forward, gradient of the weights,
    # gradient of the input but for the first layer's 15,552: 2 * (3 * 20,000 - 15,552) = 88,896.
    works = roof.training_work(network(), batch=1, height=224, width=224)
    assert sum(work.flops for work in works) == 88_896 * PIXELS == 4_460_445_696


def test_roof_of_training_leaves_out_the_first_input_gradient_alone() -> None:
    works = roof.training_work(network(), batch=1, height=8, width=8)
    passes = ["forward", "weight gradient", "input gradient"]
    assert [work.name for work in works] == passes[:2] + passes * 2


def test_roof_of_inference_counts_the_forward_passes() -> None:
    works = roof.inference_work(network(), height=1080, width=1920)
    assert sum(work.flops for work in works) == 40_000 * 1080 * 1920


def test_a_pass_reads_and_writes_each_value_once() -> None:
    # 10 pixels by 20: 3 + 64 values a pixel, 64 * 3 * 81 weights, 4 bytes each.
    (work,) = roof.inference_work(nn.Sequential(nn.Conv2d(3, 64, 9, padding=4)), 10, 20)
    assert work.bytes == 4 * (67 * 200 + 15_552)


def test_seconds_take_what_is_longer_of_arithmetic_and_memory() -> None:
    works = [roof.Work("computes", 300, 10), roof.Work("copies", 100, 80)]
    assert roof.seconds(works, flops_per_second=100, bytes_per_second=20) == pytest.approx(3 + 4)


def test_rates_are_those_of_this_machine() -> None:
    assert 1e7 < roof.product_rate(256, "cpu") < 1e15
    assert 1e7 < roof.convolution_rate(16, "cpu") < 1e15
    assert 1e7 < roof.copy_rate("cpu") < 1e14


def test_network_of_the_loops_has_the_parameters_of_the_paper() -> None:
    assert sum(parameter.numel() for parameter in network().parameters()) == 20_099
    assert network()(torch.rand(1, 3, 12, 10)).shape == (1, 3, 12, 10)
