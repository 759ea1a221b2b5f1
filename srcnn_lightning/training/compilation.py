"""`torch.compile` for a run's network, where a compiler is found."""

import os
import shutil

from torch import nn

from srcnn_lightning.errors import BadInput

COMPILERS = ["g++", "clang++", "cl"]


def compile_network(network: nn.Module) -> None:
    """Let a network compile itself when it first computes a batch; its weights keep their names.

    Each shape of a batch is compiled once in a process: a sweep's later jobs find what an earlier
    one has compiled for the same architecture.

    Raises:
        BadInput: without a compiler.
    """
    wanted = [os.environ["CXX"]] if os.environ.get("CXX") else COMPILERS
    if not any(map(shutil.which, wanted)):
        raise BadInput(
            f"trainer.compile=true: there is no C++ compiler here ({', '.join(wanted)}); install "
            "one or leave it out."
        )
    network.compile(dynamic=False)  # one code for all shapes is slower than one for each
