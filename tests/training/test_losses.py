import pytest
import torch

from srcnn_lightning.config import LOSSES as NAMES
from srcnn_lightning.errors import BadInput
from srcnn_lightning.training.losses import LOSSES, build_loss

OUTPUT, TARGET = torch.tensor([0.0, 0.5, 1.0]), torch.tensor([0.0, 0.1, 0.7])


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"name": "mse"}, (0.16 + 0.09) / 3),
        ({"name": "l1"}, (0.4 + 0.3) / 3),
        # sqrt(0 + 0.3^2) = 0.3, sqrt(0.16 + 0.09) = 0.5, sqrt(0.09 + 0.09) = 0.424264
        ({"name": "charbonnier", "epsilon": 0.3}, (0.3 + 0.5 + 0.424264) / 3),
    ],
)
def test_loss_by_hand(settings, wanted):
    assert build_loss(settings)(OUTPUT, TARGET).item() == pytest.approx(wanted, abs=1e-6)


def test_losses_of_the_configuration_are_those_that_are_built():
    assert tuple(LOSSES) == NAMES


def test_argument_of_another_loss_is_refused():
    with pytest.raises(BadInput, match=r"^loss\.epsilon=0\.1: l1 takes no such argument"):
        build_loss({"name": "l1", "epsilon": 0.1})
