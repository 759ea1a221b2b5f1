"""Draw the figures of docs/images/ that need no photographs from docs/records/.

`make documents` does so after it has written the tables.
"""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parent
IMAGES = DOCS / "images"


def save(png: bytes, name: str, quality: int = 82) -> None:
    """As `docs/images/NAME.webp`, which keeps this repository small."""
    IMAGES.mkdir(exist_ok=True)
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").save(IMAGES / f"{name}.webp", "WEBP", quality=quality, method=6)


def make_report(outputs: Path, report: Path) -> None:
    """The report of a folder of runs; ends this program where the command fails."""
    command = [sys.executable, "-m", "srcnn_lightning", "report", str(outputs)]
    made = subprocess.run([*command, "--output", str(report)], check=False)
    if made.returncode:
        sys.exit(made.returncode)  # the command has said why


def copy_figures(report: Path) -> None:
    """Of each section, under its name."""
    for path in sorted((report / "figures").rglob("*.png")):
        save(path.read_bytes(), f"{path.parent.name}_{path.stem}")


def main() -> None:
    """Draw them."""
    with tempfile.TemporaryDirectory() as folder:
        make_report(DOCS / "records", Path(folder) / "report")
        copy_figures(Path(folder) / "report")


if __name__ == "__main__":
    main()
