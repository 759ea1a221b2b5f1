"""The images of an evaluation: target, input and output of each, and checks of their sizes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from srcnn_lightning.console import track
from srcnn_lightning.data.image_folders import list_images, matched
from srcnn_lightning.errors import BadInput, one_line
from srcnn_lightning.inference import image_folder
from srcnn_lightning.inference.conventions import InputKernel
from srcnn_lightning.inference.image_folder import size_of

Upscale = Callable[[Tensor], Tensor]
"""Function or network from `(1, 3, h, w)` in [0, 1] to `(1, 3, scale * h, scale * w)`."""


@dataclass(frozen=True)
class EvaluationFolders:
    """The files of an evaluation, listed but not read.

    Attributes:
        targets: paths of the high-resolution images by name.
        scale: factor between the sides of input and target.
        lr: paths of the low-resolution images by name; None: they are made.
        sr: paths of the upscaled images by name, for each folder by its own name.
    """

    targets: dict[str, Path]
    scale: int
    lr: dict[str, Path] | None
    sr: dict[str, dict[str, Path]]

    def cases(self) -> Iterator["Case"]:
        """Read the images one at a time, with a bar on a terminal.

        Raises:
            BadInput: an image is unreadable, or smaller than a pixel of the input.
        """
        for name in track(list(self.targets), "Evaluating"):
            path = self.targets[name]
            pixels, is_grey = image_folder.read(path)
            height, width = (side - side % self.scale for side in pixels.shape[-2:])
            if not height or not width:
                raise BadInput(
                    f"{path}: it has {size_of(pixels)} pixels, and scale {self.scale} needs "
                    f"{self.scale} a side; leave the image out."
                )
            lr = self.lr[name] if self.lr else None
            sr = {folder: paths[name] for folder, paths in self.sr.items()}
            target = pixels[..., :height, :width]
            yield Case(name, path, size_of(pixels), target, is_grey, self.scale, lr, sr)


def open_folders(
    data: Path, scale: int, lr_dir: Path | None, sr_dirs: Mapping[str, Path]
) -> EvaluationFolders:
    """List the folders of an evaluation.

    Raises:
        BadInput: a folder is missing or holds no images, or the images of two folders do not belong
            together.
    """
    targets = list_images(data, "--data")
    lr = matched(lr_dir, "--lr-dir", targets) if lr_dir else None
    sr = {name: matched(folder, "--sr-dir", targets) for name, folder in sr_dirs.items()}
    return EvaluationFolders(targets, scale, lr, sr)


@dataclass(frozen=True)
class Case:
    """One image of an evaluation.

    Attributes:
        name: name of the image without its file's type.
        path: file of the image.
        whole_size: width and height of the file's image, `512x480`.
        target: `(1, 3, H, W)` in [0, 1], cropped below and at the right to multiples of the scale.
        is_grey: whether the image is grey in its file.
        scale: factor between the sides of input and target.
        lr: file of the low-resolution image; None: it is made.
        sr: file of the upscaled image, for each folder by its name.
    """

    name: str
    path: Path
    whole_size: str
    target: Tensor
    is_grey: bool
    scale: int
    lr: Path | None
    sr: dict[str, Path]

    def input(self, kernel: InputKernel) -> Tensor:
        """The low-resolution image `(1, 3, h, w)` as it is given, or made from the target.

        Raises:
            BadInput: its file is unreadable, or of another size.
        """
        if self.lr is None:
            return kernel.shrink(self.target, self.scale)
        lr = image_folder.read(self.lr).pixels
        wanted = f"{self.target.shape[-1] // self.scale}x{self.target.shape[-2] // self.scale}"
        if size_of(lr) != wanted:
            raise self._wrong_size(self.lr, lr, wanted)
        return lr

    def output(self, model: str, upscale: Upscale, lr: Tensor) -> Tensor:
        """The output `(1, 3, H, W)` of a model for the low-resolution image.

        Raises:
            BadInput: the model cannot take the image, or makes another size.
        """
        try:
            output = upscale(lr)
        except BadInput as error:  # `tiling` knows no name, and ends without a full stop
            raise BadInput(f"--model={model}: {error}.") from error
        except RuntimeError as error:
            raise BadInput(
                f"--model={model}: the network takes no image of {size_of(lr)} pixels, the input "
                f"of {self.path} ({one_line(error)}); leave the image out."
            ) from error
        if output.shape != self.target.shape:
            raise BadInput(
                f"--model={model}: it makes {size_of(output)} pixels of {size_of(lr)}; give a "
                f"model that upscales by {self.scale}."
            )
        return output

    def read_output(self, folder: str) -> Tensor:
        """The upscaled image `(1, 3, H, W)` of a folder; one of the whole size is cropped.

        Raises:
            BadInput: its file is unreadable, or of another size.
        """
        path = self.sr[folder]
        output = image_folder.read(path).pixels
        wanted = size_of(self.target)
        if size_of(output) not in (wanted, self.whole_size):
            raise self._wrong_size(path, output, wanted)
        return output[..., : self.target.shape[-2], : self.target.shape[-1]]

    def _wrong_size(self, path: Path, image: Tensor, wanted: str) -> BadInput:
        return BadInput(
            f"{path}: it has {size_of(image)} pixels and {self.path} {self.whole_size}; at scale "
            f"{self.scale} it must have {wanted}."
        )
