"""`torch.compile` for a run's network, where a compiler is found."""

import os
import shutil
import sys

from torch import nn

from srcnn_lightning.errors import BadInput

# torch compiles a function for so many networks and shapes at most, then silently does without: an
# ablation has four architectures, each with batches to train, to validate and for pictures.
RECOMPILATIONS = 256


def compile_network(network: nn.Module, device: str, backend: str = "inductor") -> None:
    """Let a network compile itself when it first computes a batch; its weights keep their names.

    Each shape of a batch is compiled once in a process: a sweep's later jobs find what an earlier
    one has compiled for the same architecture.

    Args:
        network: to be compiled.
        device: `cpu`, `cuda` or `mps`.
        backend: of torch.compile; `eager` captures and compiles nothing, and needs no compiler.

    Raises:
        BadInput: without the compiler that the backend would call.
    """
    if backend == "inductor":
        _check_compiler(device)

    import torch._dynamo

    torch._dynamo.config.recompile_limit = RECOMPILATIONS
    network.compile(dynamic=False, backend=backend)  # one code for all shapes is slower


def _check_compiler(device: str) -> None:
    """For a GPU Triton calls a C compiler, for a CPU inductor a C++ compiler."""
    if device == "cuda":
        language, variable, usual = "C", "CC", ["gcc", "clang", "cc"]
    else:
        usual = {"darwin": ["clang++"], "win32": ["cl"]}.get(sys.platform, ["g++"])
        language, variable = "C++", "CXX"
    names = [os.environ[variable]] if os.environ.get(variable) else usual
    if not any(map(shutil.which, names)):
        raise BadInput(
            f"trainer.compile=true: there is no {language} compiler here ({', '.join(names)}); "
            f"install one, name yours in {variable}, or leave it out."
        )
