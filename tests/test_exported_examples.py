"""The examples of docs/using.md that run an exported file, without torch."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Command
from documents import ROOT
from PIL import Image

from srcnn_lightning.models.checkpoint import load_network

BLOCKS = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "docs/using.md").read_text(), re.MULTILINE | re.DOTALL
)
EXAMPLES = {
    name: [one for one in BLOCKS if f"import {name}" in one] for name in ("onnxruntime", "cv2")
}


@pytest.mark.parametrize("runtime", EXAMPLES)
def test_example_makes_the_picture_that_the_network_makes(
    runtime: str, command: Command, trained: Path, tmp_path: Path
) -> None:
    (example,) = EXAMPLES[runtime]
    assert len(example.splitlines()) <= 10
    pixels = np.random.default_rng(0).integers(0, 256, (31, 47, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.jpg", quality=95)
    given = (f"--model={trained}", "--format=onnx", "--output=network.onnx")
    assert command(*given, verb="export").returncode == 0
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.modules['torch'] = None\n{example}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    network = load_network(trained / "checkpoints/best.ckpt")[0].eval()
    photo = torch.from_numpy(np.asarray(Image.open(tmp_path / "photo.jpg")).copy())
    with torch.inference_mode():
        output = network(photo.permute(2, 0, 1)[None] / 255).clamp(0, 1)
    wanted = (255 * output[0]).round().byte().permute(1, 2, 0).numpy().astype(int)
    found = np.asarray(Image.open(tmp_path / "photo_x2.png")).astype(int)
    # Decoders of JPEG may differ by a level, which an image of noise magnifies.
    assert np.abs(found - wanted).max() <= (1 if runtime == "onnxruntime" else 3)
