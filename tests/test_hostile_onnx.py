"""ONNX files that are broken, or that somebody wrote who wants more than an image upscaled."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import Command
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from upscale_folders import contents, write_image

SIDES = ["batch", 3, "height", "width"]
SECRET = np.arange(4, dtype=np.float32)


def model(
    nodes: list[onnx.NodeProto],
    weights: list[onnx.TensorProto] | None = None,
    sides: list[str | int] | None = None,
    kind: int = TensorProto.FLOAT,
    **metadata: str,
) -> onnx.ModelProto:
    """A file whose nodes lead from `image` to `upscaled`."""
    given = helper.make_tensor_value_info("image", kind, sides or SIDES)
    made = helper.make_tensor_value_info("upscaled", kind, ["batch", "channels", "h", "w"])
    graph = helper.make_graph(nodes, "network", [given], [made], weights or [])
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("mine", 1)]
    found = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    helper.set_model_props(found, metadata)
    return found


def factors(*values: float) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, np.float32), "factors")


def resized(*by: float, **other: object) -> onnx.ModelProto:
    node = helper.make_node("Resize", ["image", "", "factors"], ["upscaled"], mode="nearest")
    return model([node], [factors(*by)], **other)  # type: ignore[arg-type]


def external(location: str) -> onnx.ModelProto:
    """A network whose weights are those of another file."""
    found = resized(*SECRET)
    weight = found.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(SECRET.nbytes))):
        weight.external_data.add(key=key, value=value)
    return found


def hidden_external() -> onnx.ModelProto:
    """The same in the attribute of a node, within a branch."""
    weight = external("secret").graph.initializer[0]
    constant = helper.make_node("Constant", [], ["value"], value=weight)
    value = helper.make_tensor_value_info("value", TensorProto.FLOAT, [4])
    branch = helper.make_graph([constant], "branch", [], [value])
    yes = numpy_helper.from_array(np.array(True), "yes")
    nodes = [
        helper.make_node("If", ["yes"], ["factors"], then_branch=branch, else_branch=branch),
        helper.make_node("Resize", ["image", "", "factors"], ["upscaled"], mode="nearest"),
    ]
    return model(nodes, [yes])


def huge(elements: int) -> onnx.ModelProto:
    """A file of a few bytes whose network makes a constant of any size."""
    shape = numpy_helper.from_array(np.array([elements], np.int64), "shape")
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["constant"]),
        helper.make_node("ReduceSum", ["constant"], ["sum"], keepdims=0),
        helper.make_node("Add", ["image", "sum"], ["upscaled"]),
    ]
    return model(nodes, [shape])


def lying_size() -> onnx.ModelProto:
    """A weight that says it has a terabyte, and has four bytes."""
    found = resized(1, 1, 2, 2)
    found.graph.initializer[0].dims[:] = [2**38]
    return found


def two_inputs() -> onnx.ModelProto:
    found = resized(1, 1, 2, 2)
    found.graph.input.add().CopyFrom(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))
    return found


MODELS: dict[str, tuple[Callable[[], onnx.ModelProto], str]] = {
    "external": (lambda: external("secret"), "its weights lie in other files, which are not read"),
    "outside": (lambda: external("../secret"), "its weights lie in other files"),
    "absolute": (lambda: external("/etc/passwd"), "its weights lie in other files"),
    "in a branch": (hidden_external, "its weights lie in other files"),
    "custom": (
        lambda: model([helper.make_node("Run", ["image"], ["upscaled"], domain="mine")]),
        "ONNX Runtime cannot use it (",
    ),
    "unknown": (
        lambda: model([helper.make_node("Run", ["image"], ["upscaled"])]),
        "ONNX Runtime cannot use it (",
    ),
    "huge": (lambda: huge(2**34), "ONNX Runtime cannot run it on an image of 48x64 pixels ("),
    "lying size": (lying_size, "ONNX Runtime cannot use it ("),
    "two inputs": (two_inputs, "its input is image tensor(float) "),
    "float64": (
        lambda: model([helper.make_node("Relu", ["image"], ["upscaled"])], kind=TensorProto.DOUBLE),
        "its input is image tensor(double) ",
    ),
    "one size": (
        lambda: resized(1, 1, 2, 2, sides=[1, 3, 24, 24]),
        "its input is image tensor(float) [1, 3, 24, 24]; it must be one, (batch, 3, height, ",
    ),
    "grey": (lambda: resized(1, 1, 2, 2, sides=["b", 1, "h", "w"]), "its input is image tensor"),
    "flat": (lambda: resized(1, 2, sides=[3, "w"]), "its input is image tensor(float) [3, 'w']"),
    "halves": (lambda: resized(1, 1, 0.5, 0.5), "it makes 1 x 3 x 32 x 24 values of 1 x 3 x 64"),
    "uneven": (lambda: resized(1, 1, 2, 3), "it makes 1 x 3 x 128 x 144 values of 1 x 3 x 64"),
    "more channels": (lambda: resized(1, 2, 2, 2), "its output is upscaled tensor(float) ["),
    "other scale": (
        lambda: resized(1, 1, 2, 2, scale="3"),
        "its metadata say scale=3, and it upscales by 2",
    ),
    "radius": (
        lambda: resized(1, 1, 2, 2, receptive_radius="-1"),
        "its metadata have receptive_radius=-1; it must be a whole number from 0 to 65536.",
    ),
    "multiple": (
        lambda: resized(1, 1, 2, 2, multiple_of="[" * 10**5),
        "its metadata have multiple_of=[[[",
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_hostile_file_is_one_sentence(name: str, command: Command, tmp_path: Path) -> None:
    make, words = MODELS[name]
    work = tmp_path / "work"
    work.mkdir()
    write_image(work)
    for folder in (tmp_path, work):  # which would be read, and make the network one that runs
        (folder / "secret").write_bytes(np.array([1, 1, 2, 2], np.float32).tobytes())
    (work / "a.onnx").write_bytes(make().SerializeToString())
    before, started = contents(work), time.monotonic()
    done = command("work/image.png", "--model=work/a.onnx", verb="upscale")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"work/a.onnx: {words}"), done.stderr
    assert len(done.stderr.splitlines()) == 1 and len(done.stderr) < 800
    assert contents(work) == before and len([*tmp_path.iterdir()]) == 2
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\x89PNG", b"\x08\x0a" * 50])
def test_file_that_is_none_is_one_sentence(
    content: bytes, command: Command, tmp_path: Path
) -> None:
    write_image(tmp_path)
    (tmp_path / "a.onnx").write_bytes(content)
    done = command("image.png", "--model=a.onnx", verb="upscale")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("a.onnx: it is no ONNX file, or a damaged one; give a file that")
    assert len(done.stderr.splitlines()) == 1


def test_cut_file_is_one_sentence(command: Command, tmp_path: Path) -> None:
    write_image(tmp_path)
    content = resized(1, 1, 2, 2).SerializeToString()
    (tmp_path / "a.onnx").write_bytes(content[: len(content) // 2])
    done = command("image.png", "--model=a.onnx", verb="upscale")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("a.onnx: ") and len(done.stderr.splitlines()) == 1


def test_file_of_another_program_takes_the_picture_whole(command: Command, tmp_path: Path) -> None:
    """Without metadata the scale is found, and no tile is cut."""
    image = write_image(tmp_path)
    (tmp_path / "a.onnx").write_bytes(resized(1, 1, 3, 3).SerializeToString())
    done = command("image.png", "--model=a.onnx", "--tile=16", verb="upscale")
    assert (done.returncode, done.stderr) == (0, "")
    assert "a.onnx: tiles would change its result, so it takes pictures as a whole." in done.stdout
    found, given = np.asarray(Image.open(tmp_path / "image_x3.png")), np.asarray(Image.open(image))
    assert np.array_equal(found[1::3, 1::3], given)


def test_picture_that_a_file_would_take_too_much_memory_for_is_refused(
    command: Command, tmp_path: Path
) -> None:
    """The results of 1,000 channels take 4 kB for a pixel, whichever program holds them."""
    Image.new("RGB", (3000, 2000)).save(tmp_path / "image.png")
    many = numpy_helper.from_array(np.zeros((1000, 3, 1, 1), np.float32), "many")
    few = numpy_helper.from_array(np.zeros((3, 1000, 1, 1), np.float32), "few")
    nodes = [
        helper.make_node("Conv", ["image", "many"], ["features"]),
        helper.make_node("Conv", ["features", "few"], ["upscaled"]),
    ]
    (tmp_path / "a.onnx").write_bytes(model(nodes, [many, few]).SerializeToString())
    done = command("image.png", "--model=a.onnx", verb="upscale")
    assert done.returncode == 2
    assert done.stderr.startswith("image.png: a.onnx: its 3000x2000 pixels taken at once need 3")
    assert "GB of memory" in done.stderr
    radius = model(nodes, [many, few], receptive_radius="0").SerializeToString()
    (tmp_path / "a.onnx").write_bytes(radius)
    Image.new("RGB", (500, 400)).save(tmp_path / "small.png")
    assert command("small.png", "--model=a.onnx", verb="upscale").returncode == 0
