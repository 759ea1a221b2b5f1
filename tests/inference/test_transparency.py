"""Colours of hidden pixels, and constant parts of alpha."""

import numpy as np
import pytest
import torch

from srcnn_lightning.inference.transparency import fill_transparent, keep_constant_alpha

NOISE = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (4, 46, 61)).astype(np.uint8))


def test_hidden_pixels_take_the_mean_of_visible_neighbours() -> None:
    colours = torch.zeros(3, 1, 6, dtype=torch.uint8)
    colours[:, 0, 0], colours[:, 0, 2], colours[:, 0, 5] = 100, 200, 50
    alpha = torch.tensor([[255, 0, 1, 0, 0, 0]], dtype=torch.uint8)
    # Between 100 and 200 lies 150; the 50 is hidden and two steps reach but two pixels.
    assert fill_transparent(colours, alpha, 2)[1].tolist() == [[100, 150, 200, 200, 200, 0]]


def test_filling_by_bands_is_filling_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    alpha = (NOISE[3] > 250).to(torch.uint8)
    at_once = fill_transparent(NOISE[:3], alpha, 8)
    monkeypatch.setattr("srcnn_lightning.inference.transparency.BAND", 9)
    assert torch.equal(fill_transparent(NOISE[:3], alpha, 8), at_once)


def test_constant_parts_of_alpha_are_the_same_from_every_tile() -> None:
    alpha = torch.zeros(9, 12, dtype=torch.uint8)
    alpha[:, 6:] = 255
    whole = keep_constant_alpha(torch.full((18, 24), 0.5), alpha, 0, 0, 2)
    # Within two pixels of the edge between columns 5 and 6 nothing is constant.
    assert whole[4].tolist() == [0] * 8 + [0.5] * 8 + [1] * 8
    for left in (0, 4, 10, 22):
        tile = keep_constant_alpha(torch.full((6, 2), 0.5), alpha, 8, left, 2)
        assert torch.equal(tile, whole[8:14, left : left + 2])
