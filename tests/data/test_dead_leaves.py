import numpy as np
import pytest

from srcnn_lightning.data.dead_leaves import draw, draw_blurred


def image_set(seed=0, count=8, side=64):
    return np.stack([draw(side, seed, index) for index in range(count)])


@pytest.mark.parametrize("side", [1, 5, 9, 10, 11, 33, 128])
def test_draw_gives_uint8_colour_of_any_side(side):
    # A side of twice the smallest radius leaves one radius alone to draw from.
    image = draw(side, 0, 0)
    assert (image.shape, image.dtype) == ((side, side, 3), np.uint8)


def test_draw_is_deterministic():
    assert np.array_equal(draw(64, 3, 7), draw(64, 3, 7))


def test_draw_does_not_touch_or_follow_the_global_generator():
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    first = draw(32, 0, 0)
    assert np.array_equal(np.random.get_state()[1], before)
    np.random.seed(2)
    assert np.array_equal(draw(32, 0, 0), first)


def test_draw_differs_between_seeds_and_indices():
    images = [draw(32, seed, index) for seed in range(3) for index in range(3)]
    assert len({image.tobytes() for image in images}) == 9


def test_colours_are_correlated_across_channels():
    # Independent channels would make a grey-level network's job of each, unlike photographs.
    channels = image_set().reshape(-1, 3).T
    correlation = np.corrcoef(channels)
    assert correlation[np.triu_indices(3, 1)].min() > 0.5
    # But not grey pictures in disguise.
    assert correlation[np.triu_indices(3, 1)].max() < 0.999


def test_images_use_the_range_without_clipping_most_of_it():
    images = image_set()
    assert images.std() > 25
    assert np.mean((images == 0) | (images == 255)) < 0.2


def test_images_have_edges_between_even_regions():
    # What tells leaves from noise: most neighbours are nearly equal, some differ widely.
    steps = np.abs(np.diff(image_set().astype(float).mean(axis=-1), axis=2))
    assert np.mean(steps < 10) > 0.5
    assert np.mean(steps > 30) > 0.01


def test_two_thirds_of_the_blurred_images_are_blurred():
    def steepest(image):
        return np.abs(np.diff(image.astype(float).mean(axis=-1), axis=1)).max()

    pairs = [(draw(96, 0, index), draw_blurred(96, 0, index)) for index in range(60)]
    changed = [(sharp, blurred) for sharp, blurred in pairs if not np.array_equal(sharp, blurred)]
    assert 30 <= len(changed) <= 50
    assert all(steepest(blurred) < steepest(sharp) for sharp, blurred in changed)
    assert all(abs(sharp.mean() - blurred.mean()) < 2 for sharp, blurred in changed)
    assert np.array_equal(draw_blurred(96, 0, 59), pairs[59][1])
