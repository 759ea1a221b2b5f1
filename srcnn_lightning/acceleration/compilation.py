"""`torch.compile` for a run's network."""

import os
import shutil
import sys

from torch import nn

from srcnn_lightning.errors import BadInput

# torch compiles a function for at most this many networks and shapes, and silently stops then. An
# ablation has four architectures, each with batches of training, validation and pictures.
RECOMPILE_LIMIT = 256


def compile_network(network: nn.Module, device: str, backend: str = "inductor") -> None:
    """Let a network compile itself on its first batch; its weights keep their names.

    Each shape of a batch is compiled once in a process. The later jobs of a sweep use the code of
    an earlier job with the same architecture.

    Args:
        network: network, changed in place.
        device: `cpu`, `cuda` or `mps`.
        backend: backend of torch.compile; `eager` captures and compiles nothing, and needs no
            compiler.

    Raises:
        BadInput: the compiler that the backend calls is not installed.
    """
    if backend == "inductor":
        _check_compiler(device)

    import torch._dynamo

    torch._dynamo.config.recompile_limit = RECOMPILE_LIMIT
    network.compile(dynamic=False, backend=backend)  # code for any shape is slower
    if hasattr(network, "supervised_outputs"):  # a training step calls this in the place of forward
        compiled = torch.compile(network.supervised_outputs, dynamic=False, backend=backend)  # type: ignore[arg-type]
        network.supervised_outputs = compiled  # type: ignore[assignment]


def _check_compiler(device: str) -> None:
    """Triton calls a C compiler for a GPU; inductor calls a C++ compiler for a CPU."""
    if device == "cuda":
        language, variable, defaults = "C", "CC", ["gcc", "clang", "cc"]
    else:
        defaults = {"darwin": ["clang++"], "win32": ["cl"]}.get(sys.platform, ["g++"])
        language, variable = "C++", "CXX"
    names = [os.environ[variable]] if os.environ.get(variable) else defaults
    if not any(map(shutil.which, names)):
        raise BadInput(
            f"trainer.compile=true: there is no {language} compiler here ({', '.join(names)}); "
            f"install one, name yours in {variable}, or leave it out."
        )
