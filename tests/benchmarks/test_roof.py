from benchmarks import roof
from benchmarks.textbook import network


def test_roof_counts_the_operations_of_a_training_step() -> None:
    # Multiplications a pixel, 9x9 from 3 to 64 channels, 1x1 from 64 to 32, 5x5 from 32 to 3:
    # 15,552 + 2,048 + 2,400 = 20,000. Two operations each; forward, gradient of the weights,
    # gradient of the input but for the first layer's 15,552: 2 * (3 * 20,000 - 15,552) = 88,896.
    assert roof.training_flops(224) == 88_896 * 224 * 224 == 4_460_445_696


def test_roofs_are_those_of_a_machine() -> None:
    # 1e8 to 1e15 operations a second, 88,896 for each of 16 x 16 pixels of an image.
    found = roof.measure(matrix=256, threads=1, device="cpu", side=16)
    for images_per_second in found.values():
        assert 1e8 < images_per_second * 88_896 * 16 * 16 < 1e15


def test_network_of_the_textbook_has_the_parameters_of_the_paper() -> None:
    assert sum(parameter.numel() for parameter in network().parameters()) == 20_099
