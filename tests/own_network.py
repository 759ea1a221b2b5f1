"""A network of one's own, as a user writes it: `mine.py` in the folder of the command."""

from pathlib import Path

# Fails in the job of a sweep that asks for +model.width=13.
FAILS = (
    "class Net(torch.nn.Upsample):\n"
    "    def __init__(self, width=8, scale=2):\n"
    "        super().__init__(scale_factor=scale)\n"
    "        if width == 13: raise RuntimeError('thirteen')\n"
)


def write_network(folder: Path, source: str) -> tuple[str, ...]:
    """Write `mine.py`, the source below `import torch`.

    Returns:
        The settings that choose its `Net`.
    """
    (folder / "mine.py").write_text(f"import torch\n{source}")
    return ("model=custom", "model._target_=mine.Net")
