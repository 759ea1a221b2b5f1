"""Files as somebody writes them who wants a command to do what its user has not asked for."""

import os
from pathlib import Path

CANARY = "canary"  # a file in the folder of the command: it is there once something has run
TOUCH = f"touch {CANARY}"


class Reduced:
    """Unpickled, it runs a command."""

    def __reduce__(self):
        return os.system, (TOUCH,)


# A module beside the command whose import, and whose every call, leaves the canary; with `Net`, a
# network like any other.
NETWORKS = f"""
import os, pathlib, torch
from torch.nn import Linear
from neighbour import Neighbour

class Net(torch.nn.Upsample):
    def __init__(self, scale=2):
        super().__init__(scale_factor=scale)

class NoNetwork:
    def __init__(self, **settings):
        pathlib.Path("{CANARY}").touch()

class Halved(torch.nn.Module):
    def forward(self, images):
        return images[..., ::2, ::2]

class Grey(torch.nn.Module):
    def forward(self, images):
        return images[:, :1]

class Pair(torch.nn.Module):
    def forward(self, images):
        return images, images

class Exits(torch.nn.Module):
    def __init__(self):
        raise SystemExit(7)

def make(**settings):
    pathlib.Path("{CANARY}").touch()
    return Net()
"""
NEIGHBOUR = """
import torch

class Neighbour(torch.nn.Upsample):
    def __init__(self, scale=2):
        super().__init__(scale_factor=scale)
"""


def write_modules(folder: Path) -> None:
    """`mine.py`, which its user trusts, its `neighbour.py`, and `planted.py`, which nobody does."""
    (folder / "mine.py").write_text(NETWORKS)
    (folder / "neighbour.py").write_text(NEIGHBOUR)
    (folder / "planted.py").write_text(f"open('{CANARY}', 'w').close()\n{NEIGHBOUR}")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
