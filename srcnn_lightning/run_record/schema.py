"""The schema of a run record: the annotations of one dataclass and of the groups in it."""

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NotRequired

from annotated_types import Ge, Le, Predicate
from typing_extensions import TypedDict  # pydantic refuses typing's before Python 3.12

MOST_EPOCHS = 1_000_000  # a curve has a point for each
LARGEST = 1e30


def is_file_name(text: str) -> bool:
    """Whether a name stays in its folder where it becomes a path."""
    return re.fullmatch(r"[^/\0]+", text) is not None


def is_test_images_folder(text: str) -> bool:
    """Whether a path is `test_images/NAME`: a record leads nowhere else."""
    return re.fullmatch(r"test_images/(?!\.\.?\Z)[^/\\\0]+", text) is not None


# Whole numbers of JSON outgrow a float.
Whole = Annotated[int, Ge(-(10**30)), Le(10**30)]
Count = Annotated[int, Ge(1), Le(10**30)]
Number = Annotated[float, Ge(-LARGEST), Le(LARGEST)]
Metric = Number | None  # NaN and infinity are written as null
EpochNumber = Annotated[int, Ge(1), Le(MOST_EPOCHS)]
ImageName = Annotated[str, Predicate(is_file_name)]


class DataSettings(TypedDict):
    """`crop`, `target_size`, `patch_size`: sides in pixels; `batch_size`: images.

    None stands for whole images, no resize, whole targets, and one pass over the images.
    """

    crop: Whole | None
    target_size: Whole | None
    batch_size: Count
    patch_size: NotRequired[Whole | None]
    augment: NotRequired[bool]
    steps_per_epoch: NotRequired[Whole | None]


class DegradationSettings(TypedDict):
    """`name`, `antialiased` or another; `scale`: ratio of target to input side.

    `_target_` and `arguments` are those of a class that makes the inputs, `source` is the digest of
    its file; null, none and empty for a resize.

    A list of scales is that of a run whose results by each scale have records of their own.
    """

    name: str
    kernel: str
    antialias: bool
    scale: Whole | list[Whole]
    _target_: str | None
    arguments: dict[str, Any]
    source: str


class ModelSettings(TypedDict):
    """`name` of a registered network, or a dotted `_target_`; its arguments are other keys."""

    name: NotRequired[str]
    _target_: NotRequired[str]


class NamedSettings(TypedDict):
    """`name` of a task, loss or schedule; its arguments are the other keys."""

    name: str


class OptimizerSettings(TypedDict):
    """`_target_`: dotted name of the optimizer's class; its arguments are the other keys."""

    _target_: str
    lr: Number
    weight_decay: NotRequired[Number]


class TrainerSettings(TypedDict):
    """`precision`: as Lightning names it, `32-true`.

    `accumulate_grad_batches`: batches a step; `limit_train_batches`: batches an epoch.
    """

    max_epochs: EpochNumber
    precision: str
    accumulate_grad_batches: NotRequired[Count]
    limit_train_batches: NotRequired[Count | None]


class Configuration(TypedDict):
    """What tables and figures need of a run's configuration; other keys are kept as they are."""

    seed: Whole
    recipe: str
    data: DataSettings
    degradation: DegradationSettings
    model: ModelSettings
    task: NamedSettings
    loss: NamedSettings
    optimizer: OptimizerSettings
    schedule: NamedSettings
    monitor: str
    trainer: TrainerSettings
    init_from: NotRequired[str | None]


class Split(TypedDict):
    """Names of the images of each part, in the order in which they are used."""

    train: list[ImageName]
    val: list[ImageName]
    test: list[ImageName]


class Epoch(TypedDict):
    """One epoch, counted from 1; PSNR in dB.

    `val_loss` is the mean squared error of pixels in [0, 1], `train_loss` the training's loss. The
    others are cross-entropies of epochs with a discriminator.
    """

    epoch: EpochNumber
    train_loss: NotRequired[Metric]
    train_adversarial_loss: NotRequired[Metric]
    train_discriminator_loss: NotRequired[Metric]
    val_loss: Metric
    val_psnr: Metric


