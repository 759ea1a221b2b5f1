"""trainer.compile: what is compiled, how often, and what is said without a compiler."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import Command
from kills import LEAVES, record
from torch import nn
from torch._dynamo.utils import counters

from srcnn_lightning import models
from srcnn_lightning.acceleration.compilation import compile_network
from srcnn_lightning.errors import BadInput
from srcnn_lightning.models import SRCNN

# Trains in this very process, twice, and tells how many graphs were compiled by then.
SCRIPT = """
import sys
from srcnn_lightning.__main__ import main
for more in [], ["optimizer.lr=0.01,0.02", "-m"]:
    sys.argv = ["srcnn_lightning", *{arguments!r}, *more]
    main()
    from torch._dynamo.utils import counters
    print("graphs:", counters["stats"]["unique_graphs"])
"""


def test_missing_compiler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(BadInput, match=r"trainer\.compile=true: .*no-such-compiler.*install"):
        compile_network(nn.Conv2d(3, 3, 1), "cpu")


# torch warns of itself when it is asked to compile.
@pytest.mark.filterwarnings("ignore:.*torch.jit.script_method")
def test_compiler_is_that_of_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(BadInput, match=r"there is no C compiler here \(no-such-compiler\)"):
        compile_network(nn.Conv2d(3, 3, 1), "cuda")
    if shutil.which("g++"):
        monkeypatch.delenv("CXX", raising=False)
        compile_network(nn.Conv2d(3, 3, 1), "cpu")  # which wants another one


@pytest.mark.filterwarnings("ignore:.*torch.jit.script_method")
def test_every_architecture_of_a_sweep_is_captured() -> None:
    torch.compiler.reset()
    before = counters["stats"]["unique_graphs"]  # of other tests in this process
    variants = [{}, {"output_activation": "tanh"}, {"batch_norm": True}, {"features": (8, 4)}]
    sizes = (2, 1, 4)
    for variant in variants:
        network = SRCNN(**{"features": (4, 3), "init": "default", **variant})
        compile_network(network, "cpu", backend="eager")
        for size in sizes:
            network(torch.rand(size, 3, 8, 8)).sum().backward()
            with torch.no_grad():
                network(torch.rand(size, 3, 8, 8))
    captured = counters["stats"]["unique_graphs"] - before
    torch.compiler.reset()
    assert captured == len(variants) * len(sizes) * 2


@pytest.mark.filterwarnings("ignore:.*torch.jit.script_method")
def test_supervised_outputs_are_captured() -> None:
    torch.compiler.reset()
    network = models.build("drcn", recursions=2, features=4)
    names = list(network.state_dict())
    images = torch.rand(2, 3, 8, 8)
    wanted = network.supervised_outputs(images)
    before = counters["stats"]["unique_graphs"]
    compile_network(network, "cpu", backend="eager")
    found = network.supervised_outputs(images)
    captured = counters["stats"]["unique_graphs"] - before
    torch.compiler.reset()
    assert captured == 1
    for (_, output), (_, one) in zip(found, wanted, strict=True):
        torch.testing.assert_close(output, one)
    assert list(network.state_dict()) == names


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs g++ here")
def test_sweep_compiles_an_architecture_once(command: Command, tmp_path: Path) -> None:
    arguments = [*LEAVES, "trainer.max_epochs=2", f"output_dir={tmp_path}/compiled"]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(arguments=[*arguments, "trainer.compile=true"])],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, second = (line for line in done.stdout.splitlines() if line.startswith("graphs: "))
    assert int(first.removeprefix("graphs: ")) > 0
    assert first == second
    assert command(*LEAVES, "trainer.max_epochs=2", "output_dir=eager").returncode == 0
    (eager,) = (record(path.parent) for path in (tmp_path / "eager").rglob("metrics.json"))
    (folder,) = (
        path.parent
        for path in (tmp_path / "compiled").rglob("metrics.json")
        if "lr=" not in path.parent.name
    )
    compiled = record(folder)
    assert compiled["hash"] != eager["hash"]  # the last bits differ
    assert compiled["metrics"]["test_psnr"] == pytest.approx(
        eager["metrics"]["test_psnr"], abs=0.01
    )
    checkpoint = torch.load(folder / "checkpoints/best.ckpt", weights_only=True)
    assert "network.layers.0.weight" in checkpoint["state_dict"]  # the names of an eager one's
