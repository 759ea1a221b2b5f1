"""Trained networks as files for other programs: ONNX, torch.export's form, safetensors."""

import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.fx.experimental import _config as shapes

from srcnn_lightning.errors import BadInput, one_line

if TYPE_CHECKING:
    from torch.export import ExportedProgram

INPUT, OUTPUT = "image", "upscaled"  # names in an ONNX file
METADATA_FILE = "metadata.json"  # in a .pt2 file
EXTRA = "install them by pip install 'srcnn-lightning[export]'"
MOST_REASON = 200  # characters of torch's message


class ExportedNetwork(nn.Module):
    """A network with all that an image of any size needs: padding, and an output in [0, 1]."""

    def __init__(self, network: nn.Module, scale: int) -> None:
        """Wrap a network.

        Args:
            network: plain network in evaluation mode, on the CPU.
            scale: factor between the sides of output and input.
        """
        super().__init__()
        self.network = network
        self.scale = scale
        self.multiple_of = int(getattr(network, "multiple_of", 1))

    def forward(self, images: Tensor) -> Tensor:
        """`(B, 3, h, w)` in [0, 1] -> `(B, 3, scale * h, scale * w)` in [0, 1]."""
        if self.multiple_of == 1:
            output: Tensor = self.network(images)
            return output.clamp(0, 1)
        # As `models.padding.upscale`, without a question whose answer would be part of the file.
        height, width = images.shape[-2:]
        below, right = (
            (side + self.multiple_of - 1) // self.multiple_of * self.multiple_of - side
            for side in (height, width)
        )
        output = self.network(F.pad(images, (0, right, 0, below), mode="replicate"))
        return output[..., : self.scale * height, : self.scale * width].clamp(0, 1)


def write_onnx(
    network: nn.Module, scale: int, metadata: Mapping[str, str], file: BinaryIO, name: str
) -> None:
    """Write an ONNX file of one input `image` and one output `upscaled`, weights included.

    Args:
        network: plain network in evaluation mode, on the CPU.
        scale: factor between the sides of output and input.
        metadata: texts that the file keeps.
        file: file that is written.
        name: name of the network, for sentences.

    Raises:
        BadInput: a package is missing, or torch cannot export the network.
    """
    try:
        import onnx
        import onnxruntime  # noqa: F401 - the file is verified by it
        import onnxscript  # noqa: F401 - torch imports it
    except ImportError as error:
        raise BadInput(
            f"--format=onnx: it needs the packages onnx, onnxscript and onnxruntime; {EXTRA}."
        ) from error
    with _exporting(name):
        program = _program(network, scale)
        converted = torch.onnx.export(
            program,
            (),
            dynamo=True,
            external_data=False,
            input_names=[INPUT],
            output_names=[OUTPUT],
            verbose=False,
        )
    assert converted is not None
    model = converted.model_proto
    _remove_traces(model.graph)
    del model.graph.value_info[:]
    for value, factor in ((model.graph.input[0], ""), (model.graph.output[0], f"{scale}*")):
        sides = value.type.tensor_type.shape.dim
        for number, side in ((0, "batch"), (2, f"{factor}height"), (3, f"{factor}width")):
            sides[number].dim_param = side
    model.producer_name, model.producer_version = "", ""
    onnx.helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model)
    file.write(model.SerializeToString())


def write_pt2(
    network: nn.Module, scale: int, metadata: Mapping[str, str], file: BinaryIO, name: str
) -> None:
    """Write a file for `torch.export.load`; the arguments are those of `write_onnx`.

    The metadata are in its extra file `metadata.json`.

    Raises:
        BadInput: torch cannot export the network.
    """
    with _exporting(name):
        program = _program(network, scale)
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # it holds paths of this machine
    text = json.dumps(dict(metadata), indent=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of views of one weight, which are saved all the same
        content = io.BytesIO()  # torch aborts the process where a disk is full
        torch.export.save(program, content, extra_files={METADATA_FILE: text})
    file.write(content.getbuffer())


def write_safetensors(network: nn.Module, metadata: Mapping[str, str], file: BinaryIO) -> None:
    """Write the weights of a network; its metadata `network` and `scale` tell how to build it.

    Equal networks with equal metadata give equal files.
    """
    from safetensors.torch import save

    weights = {name: one.contiguous() for name, one in network.state_dict().items()}
    content = save(weights, dict(metadata))
    # The library writes the metadata in another order each time.
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(header, separators=(",", ":"))
    text += " " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text.encode() + content[end:])


def _program(network: nn.Module, scale: int) -> "ExportedProgram":
    """The network's operations, for images of any number and size."""
    dynamic = torch.export.Dim.DYNAMIC
    # Otherwise the program would be made for sides above 1, within the network as well.
    with shapes.patch(backed_size_oblivious=True):  # type: ignore[attr-defined]
        program = torch.export.export(
            ExportedNetwork(network, scale).eval(),
            (torch.rand(2, 3, 19, 21),),
            dynamic_shapes=({0: dynamic, 2: dynamic, 3: dynamic},),
        )
    # They refuse images of one pixel for the memory format of a convolution's output, on which no
    # value depends. The file is verified with such an image.
    program._guards_code = []
    return program


@contextmanager
def _exporting(name: str) -> Iterator[None]:
    """Within it, torch exports a network without the warnings that concern torch alone."""
    loggers = [logging.getLogger(one) for one in ("torch", "torch.onnx", "torch.export")]
    levels = [logger.level for logger in loggers]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for logger in loggers:
                logger.setLevel(logging.CRITICAL)
            yield
    except Exception as error:  # torch raises its own types, and a network's code may raise any
        reason = one_line(error)
        reason = reason if len(reason) <= MOST_REASON else f"{reason[:MOST_REASON]}..."
        raise BadInput(
            f"{name}: torch cannot export this network ({reason.removesuffix('.')}); give another "
            "one, or --format safetensors."
        ) from error
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _remove_traces(graph: object) -> None:
    """Remove what torch notes of its own: it holds paths of this machine."""
    for one in (*graph.node, *graph.input, *graph.output, *graph.initializer):  # type: ignore[attr-defined]
        del one.metadata_props[:]
        one.doc_string = ""
    del graph.metadata_props[:]  # type: ignore[attr-defined]
