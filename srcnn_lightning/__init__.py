"""Super-resolution experiments with PyTorch Lightning and Hydra.

From Python, `load`, `upscale`, `evaluate` and `list_models` use networks (`srcnn_lightning.api`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srcnn_lightning.api import evaluate, list_models, load, upscale

__version__ = "0.1.0"
__all__ = ["evaluate", "list_models", "load", "upscale"]


def __getattr__(name: str) -> Any:
    """The functions of `srcnn_lightning.api`, imported when they are first used."""
    if name in __all__:
        return getattr(import_module("srcnn_lightning.api"), name)
    raise AttributeError(f"module {__name__} has no attribute {name}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
