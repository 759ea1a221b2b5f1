"""A checkpoint decides on no code that runs, whichever command reads it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commands import run
from conftest import Command
from hostile import CANARY, TOUCH, Reduced, write_modules
from kills import LEAVES, TOLD_APART, assert_same_runs, record
from PIL import Image

from srcnn_lightning.errors import BadInput
from srcnn_lightning.training.task import SuperResolution

ENLARGE = "upscale"
RUN = Path("outputs/single/dead_leaves-antialiased-x2/srcnn")
TWO = (*LEAVES, "trainer.max_epochs=2")
Content = dict[str, Any]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose `outputs` hold a run of two epochs."""
    folder = tmp_path_factory.mktemp("trained")
    assert run(folder, *TWO).returncode == 0
    return folder


@pytest.fixture
def folder(tmp_path: Path, trained: Path) -> Path:
    """Of the command: outputs, an image, and modules that python would find."""
    shutil.copytree(trained / "outputs", tmp_path / "outputs")
    pixels = np.random.default_rng(0).integers(0, 256, (12, 14, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    write_modules(tmp_path)
    return tmp_path


def change(path: Path, changed: Callable[[Content], Any]) -> None:
    content = torch.load(path, weights_only=True)
    changed(content)
    torch.save(content, path)


def name_network(folder: Path, target: object, **arguments: object) -> None:
    """In `foreign.ckpt`: a checkpoint without weights, which would fit to anything."""
    settings = {"_target_": target, **arguments}
    scale = arguments.get("scale", 2)
    content = {"hyper_parameters": {"network": settings, "scale": scale}, "state_dict": {}}
    torch.save(content, folder / "foreign.ckpt")


def assert_refused(result: Any, folder: Path, *words: str) -> None:
    assert result.returncode == 2, result.stdout + result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert all(word in result.stderr for word in words), result.stderr
    assert not (folder / CANARY).exists()
    assert not list(folder.glob("image_x*"))


@pytest.mark.parametrize(
    ("target", "arguments"),
    [
        ("os.system", {"command": TOUCH}),
        ("subprocess.call", {"args": ["touch", CANARY]}),
        ("builtins.open", {"file": CANARY, "mode": "w"}),
        # By attributes of this package's modules to those that they import.
        ("srcnn_lightning.training.checkpoints.os.system", {"command": TOUCH}),
        ("srcnn_lightning.models.checkpoint.torch.os.system", {"command": TOUCH}),
        ("srcnn_lightning.data.targets.Path.touch", {"self": CANARY}),
        # Networks, but none of this package's: importing the one leaves the canary.
        ("planted.Neighbour", {}),
        ("torch.nn.Upsample", {"scale_factor": 2}),
        ("mine.Net", {}),
    ],
)
def test_network_of_no_allowed_package_is_refused(
    target: str, arguments: dict, command: Command, folder: Path
) -> None:
    name_network(folder, target, **arguments)
    done = command("image.png", "--model=foreign.ckpt", verb=ENLARGE)
    package = target.partition(".")[0]
    assert_refused(done, folder, target, f"--allow-package {package} ")


@pytest.mark.parametrize(
    "target", ["", "os", "mine:Net", ".system", "a b.C", "mine.\nNet", 3, None]
)
def test_what_names_no_class_is_refused(target: object, command: Command, folder: Path) -> None:
    name_network(folder, target)
    done = command("image.png", "--model=foreign.ckpt", "--allow-package=os", verb=ENLARGE)
    assert_refused(done, folder, repr(str(target)), "no class's name")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("mine.os.system", ("mine.os.system", "cannot be imported")),
        ("mine.pathlib.Path.touch", ("mine.pathlib.Path.touch", "cannot be imported")),
        ("mine.Nothing", ("mine.Nothing", "cannot be imported")),
        # Classes that the package has from others.
        ("mine.Linear", ("no torch.nn.Module of the package mine",)),
        ("mine.Neighbour", ("no torch.nn.Module of the package mine",)),
        # Its own, but no networks: neither is called.
        ("mine.NoNetwork", ("no torch.nn.Module of the package mine",)),
        ("mine.make", ("no torch.nn.Module of the package mine",)),
        ("minerals.Net", ("--allow-package minerals ",)),
        ("planted.Neighbour", ("--allow-package planted ",)),
        ("os.system", ("--allow-package os ",)),
    ],
)
def test_an_allowed_package_brings_its_networks_alone(
    target: str, words: tuple[str, ...], command: Command, folder: Path
) -> None:
    name_network(folder, target, command=TOUCH)
    done = command("image.png", "--model=foreign.ckpt", "--allow-package", "mine", verb=ENLARGE)
    assert_refused(done, folder, *words)


