"""The groups of settings: images, degradation, Trainer; each key with the rule for its value."""

from dataclasses import dataclass, field, replace
from typing import Any

from srcnn_lightning.config.trainer import TrainerConfig
from srcnn_lightning.errors import at_least, choose, require

MAX_IMAGES = 100_000  # a typing error in data.count must not draw images for a week
MAX_STEPS = 1_000_000  # nor one in data.steps_per_epoch make an epoch that never ends
MAX_SCALE = 16  # the literature ends there
DRAWN = ("dead_leaves", "blurred_leaves")  # sources of built-in images
SOURCES = {
    "div2k": ("root", "subset", "url"),
    "folder": ("root",),
    "pairs": ("hr_root", "lr_root"),
    **dict.fromkeys(DRAWN, ()),
}
GIVEN = "given"  # name of the degradation of data=pairs
KERNELS = ("nearest", "bilinear", "bicubic")


@dataclass
class DataConfig:
    """Which images a run uses, and how they are cut (conf/data).

    Attributes:
        name: name of the data set in folders and tables; None: the last component of `root`.
        kind: where the images come from: `div2k`, `folder`, `pairs`, `dead_leaves` or
            `blurred_leaves`.
        root: folder that holds the images.
        hr_root: folder of the high-resolution images of pairs.
        lr_root: folder of their low-resolution inputs.
        subset: `valid` or `train`, of DIV2K alone.
        url: address that holds DIV2K's zips.
        count: number of images in all.
        split: fractions of train, validation and test images; they add up to 1.
        split_file: JSON file with the lists of names `train`, `val` and `test`; replaces `count`
            and `split`.
        crop: side of the centre crop, in pixels, before any resize; None: the whole image.
        target_size: side that the crop is resized to, in pixels; None: no resize. A target is
            cropped to multiples of the scale.
        patch_size: side of the training patches, in target pixels; None: whole targets.
        augment: whether training images or patches are flipped and rotated at random.
        steps_per_epoch: batches of patches an epoch; None: one patch of each training image.
        batch_size: training images a step, of all processes together.
        eval_batch_size: validation and test images a batch.
        seed: seed of the choice of images, of the split and of built-in images.
        on_device: whether the whole split lies on a GPU as uint8; False: each batch is read from
            the cache, as always on a CPU.
        cache_dir: folder of the decoded and resized targets, and of the inputs.
    """

    name: str | None
    kind: str
    root: str | None
    hr_root: str | None
    lr_root: str | None
    subset: str | None
    url: str | None
    count: int
    split: list[float]
    split_file: str | None
    crop: int | None
    target_size: int | None
    patch_size: int | None
    augment: bool
    steps_per_epoch: int | None
    batch_size: int
    eval_batch_size: int
    seed: int
    on_device: bool
    cache_dir: str

    def __post_init__(self) -> None:
        """Refuse values that no run can use."""
        choose("data.kind", self.kind, tuple(SOURCES))
        for key in {key: None for keys in SOURCES.values() for key in keys}:
            users = " or ".join(f"data={kind}" for kind, keys in SOURCES.items() if key in keys)
            require(
                getattr(self, key) is None or key in SOURCES[self.kind],
                f"data.{key}",
                getattr(self, key),
                f"data={self.kind} does not use it; leave it out, or give {users}",
            )
        require(
            3 <= self.count <= MAX_IMAGES,
            "data.count",
            self.count,
            f"it must be from 3 to {MAX_IMAGES}",
        )
        for key in ("batch_size", "eval_batch_size"):
            at_least(f"data.{key}", getattr(self, key), 1)
        for key in ("crop", "target_size", "patch_size", "steps_per_epoch"):
            if getattr(self, key) is not None:
                at_least(f"data.{key}", getattr(self, key), 1)
        require(
            self.steps_per_epoch is None or self.steps_per_epoch <= MAX_STEPS,
            "data.steps_per_epoch",
            self.steps_per_epoch,
            f"it must be at most {MAX_STEPS}",
        )
        at_least("data.seed", self.seed, 0)
        for key in ("crop", "target_size"):
            require(
                self.kind != "pairs" or getattr(self, key) is None,
                f"data.{key}",
                getattr(self, key),
                "data=pairs takes images and inputs as they are; leave it out, or cut training "
                "patches by data.patch_size",
            )
        if self.crop is None:
            what = "built-in images are drawn with data.crop pixels a side; give their number"
            require(self.kind not in DRAWN, "data.crop", "null", what)
            what = (
                f"data.target_size={self.target_size} would distort images that are not square; "
                "give a crop, or data.target_size=null too"
            )
            require(self.target_size is None, "data.crop", "null", what)
        elif self.target_size is not None:
            require(
                self.target_size <= self.crop,
                "data.target_size",
                self.target_size,
                f"it must not exceed data.crop={self.crop}",
            )
        require(
            self.steps_per_epoch is None or self.patch_size is not None,
            "data.steps_per_epoch",
            self.steps_per_epoch,
            "without data.patch_size an epoch is one pass over the images; give a patch size, or "
            "leave it out",
        )

    @property
    def side(self) -> int | None:
        """Side of all targets in pixels, before they are cropped to a multiple; None: their own."""
        return self.crop if self.target_size is None else self.target_size


