"""A DIV2K of twelve small images, and what a test does with it."""

import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

from zip_server import make_zip, png

from srcnn_lightning.data import div2k
from srcnn_lightning.data.zip_transfer import RetryPolicy

FOLDER = "DIV2K_valid_HR"
NUMBERS = range(801, 813)
QUICK = RetryPolicy(connect_timeout=2, read_timeout=0.5, waits=(0.01, 0.02, 0.04))
IMAGES = {f"{number:04d}.png": png(100, number) for number in NUMBERS}  # 30 kB each
ZIP = make_zip({f"{FOLDER}/{name}": content for name, content in IMAGES.items()})
CHOSEN = ["0803.png", "0807.png", "0811.png"]


def subset_of(content: bytes) -> div2k.Subset:
    return div2k.Subset(FOLDER, NUMBERS, hashlib.md5(content).hexdigest())


SUBSET = subset_of(ZIP)


def fetch(root, server, names=CHOSEN, subset=SUBSET, policy=QUICK):
    return div2k.fetch(root, server.url, subset, names, policy)


def assert_right(root, names=CHOSEN, *, images=IMAGES):
    """These images and no others are there, whole; nothing half written lies about."""
    found = {path.name: path.read_bytes() for path in (root / FOLDER).iterdir()}
    assert found == {name: images[name] for name in names}
    assert not temporary_files(root)


def temporary_files(root):
    """Files that are neither an image nor a zip nor the lock."""
    return [
        path
        for path in root.rglob("*")
        if path.is_file() and path.suffix not in (".png", ".zip") and path.name != ".lock"
    ]


def assert_nothing_half(root):
    assert not temporary_files(root)
    for path in root.rglob("*.png"):
        assert path.read_bytes() == IMAGES[path.name]


def spans(content: bytes) -> dict[str, tuple[int, int]]:
    """For each image the bytes of the zip it fills; without those that the directory's request
    brings along: the last 16 KiB."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        infos, directory = archive.infolist(), archive.start_dir
    ends = [*(info.header_offset for info in infos[1:]), directory]
    return {
        Path(info.filename).name: (info.header_offset, end)
        for info, end in zip(infos, ends, strict=True)
        if end < len(content) - (1 << 14)
    }


SPANS = spans(ZIP)


def in_child(root, url, names=CHOSEN, read_s=2, **options):
    """The same call in a process of its own, which can be killed or limited."""
    code = (
        "import signal\n"
        "import sys\n"
        "from pathlib import Path\n"
        "from srcnn_lightning.data import div2k\n"
        "from srcnn_lightning.data.zip_transfer import RetryPolicy\n"
        "from srcnn_lightning.errors import BadInput\n"
        # A shell's background jobs ignore Ctrl-C, and so would what the tests start as one.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"subset = div2k.Subset({FOLDER!r}, range({NUMBERS.start}, {NUMBERS.stop}),"
        f" {SUBSET.md5!r})\n"
        f"policy = RetryPolicy(2, {read_s}, (0.01, 0.02))\n"
        "try:\n"
        f"    div2k.fetch(Path({str(root)!r}), {url!r}, subset, {names!r}, policy)\n"
        "except BadInput as error:\n"
        "    sys.exit(str(error))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
