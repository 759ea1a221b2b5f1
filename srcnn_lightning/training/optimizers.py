"""Optimizers of torch, or of a package of one's own, from the group `optimizer`."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from srcnn_lightning import arguments
from srcnn_lightning.errors import BadInput, one_line, require


def build_optimizer(
    given: Mapping[str, Any] | None, parameters: Iterable[nn.Parameter]
) -> torch.optim.Optimizer:
    """The optimizer of the configuration.

    Args:
        given: `_target_`, the optimizer's class, and its arguments.
        parameters: parameters that it trains.

    Raises:
        BadInput: the optimizer cannot be imported, is none or refuses an argument.
    """
    advice = 'give {"_target_": "torch.optim.Adam", "lr": 1e-3} or another class'
    require(isinstance(given, Mapping), "optimizer", given or "null", advice)
    settings = dict(given or {})
    target = str(settings.pop("_target_", "null"))
    optimizer_class = arguments.locate(target, "optimizer._target_")
    is_optimizer = inspect.isclass(optimizer_class) and issubclass(
        optimizer_class, torch.optim.Optimizer
    )
    what = "it is no optimizer; give a class derived from torch.optim.Optimizer"
    require(is_optimizer, "optimizer._target_", target, what)
    arguments.check("optimizer", optimizer_class, settings, supplied=("params",))
    try:
        optimizer: torch.optim.Optimizer = optimizer_class(parameters, **settings)
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"optimizer._target_={target}: {one_line(error)}; give an optimizer of torch and "
            "arguments it takes."
        ) from error
    return optimizer
