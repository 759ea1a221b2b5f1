"""The memory that a network takes for a whole picture, measured on a small one."""

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from srcnn_lightning.errors import BadInput
from srcnn_lightning.image_io import Picture
from srcnn_lightning.models.padding import upscale

if TYPE_CHECKING:
    from srcnn_lightning.inference.loading import LoadedNetwork

PROCESS = 0.45e9  # bytes of Python and torch before a picture is read
MOST = 1e9  # bytes, to which `MOST_FOR_OUTPUT` bytes are added for each pixel of the output
MOST_FOR_OUTPUT = 8
# torch's convolutions take memory of their own beside tensors.
SCRATCH = 1.25
SIDE = 64  # of the picture that is measured


class _LiveBytes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The most bytes that tensors made within it have held at a time."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live = self.most = 0
        self.known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                self._add(tensor.untyped_storage())
        return result

    def _add(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self.known:
            return
        self.known.add(key)
        self.live += storage.nbytes()
        self.most = max(self.most, self.live)
        weakref.finalize(storage, self._remove, key, storage.nbytes())

    def _remove(self, key: int, size: int) -> None:
        self.known.discard(key)
        self.live -= size


@torch.inference_mode()
def bytes_per_pixel(network: nn.Module) -> float:
    """The most memory that a network's tensors take, in bytes for a pixel of the input."""
    device = next((one.device for one in network.parameters()), torch.device("cpu"))
    images = torch.rand(1, 3, SIDE, SIDE, device=device)
    with _LiveBytes() as bytes_:
        upscale(network, images)
    # What another runtime takes is no tensor of torch.
    others = (one.peak_bytes(images) for one in network.modules() if hasattr(one, "peak_bytes"))  # type: ignore[operator]
    return float(SCRATCH * (bytes_.most + max(others, default=0)) / SIDE**2)


@contextmanager
def limited_memory(more: int) -> Iterator[None]:
    """Within it, this process can get so many bytes more; an allocation beyond them fails.

    It is for files of others, which may ask for any amount. Only Linux keeps to it.
    """
    status = Path("/proc/self/statm")
    if not status.exists():
        yield
        return
    import resource

    now = int(status.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = now + more if soft == resource.RLIM_INFINITY else min(now + more, soft)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def check_whole_picture(loaded: "LoadedNetwork", picture: Picture) -> None:
    """Refuse a picture that would take too much memory at once.

    Args:
        loaded: network, which is given the whole picture.
        picture: picture.

    Raises:
        BadInput: it would; the sentence ends without a full stop.
    """
    height, width = picture.pixels.shape[:2]
    scale = loaded.scale
    outputs = height * width * scale**2
    buffers = picture.pixels.nbytes * (1 + scale**2)
    needed = PROCESS + buffers + bytes_per_pixel(loaded.network) * height * width
    if needed > MOST + MOST_FOR_OUTPUT * outputs:
        raise BadInput(
            f"its {width}x{height} pixels taken at once need {needed / 1e9:.1f} GB of memory, and "
            f"{(MOST + MOST_FOR_OUTPUT * outputs) / 1e9:.1f} GB are the limit; give a smaller "
            "picture, or a network that takes tiles"
        )
