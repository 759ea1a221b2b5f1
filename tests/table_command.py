"""The verb `table` as a user gives it, and an ablation to show."""

import subprocess
import sys
from pathlib import Path

from run_records import make_content, write_records

ROWS = ["base", "l2_1e-3", "tanh", "batch_norm", "bicubic", "bilinear", "nearest", "identity"]


def table(*arguments, cwd, stdout=subprocess.PIPE):
    """The command as a user gives it."""
    command = [sys.executable, "-m", "srcnn_lightning", "table", *map(str, arguments)]
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, cwd=cwd, check=False
    )


def one_sentence(text):
    return text.endswith("\n") and text.count("\n") == 1 and "Traceback" not in text


def ablation(folder: Path) -> Path:
    """An ablation whose base is above bicubic and whose tanh is below."""
    psnr = dict.fromkeys(ROWS, 26.0) | {"base": 27.25, "tanh": 25.5, "identity": 26.0}
    write_records(folder, [make_content(name, test_psnr=value) for name, value in psnr.items()])
    return folder