@dataclass
class DegradationConfig:
    """How a target becomes a low-resolution input (conf/degradation).

    Attributes:
        name: name of the degradation in folders and tables.
        kernel: kernel that shrinks targets to inputs, and that interpolates within a network:
            `nearest`, `bilinear` or `bicubic`.
        antialias: whether kernels are widened when an image is reduced.
        scale: factor between the sides of input and target; a list for a network of several.
        _target_: class whose instances make the inputs instead of a resize
            (`docs/own.md`); None: a resize.
        arguments: arguments of this class.
        source: digest of the file that holds a class of the user's own; the program fills it in, so
            that other code makes other inputs and another run.
    """

    name: str
    kernel: str
    antialias: bool
    scale: Any  # OmegaConf has no union of a number and a list
    _target_: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse a name that says the opposite of the setting."""
        choose("degradation.kernel", self.kernel, KERNELS)
        check_scale("degradation.scale", self.scale)
        opposite = {True: "aliased", False: "antialiased"}[self.antialias]
        require(
            self.name != opposite,
            "degradation.antialias",
            self.antialias,
            f"degradation.name={self.name} says the opposite, and tables go by the name",
        )
        require(
            self._target_ is None or self.name not in ("aliased", "antialiased", GIVEN),
            "degradation.name",
            self.name,
            f"it names another step than degradation._target_={self._target_}, and tables go by "
            "the name; give one of its own",
        )
        require(
            self._target_ is not None or not self.arguments,
            "degradation.arguments",
            self.arguments,
            "they are those of degradation._target_, which is null; leave them out",
        )

    @property
    def is_resize(self) -> bool:
        """Whether inputs are resized targets, and neither given nor made by a class."""
        return self._target_ is None and self.name != GIVEN

    @property
    def scales(self) -> list[int]:
        """The scale, or each of several."""
        return self.scale if isinstance(self.scale, list) else [self.scale]

    def at(self, scale: int) -> "DegradationConfig":
        """The degradation by one of its scales."""
        return replace(self, scale=scale)


def check_scale(key: str, scale: Any) -> None:
    """Refuse what is no factor between the sides of input and target, and no list of several."""
    what = f"it must be a whole number from 2 to {MAX_SCALE}"
    if isinstance(scale, list):
        require(len(scale) > 1, key, scale, "a list must have several scales")
        what = f"each must be a whole number from 2 to {MAX_SCALE}"
    for one in scale if isinstance(scale, list) else [scale]:
        require(isinstance(one, int) and 2 <= one <= MAX_SCALE, key, scale, what)
    if isinstance(scale, list):
        is_rising = scale == sorted({*scale})
        require(is_rising, key, scale, "its scales must rise, as in [2,3,4]")


TYPED_GROUPS = {"data": DataConfig, "degradation": DegradationConfig, "trainer": TrainerConfig}
