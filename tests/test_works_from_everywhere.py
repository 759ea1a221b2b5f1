"""A wheel in a clean environment, and the demo: minutes rather than seconds."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
FILES_OF_SOURCE = {"LICENSE", "PKG-INFO", "README.md", "pyproject.toml", ".gitignore"}
TINY = ("data=dead_leaves", "data.count=10", "data.crop=64", "data.target_size=32")


def run(*command: str, cwd: Path, timeout: int = 600) -> subprocess.CompletedProcess[str]:
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        command,
        cwd=cwd,
        env=variables,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.mark.slow
def test_wheel_works_in_a_clean_environment(tmp_path: Path) -> None:
    python = str(tmp_path / "venv/bin/python")
    steps = (
        # The wheel is built from the source distribution.
        (sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path)),
        (sys.executable, "-m", "venv", str(tmp_path / "venv")),
        (python, "-m", "pip", "install", "--quiet", "-r", str(ROOT / "requirements.lock")),
    )
    for step in steps:
        result = run(*step, cwd=ROOT)
        assert result.returncode == 0, result.stderr
    (wheel,) = tmp_path.glob("*.whl")
    (source,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(source) as files:
        found = {name.split("/")[1] for name in files.getnames()}
    assert found == {"conf", "srcnn_lightning", *FILES_OF_SOURCE}
    with zipfile.ZipFile(wheel) as files:
        found = {name.split("/")[0] for name in files.namelist()}
        assert "srcnn_lightning/weights/srcnn-x2.safetensors" in files.namelist()
        assert "srcnn_lightning/conf/config.yaml" in files.namelist()
    assert found == {"srcnn_lightning", source.name.removesuffix(".tar.gz") + ".dist-info"}
    assert max(path.stat().st_size for path in (wheel, source)) < 3e6
    # Resolved, not forced: the wheel's own requirements must agree with the lock.
    result = run(python, "-m", "pip", "install", "--quiet", str(wheel), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    work = tmp_path / "work"
    work.mkdir()
    script = str(tmp_path / "venv/bin/srcnn-lightning")
    Image.new("RGB", (40, 30), "red").save(work / "photo.png")
    result = run(script, "upscale", "photo.png", cwd=work)  # by the weights in the wheel
    assert result.returncode == 0, result.stderr
    with Image.open(work / "photo_x2.png") as picture:
        assert picture.size == (80, 60)
    code = "import srcnn_lightning as sr; print([card['scale'] for card in sr.list_models()])"
    assert run(python, "-c", code, cwd=work).stdout == "[2, 3, 4, 2]\n"
    sweep = ("-m", "+experiment=lr_grid", "data=dead_leaves", "trainer.max_epochs=1")
    result = run(script, *sweep, cwd=work)
    assert result.returncode == 0, result.stderr
    names = {path.parent.name for path in (work / "outputs/lr_grid").rglob("metrics.json")}
    assert names == {"lr=0.1", "lr=0.01", "lr=0.001", "lr=0.0001", "lr=1e-05"}
    table = run(python, "-m", "srcnn_lightning", "table", cwd=work)
    assert "lr=0.001" in table.stdout, table.stderr
    report = run(python, "-m", "srcnn_lightning", "report", cwd=work)
    assert report.returncode == 0, report.stderr
    assert "lr=0.001" in (work / "report/index.html").read_text()


@pytest.mark.slow
def test_config_dir_brings_a_network_of_ones_own(tmp_path: Path) -> None:
    """`--config-dir` with a model file, from another directory, in the installed environment."""
    (tmp_path / "my_conf/model").mkdir(parents=True)
    (tmp_path / "my_conf/model/upsample.yaml").write_text(
        "_target_: torch.nn.Upsample\nname: upsample\nscale_factor: 2\nmode: bilinear\n"
    )
    arguments = ("--config-dir", "my_conf", "model=upsample", *TINY)
    result = run(sys.executable, "-m", "srcnn_lightning", *arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    (path,) = (tmp_path / "outputs").rglob("metrics.json")
    assert json.loads(path.read_text())["config"]["model"]["mode"] == "bilinear"


@pytest.mark.slow
def test_demo_is_above_bicubic(tmp_path: Path) -> None:
    """`make demo` in a fresh clone exits 0, which asserts the gain of the identity start."""
    clone = run("git", "clone", "--quiet", str(ROOT), str(tmp_path / "clone"), cwd=tmp_path)
    assert clone.returncode == 0, clone.stderr
    # The environment of this run serves the clone, whose own set-up is CI's first step.
    (tmp_path / "clone/.venv").symlink_to(Path(sys.prefix))
    (tmp_path / "clone/ready").touch()  # newer than the lock file: nothing is installed
    demo = run("make", "demo", "READY=ready", cwd=tmp_path / "clone", timeout=900)
    assert demo.returncode == 0, demo.stdout[-2000:] + demo.stderr[-2000:]
    assert "SRCNN, identity start (ours)" in demo.stdout