class ImageScore(TypedDict):
    """One test image's scores; `grey`: whether it is grey in its file, so that Y is its grey."""

    name: str
    loss: NotRequired[Metric]
    mse: NotRequired[Metric]
    psnr: Metric
    psnr_y: NotRequired[Metric]
    ssim: NotRequired[Metric]
    high_frequency_ratio: NotRequired[Metric]
    grey: NotRequired[bool]


class Environment(TypedDict, total=False):
    """`device`: `cpu` or `cuda`; `versions`: by package; `git_commit`: 40 digits, or null."""

    device: str
    device_name: str
    threads: Whole
    versions: dict[str, str]
    git_commit: Any


class Cost(TypedDict, total=False):
    """`multiply_adds`, `activations`: for an input of the sides below, in pixels.

    `seconds_per_megapixel`: inference for a million pixels of output. `time_device`: where it was
    measured for an input of these sides, alone; without it, the run's own device and the first test
    image.
    """

    multiply_adds: Whole
    activations: Whole
    input_height: Whole
    input_width: Whole
    seconds_per_megapixel: Number
    time_device: str


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run. Lists and dictionaries are those of the file, with all their keys.

    Attributes:
        name: name of the run within its experiment, `lr=0.001,seed=1`.
        experiment: name of the experiment that the run belongs to.
        variant: name of the variant, conf/variant/NAME.yaml; None for a run without one.
        data: name of the data set.
        data_hash: digest of the images of the split, 16 hexadecimal digits.
        hash: digest of all that changes the run's results.
        lineage: digest of the same but the number of epochs.
        results_version: version of the program's results, counted up from 3.
        date: time of writing in UTC, ISO 8601, `2026-11-24T17:00:00+00:00`.
        test_images: folder of the targets and bicubic upscalings, relative to `output_dir`.
        config: whole configuration.
        split: names of the images.
        status: `finished`; `diverged` for a loss that was not finite; `failed` for an exception.
        error: exception of a failed run, as text.
        metrics: scores by name: `max_val_psnr`, `test_psnr`, `test_psnr_pooled`, `test_psnr_y` in
            dB; `val_loss`, `test_loss` as mean squared errors of pixels in [0, 1]; `test_ssim` at
            most 1; `test_high_frequency_ratio`, 1 for an output as sharp as its target. None for a
            score that is not finite.
        history: validation of each epoch.
        per_image: scores of each test image; empty unless the run finished.
        parameters: number of the network's trained values; 0 for a baseline.
        cost: cost of an image; empty in records of earlier versions.
        epochs: number of epochs that the run has trained.
        resumed_after: epoch after which the run went on from a checkpoint; None for one that did
            not.
        environment: hardware and software.
        durations: seconds, by part of the run: `fit_s`, `test_s`.
        same_as: folder of the run that this one was copied from, relative to `output_dir`.
    """

    # Nested mappings keep keys that are not declared.
    __pydantic_config__ = {"extra": "allow", "strict": True, "allow_inf_nan": False}  # noqa: RUF012

    name: str
    experiment: str
    variant: str | None
    data: str
    data_hash: str
    test_images: Annotated[str, Predicate(is_test_images_folder)] | None = None
    hash: str
    lineage: str | None = None
    results_version: Whole
    date: str | None = None
    config: Configuration
    split: Split
    status: Literal["finished", "diverged", "failed"]
    error: str | None = None
    metrics: dict[str, Metric] = field(default_factory=dict)
    history: list[Epoch] = field(default_factory=list)
    per_image: list[ImageScore] = field(default_factory=list)
    parameters: Whole | None = None
    cost: Cost = field(default_factory=Cost)
    epochs: Whole | None = None
    resumed_after: Whole | None = None
    environment: Environment = field(default_factory=Environment)
    durations: dict[str, Number] = field(default_factory=dict)
    same_as: str | None = None