def test_network_of_an_allowed_package_upscales(command: Command, folder: Path) -> None:
    name_network(folder, "mine.Net", scale=3)
    arguments = (
        "image.png",
        "--model=foreign.ckpt",
        "--allow-package=other",
        "--allow-package=mine",
    )
    done = command(*arguments, "--tile=0", verb=ENLARGE)
    assert (done.returncode, done.stderr) == (0, "")
    found = np.asarray(Image.open(folder / "image_x3.png"))
    image = np.asarray(Image.open(folder / "image.png"))
    assert np.array_equal(found, image.repeat(3, 0).repeat(3, 1))


@pytest.mark.parametrize("name", ["__main__", "__main__.below", "exits"])
def test_module_that_ends_the_process_is_a_sentence(
    name: str, command: Command, folder: Path
) -> None:
    package = folder / "commanded"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(f"open('{CANARY}', 'w').close()\nraise SystemExit(7)\n")
    (package / "exits.py").write_text("raise SystemExit(7)\n")
    target = f"commanded.{name}.Net"
    name_network(folder, target)
    done = command("image.png", "--model=foreign.ckpt", "--allow-package=commanded", verb=ENLARGE)
    words = "(SystemExit: 7)" if name == "exits" else "a module __main__ is a command"
    assert_refused(done, folder, f"foreign.ckpt: {target}: the file names", words)


@pytest.mark.parametrize(
    ("target", "arguments", "words"),
    [
        (
            "srcnn_lightning.models.SRCNN",
            {"batch_norm": True},
            ("it cannot be built (model.init=identity: with batch norm",),
        ),
        (
            "srcnn_lightning.models.SRCNN",
            {"depth": 20},
            ("its arguments do not fit", "unexpected keyword argument 'depth'"),
        ),
        ("mine.Net", {"width": 8}, ("its arguments do not fit", "argument 'width'")),
        ("mine.Exits", {}, ("it cannot be built (7)",)),
        ("srcnn_lightning.models.SRCNN", {}, ("its weights do not fit", "Missing key(s)")),
    ],
)
def test_sentence_names_the_file_and_what_does_not_fit(
    target: str, arguments: Content, words: tuple[str, ...], command: Command, folder: Path
) -> None:
    name_network(folder, target, **arguments)
    done = command("image.png", "--model=foreign.ckpt", "--allow-package=mine", verb=ENLARGE)
    # Earlier versions named a registered network by its class.
    name = "srcnn" if target.endswith("SRCNN") else target
    assert_refused(done, folder, name, *words)
    assert done.stderr.startswith("foreign.ckpt: ")
    assert len(done.stderr) < 500
    assert "damaged" not in done.stderr


@pytest.mark.parametrize("tile", ["0", "5"])
@pytest.mark.parametrize(
    ("name", "made"),
    [("Halved", "1x3x6x7"), ("Grey", "1x1x12x14"), ("Pair", "no image")],
)
def test_network_that_does_not_upscale_is_refused(
    name: str, made: str, tile: str, command: Command, folder: Path
) -> None:
    name_network(folder, f"mine.{name}")
    arguments = ("image.png", "--model=foreign.ckpt", "--allow-package=mine", f"--tile={tile}")
    done = command(*arguments, verb=ENLARGE)
    assert_refused(done, folder, f"foreign.ckpt: the network makes {made} of 1x3x12x14 values")


def test_network_of_another_scale_than_its_file_says_is_refused(
    command: Command, folder: Path
) -> None:
    name_network(folder, "mine.Net", scale=3)
    change(folder / "foreign.ckpt", lambda content: content["hyper_parameters"].update(scale=2))
    done = command("image.png", "--model=foreign.ckpt", "--allow-package=mine", verb=ENLARGE)
    assert_refused(done, folder, "foreign.ckpt: the network upscales by 3, and its file says 2")


