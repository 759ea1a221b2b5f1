"""A network of an ONNX file, run by ONNX Runtime. The file is data: it reaches no other file."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from srcnn_lightning.errors import BadInput, one_line
from srcnn_lightning.inference.memory import limited_memory
from srcnn_lightning.resize import RGB

MOST_BYTES = 2**31 - 1  # of a file that holds its weights: protobuf's own limit
MOST_MEMORY = 2 * 10**9  # bytes to prepare a network and run it on a small image
MOST_RADIUS = 2**16  # input pixels
MOST_MULTIPLE = 1024
MOST_SCALE = 16
PROBE = (64, 48)  # sides of the image that shows the scale: most networks take multiples of 16
MOST_REASON = 200
ADVICE = "give a file that `export --format onnx` has written, or one of its form"
FORM = f"(batch, {RGB}, height, width) of float32, with a height and a width of any size"


class OnnxNetwork(nn.Module):
    """A network that ONNX Runtime runs on the CPU, with as many threads as torch.

    Attributes:
        scale: factor between the sides of output and input.
        receptive_radius: input pixels as far as which an output pixel depends on the input; None
            where the file does not say so, or for the whole image.
        multiple_of: number that tiles of an image begin at multiples of.
    """

    def __init__(self, path: Path) -> None:
        """Load a file.

        Raises:
            BadInput: a package is missing, or the file is no network from RGB to RGB that ONNX
                Runtime can run. The sentence begins with the path.
        """
        super().__init__()
        self.content = _read(path)
        self.digest = hashlib.sha256(self.content).hexdigest()
        with limited_memory(MOST_MEMORY + 4 * len(self.content)):
            self.session = _session(path, self.content)
        self.input = _only_image(path, "input", self.session.get_inputs())
        _only_image(path, "output", self.session.get_outputs())
        metadata = self.session.get_modelmeta().custom_metadata_map
        radius = _number(path, metadata, "receptive_radius", 0, MOST_RADIUS)
        self.receptive_radius = radius
        self.multiple_of = _number(path, metadata, "multiple_of", 1, MOST_MULTIPLE) or 1
        with limited_memory(MOST_MEMORY):
            self.scale = self._probed_scale(path)
        said = _number(path, metadata, "scale", 1, MOST_SCALE)
        if said not in (None, self.scale):
            raise BadInput(
                f"{path}: its metadata say scale={said}, and it upscales by {self.scale}; {ADVICE}."
            )

    @torch.inference_mode()
    def forward(self, images: Tensor) -> Tensor:
        """`(B, 3, h, w)` in [0, 1] -> `(B, 3, scale * h, scale * w)`.

        Raises:
            RuntimeError: the network does not take images of this size.
        """
        given = np.ascontiguousarray(images.cpu().numpy(), np.float32)
        try:
            (output,) = self.session.run(None, {self.input: given})
        except Exception as error:  # ONNX Runtime has a type of its own for each cause
            raise RuntimeError(_reason(error)) from error
        return torch.from_numpy(output)

    def peak_bytes(self, images: Tensor) -> int:
        """The most bytes that results within the network take at a time, each of them measured.

        Raises:
            BadInput: ONNX Runtime does not give them; the sentence has no full stop.
        """
        import onnx
        import onnxruntime

        model = onnx.load_model_from_string(self.content)
        outputs = [name for node in model.graph.node for name in node.output if name]
        del model.graph.output[:]
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in outputs)
        options = _options()
        # Each result as the file has it.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            with limited_memory(MOST_MEMORY + 4 * len(self.content)):
                session = _new_session(model.SerializeToString(), options)
                results = session.run(outputs, {self.input: images.cpu().numpy()})
        except Exception as error:  # ONNX Runtime has a type of its own for each cause
            raise BadInput(
                f"the memory that the network takes cannot be measured ({_reason(error)}); give "
                "another network"
            ) from error
        sizes = {
            name: getattr(one, "nbytes", 0) for name, one in zip(outputs, results, strict=True)
        }
        last_use = {
            name: number for number, node in enumerate(model.graph.node) for name in node.input
        }
        live = most = 0
        for number, node in enumerate(model.graph.node):
            live += sum(sizes.get(name, 0) for name in node.output)
            most = max(most, live)
            ended = {name for name in node.input if last_use[name] == number}
            live -= sum(sizes.get(name, 0) for name in ended)
        return most

    def extra_repr(self) -> str:
        """What tells the network from others."""
        return self.digest

    def _probed_scale(self, path: Path) -> int:
        count, (height, width) = 1, PROBE
        images = torch.rand(count, RGB, height, width, generator=torch.Generator().manual_seed(0))
        try:
            output = self(images)
        except RuntimeError as error:
            raise BadInput(
                f"{path}: ONNX Runtime cannot run it on an image of {width}x{height} pixels "
                f"({error}); {ADVICE}."
            ) from error
        scale = output.shape[-1] // width if output.ndim == images.ndim else 0
        wanted = (count, RGB, scale * height, scale * width)
        if not 1 <= scale <= MOST_SCALE or tuple(output.shape) != wanted:
            sizes = " x ".join(map(str, output.shape)) or "one number"
            raise BadInput(
                f"{path}: it makes {sizes} values of {' x '.join(map(str, images.shape))}; it must "
                f"keep {RGB} channels and upscale both sides by one whole number up to "
                f"{MOST_SCALE}."
            )
        return scale


def _read(path: Path) -> bytes:
    """The content of a file without references to other files."""
    try:
        import onnx
        import onnxruntime  # noqa: F401 - said before the file is read
    except ImportError as error:
        raise BadInput(
            f"{path}: an ONNX file needs the packages onnx and onnxruntime; install them by pip "
            "install 'srcnn-lightning[export]'."
        ) from error
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise BadInput(
            f"{path}: it has {size / 1e9:.1f} GB, and an ONNX file has at most 2.1 GB; {ADVICE}."
        )
    content = path.read_bytes()
    try:
        model = onnx.load_model_from_string(content)
        is_model = bool(model.graph.node)
    except Exception:  # protobuf's DecodeError, which one of its implementations has alone
        is_model = False
    if not is_model:
        raise BadInput(f"{path}: it is no ONNX file, or a damaged one; {ADVICE}.")
    for message in _messages(model):
        if isinstance(message, onnx.TensorProto) and (
            message.external_data or message.data_location == onnx.TensorProto.EXTERNAL
        ):
            raise BadInput(
                f"{path}: its weights lie in other files, which are not read; export the network "
                "into one file."
            )
    return content


def _messages(message: Any) -> Iterator[Any]:
    """All messages within a message of protobuf."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for one in [value] if hasattr(value, "ListFields") else value:
            yield from _messages(one)


