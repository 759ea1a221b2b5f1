"""Tab completion in bash, as docs/configuration.md installs it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(sys.executable).parent  # of the installed script
COMPLETE = """
eval "$(srcnn-lightning -sc install=bash)"
COMP_LINE="srcnn-lightning $1" COMP_WORDS=(srcnn-lightning "$1") COMP_CWORD=1
COMP_POINT=${#COMP_LINE}
hydra_bash_completion
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("model=b", ["model=bicubic", "model=bilinear"]),
        ("trainer.max", ["trainer.max_epochs="]),
        ("+experiment=lr", ["+experiment=lr_grid"]),
    ],
)
def test_tab_completes_groups_options_and_settings(typed, wanted, tmp_path):
    done = subprocess.run(
        ["bash", "-c", COMPLETE, "bash", typed],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{FOLDER}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == wanted, done.stderr