def test_run_with_a_network_of_ones_own_tests_itself_without_a_word(
    command: Command, folder: Path
) -> None:
    own = (*LEAVES, "model=custom", "model._target_=neighbour.Neighbour", "logger=none")
    assert command(*own).returncode == 0


@pytest.mark.parametrize(
    "planted",
    [
        {"optimizer": {"_target_": "os.system", "command": TOUCH}},
        {"_instantiator": "planted.Neighbour", "logger": {"_target_": "planted.Neighbour"}},
    ],
)
def test_nothing_but_the_network_comes_from_a_checkpoint(
    planted: Content, command: Command, folder: Path, trained: Path
) -> None:
    checkpoints = folder / RUN / "checkpoints"
    for path in checkpoints.iterdir():
        change(path, lambda content: content["hyper_parameters"].update(planted))
    assert command("image.png", f"--model={RUN}", verb=ENLARGE).returncode == 0
    task = SuperResolution.load_from_checkpoint(checkpoints / "best.ckpt")
    assert set(task.hparams) == {"network", "scale"}
    with pytest.raises(BadInput, match=r"^optimizer=null: give"):
        task.configure_optimizers()
    # Checkpoints of earlier versions held an optimizer: they are gone on from, bit for bit.
    longer = command(*LEAVES, "trainer.max_epochs=4")
    assert "goes on after epoch 2" in longer.stdout
    assert not (folder / CANARY).exists()
    saved = torch.load(checkpoints / "last.ckpt", weights_only=True)["hyper_parameters"]
    assert set(saved) == {"network", "scale"}
    assert command(*LEAVES, "trainer.max_epochs=4", "output_dir=whole").returncode == 0
    assert_same_runs(folder / "whole", folder / "outputs")


@pytest.mark.parametrize("command_line", ["upscale", "init_from"])
@pytest.mark.parametrize("place", ["beside", "hyper_parameters", "state_dict"])
def test_pickled_object_is_refused(
    command_line: str, place: str, command: Command, folder: Path
) -> None:
    path = folder / RUN / "checkpoints/best.ckpt"
    change(path, lambda content: content.setdefault(place, {}).update(evil=Reduced()))
    if command_line == "upscale":
        done = command("image.png", f"--model={RUN}", verb=ENLARGE)
    else:
        done = command(*LEAVES, f"init_from={RUN}", "model.init=default")
    assert_refused(done, folder, "best.ckpt: it is no checkpoint", "damaged")


@pytest.mark.parametrize("names", [["last"], ["last", "previous"]])
def test_pickled_object_is_never_gone_on_from(
    names: list[str], command: Command, folder: Path, trained: Path
) -> None:
    (folder / RUN / "metrics.json").unlink()
    checkpoints = folder / RUN / "checkpoints"
    shutil.copy(checkpoints / "last.ckpt", checkpoints / "previous.ckpt")
    for name in names:
        change(checkpoints / f"{name}.ckpt", lambda content: content.update(evil=Reduced()))
    done = command(*TWO)
    assert done.returncode == 0, done.stderr
    for name in names:
        assert f"{name}.ckpt: damaged" in done.stdout
    assert ("goes on after epoch 2" in done.stdout) == ("previous" not in names)
    assert not (folder / CANARY).exists()
    whole, found = (record(root / RUN) for root in (trained, folder))
    assert [found[key] for key in TOLD_APART] == [whole[key] for key in TOLD_APART]


def test_pickled_object_is_not_tested(command: Command, folder: Path) -> None:
    (folder / RUN / "metrics.json").unlink()
    checkpoints = folder / RUN / "checkpoints"

    def make_first_best(content: Content) -> None:
        content["callbacks"]["History"]["epochs"][0]["val_psnr"] = 99.0

    change(checkpoints / "last.ckpt", make_first_best)
    change(checkpoints / "best.ckpt", lambda content: content.update(evil=Reduced()))
    done = command(*TWO)
    assert_refused(done, folder, "best.ckpt", "rerun=true")
    again = command(*TWO, "rerun=true")
    assert again.returncode == 0, again.stderr
    assert record(folder / RUN)["status"] == "finished"
    assert not (folder / CANARY).exists()


def test_typed_class_that_is_no_network_is_not_called(command: Command, folder: Path) -> None:
    done = command(*LEAVES, "model=custom", "model._target_=mine.NoNetwork")
    assert_refused(done, folder, "model._target_=mine.NoNetwork", "torch.nn.Module")