def _options() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4  # its lines would stand beside our sentence
    return options


def _new_session(content: bytes, options: Any) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _session(path: Path, content: bytes) -> Any:
    try:
        return _new_session(content, _options())
    except Exception as error:  # ONNX Runtime has a type of its own for each cause
        raise BadInput(
            f"{path}: ONNX Runtime cannot use it ({_reason(error)}); {ADVICE}."
        ) from error


def _only_image(path: Path, kind: str, found: list[Any]) -> str:
    """The name of a file's only input or output; BadInput where it is no image."""
    shown = ", ".join(f"{one.name} {one.type} {one.shape}" for one in found) or "none"
    (first, *others) = found or [None]
    is_image = (
        first is not None
        and not others
        and first.type == "tensor(float)"
        and len(first.shape) == 4
        and first.shape[1] in (RGB, None, *filter(_is_text, first.shape))
        and not (kind == "input" and any(isinstance(side, int) for side in first.shape[2:]))
    )
    if not is_image:
        raise BadInput(f"{path}: its {kind} is {_cut(shown)}; it must be one, {FORM}.")
    return str(first.name)


def _is_text(side: Any) -> bool:
    return isinstance(side, str)


def _number(
    path: Path, metadata: dict[str, str], key: str, smallest: int, largest: int
) -> int | None:
    """A number of the metadata; None where it is missing or null."""
    text = metadata.get(key, "null")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    if value is None:
        return None
    if type(value) is not int or not smallest <= value <= largest:
        raise BadInput(
            f"{path}: its metadata have {key}={_cut(text)}; it must be a whole number from "
            f"{smallest} to {largest}."
        )
    return value


def _reason(error: Exception) -> str:
    return _cut(one_line(error).removesuffix("."))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_REASON else f"{text[:MOST_REASON]}..."
