"""The settings of a run as dataclasses, each with its type, its meaning and the rule for its value.

Defaults stand in conf/*.yaml alone. Hydra composes them, `read` turns the result into a `Config`
once; nothing above works on the composed configuration after that.
"""

import math
import re
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from srcnn_lightning.errors import BadInput, at_least, choose, require

PACKAGE = Path(__file__).resolve().parent
# A wheel holds conf/ inside the package, a checkout beside it.
CONF = next(path for path in (PACKAGE / "conf", PACKAGE.parent / "conf") if path.is_dir())
SSIM_WINDOW = 11  # pixels a side (metrics.ssim_y)
MAX_IMAGES = 100_000  # a typing error in data.count must not draw images for a week
SOURCES = ("div2k", "folder", "dead_leaves")
KERNELS = ("nearest", "bilinear", "bicubic")
ACCELERATORS = ("auto", "cpu", "gpu")
PRECISIONS = ("32-true", "16-mixed", "bf16-mixed")  # metrics and checkpoints are tested with these
TEST_IMAGES = "test_images"  # folder of targets below output_dir, beside the experiments
LOSSES = ("mse", "l1", "charbonnier")
SCHEDULES = ("constant", "one_cycle", "cosine", "step")
# Their rates depend on the length of the training, so more epochs are another run.
SCHEDULES_OF_A_LENGTH = ("one_cycle", "cosine")
MONITORS = ("val_psnr", "val_loss", "last")
CLIP_ALGORITHMS = ("norm", "value")
# Arguments of a logger that the program gives: the run's folder is the log folder.
LOGGER_SUPPLIED = ("save_dir",)
TENSORBOARD_SUPPLIED = ("save_dir", "name", "version", "sub_dir", "default_hp_metric", "purge_step")


@dataclass
class DataConfig:
    """Which images a run uses, and how they are cut (conf/data).

    Attributes:
        name: name of the data set in folders and tables; None: the last component of `root`.
        kind: where the images come from: `div2k`, `folder` or `dead_leaves`.
        root: folder that holds the images.
        subset: `valid` or `train`, of DIV2K alone.
        url: address that holds DIV2K's zips.
        count: number of images in all.
        split: fractions of train, validation and test images; they add up to 1.
        split_file: JSON file with the lists of names `train`, `val` and `test`; replaces `count`
            and `split`.
        crop: side of the centre crop, in pixels, before any resize.
        target_size: side of the target, in pixels.
        batch_size: training images a step, of all processes together.
        eval_batch_size: validation and test images a batch.
        seed: seed of the choice of images, of the split and of built-in images.
        on_device: whether the whole split lies on the device as uint8.
        cache_dir: folder of the decoded and resized targets.
    """

    name: str | None
    kind: str
    root: str | None
    subset: str | None
    url: str | None
    count: int
    split: list[float]
    split_file: str | None
    crop: int
    target_size: int
    batch_size: int
    eval_batch_size: int
    seed: int
    on_device: bool
    cache_dir: str

    def __post_init__(self) -> None:
        """Refuse values that no run can use."""
        choose("data.kind", self.kind, SOURCES)
        require(
            3 <= self.count <= MAX_IMAGES,
            "data.count",
            self.count,
            f"it must be from 3 to {MAX_IMAGES}",
        )
        for key in ("crop", "target_size", "batch_size", "eval_batch_size"):
            at_least(f"data.{key}", getattr(self, key), 1)
        at_least("data.seed", self.seed, 0)
        require(
            self.target_size <= self.crop,
            "data.target_size",
            self.target_size,
            f"it must not exceed data.crop={self.crop}",
        )


@dataclass
class DegradationConfig:
    """How a target becomes a low-resolution input (conf/degradation).

    Attributes:
        name: name of the degradation in folders and tables.
        kernel: kernel that shrinks targets to inputs, and that interpolates within a network:
            `nearest`, `bilinear` or `bicubic`.
        antialias: whether kernels are widened when an image is reduced.
        scale: factor between the sides of input and target.
    """

    name: str
    kernel: str
    antialias: bool
    scale: int

    def __post_init__(self) -> None:
        """Refuse a name that says the opposite of the setting."""
        choose("degradation.kernel", self.kernel, KERNELS)
        at_least("degradation.scale", self.scale, 2)
        opposite = {True: "aliased", False: "antialiased"}[self.antialias]
        require(
            self.name != opposite,
            "degradation.antialias",
            self.antialias,
            f"degradation.name={self.name} says the opposite, and tables go by the name",
        )


@dataclass
class TrainerConfig:
    """Device, length and arithmetic of the training (conf/trainer).

    Attributes:
        accelerator: `auto`, `cpu` or `gpu`.
        max_epochs: length of the training in epochs.
        precision: Lightning's name of the arithmetic: `32-true`, `16-mixed` or `bf16-mixed`.
        gradient_clip_val: largest norm, or largest value, of the gradient; None: not clipped.
        gradient_clip_algorithm: `norm` of all gradients together, or `value` of each.
        accumulate_grad_batches: batches whose gradients are averaged for a step.
        limit_train_batches: training batches an epoch; None: all.
        limit_val_batches: validation batches; None: all.
        limit_test_batches: test batches; None: all.
        threads: CPU threads of one process; None: its share of the physical cores, or of a
            container's quota.
        keep_memory: whether the process keeps freed memory, to its end, instead of returning it to
            the system.
        channels_last: whether images and weights lie in memory in the order channels_last.
        accelerate: whether a CPU computes layers in forms of this program, which are faster.
        compile: whether the network is compiled by `torch.compile`.
        tf32: whether a GPU's convolutions round their inputs to 10 bits of mantissa.
        deterministic: whether torch chooses deterministic operations alone.
        devices: processes that train one run together.
        jobs_per_gpu: runs that share one GPU at a time.
    """

    accelerator: str
    max_epochs: int
    precision: str
    gradient_clip_val: float | None
    gradient_clip_algorithm: str
    accumulate_grad_batches: int
    limit_train_batches: int | None
    limit_val_batches: int | None
    limit_test_batches: int | None
    threads: int | None
    keep_memory: bool
    channels_last: bool
    accelerate: bool
    compile: bool
    tf32: bool
    deterministic: bool
    devices: int
    jobs_per_gpu: int

    def __post_init__(self) -> None:
        """Refuse values that no run can use."""
        choose("trainer.accelerator", self.accelerator, ACCELERATORS)
        choose("trainer.precision", self.precision, PRECISIONS)
        choose("trainer.gradient_clip_algorithm", self.gradient_clip_algorithm, CLIP_ALGORITHMS)
        for key in ("max_epochs", "devices", "jobs_per_gpu", "accumulate_grad_batches"):
            at_least(f"trainer.{key}", getattr(self, key), 1)
        for key in ("limit_train_batches", "limit_val_batches", "limit_test_batches"):
            if getattr(self, key) is not None:
                at_least(f"trainer.{key}", getattr(self, key), 1)
        clip = self.gradient_clip_val
        require(
            clip is None or 0 < clip < math.inf,
            "trainer.gradient_clip_val",
            clip,
            "it must be above 0 and finite, or null for no clipping",
        )
        require(
            self.threads is None or 1 <= self.threads <= 1024,
            "trainer.threads",
            self.threads,
            "it must be from 1 to 1024, or null for this run's share of the cores",
        )


TYPED_GROUPS = {"data": DataConfig, "degradation": DegradationConfig, "trainer": TrainerConfig}


@dataclass
class OptimizerConfig:
    """The keys of the group `optimizer` that every optimizer of conf/optimizer has.

    Further keys are arguments of the optimizer, so the group stays a dictionary in `Config`.
    """

    _target_: str
    lr: float
    weight_decay: float


@dataclass
class Config:
    """One run (conf/config.yaml).

    The groups `model`, `optimizer` and `logger` name a class by `_target_`, or a registered network
    by `name`, and hold its arguments; they stay plain
    dictionaries, which `arguments.check` compares with the class's signature.

    Attributes:
        data: images.
        degradation: from target to input.
        model: network.
        loss: `name` of the training's loss, and its arguments.
        optimizer: torch optimizer.
        schedule: `name` of the learning rate's schedule, and its arguments.
        trainer: device and length.
        logger: Lightning logger; `_target_: null` for none.
        experiment_name: first folder below `output_dir`.
        variant: row of an ablation that the run stands for.
        seed: seed of the initialization and of the order of the training images.
        monitor: what the best epoch, which is tested, is best by: `val_psnr`, `val_loss` or `last`.
        output_dir: folder of all runs.
        name_keys: settings that a run's name shows although names usually leave them out.
        rerun: whether a finished run is trained again.
        init_from: run folder or checkpoint whose weights the training starts from.
        prepare_only: whether the images are prepared and nothing is trained.
    """

    data: DataConfig
    degradation: DegradationConfig
    model: dict[str, Any]
    loss: dict[str, Any]
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    trainer: TrainerConfig
    logger: dict[str, Any]
    experiment_name: str
    variant: str | None
    seed: int
    monitor: str
    output_dir: str
    name_keys: list[str]
    rerun: bool
    init_from: str | None
    prepare_only: bool

    def __post_init__(self) -> None:
        """Refuse values that no run can use, and groups that do not fit together."""
        require(self.seed >= 0, "seed", self.seed, "it must be 0 or more")
        require(self.seed < 2**32, "seed", self.seed, "it must be below 2**32")
        require(
            re.fullmatch(r"[\w+-][\w.+-]*", self.experiment_name) is not None,
            "experiment_name",
            self.experiment_name,
            "it names a folder, so use letters, digits and . _ + - alone",
        )
        require(
            self.experiment_name != TEST_IMAGES,
            "experiment_name",
            self.experiment_name,
            "this folder holds the targets of the test images; give another name",
        )
        require(
            bool(self.output_dir),
            "output_dir",
            self.output_dir,
            "give the folder that shall hold the runs, output_dir=DIR",
        )
        choose("monitor", self.monitor, MONITORS)
        for name, known in (("loss", LOSSES), ("schedule", SCHEDULES)):
            choose(f"{name}.name", str(getattr(self, name).get("name")), known)
        for name in ("model", "optimizer", "logger"):
            group = getattr(self, name)
            key = "_target_" if name != "model" or "_target_" in group else "name"
            if key not in group:
                advice = "the group names its class there; leave it in"
                raise BadInput(f"~{name}.{key}: {advice}.")
            if group[key] is None and name != "logger":
                what = "the class, package.module.Class" if key == "_target_" else "its name"
                raise BadInput(f"{name}.{key}=null: give {what}.")
        self._check_optimizer()
        self._check_logger()
        size, scale = self.data.target_size, self.degradation.scale
        smallest = SSIM_WINDOW + 2 * scale
        require(
            size >= smallest,
            "data.target_size",
            size,
            f"SSIM needs {smallest} pixels within the shaved border",
        )
        require(
            size % scale == 0,
            "data.target_size",
            size,
            f"it must be a multiple of degradation.scale={scale}",
        )
        processes, batch = self.trainer.devices, self.data.batch_size
        require(
            batch % processes == 0,
            "data.batch_size",
            batch,
            f"it is the batch of all {processes} processes together (trainer.devices), so it must "
            "be a multiple of their number",
        )

    def _check_optimizer(self) -> None:
        """Refuse numbers that no optimizer can use; its signature has the last word."""
        for key, smallest, advice in (
            ("lr", math.ulp(0.0), "a number above 0, and finite"),
            ("weight_decay", 0.0, "a number of 0 or more, and finite"),
        ):
            value = self.optimizer.get(key, smallest)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            is_right = is_number and smallest <= value < math.inf
            require(is_right, f"optimizer.{key}", value, f"it must be {advice}")

    def _check_logger(self) -> None:
        """Refuse arguments that the program gives the logger, also where no run needs one."""
        target = self.logger["_target_"]
        is_tensorboard = str(target).endswith(".TensorBoardLogger")
        for key in self.logger.keys() - {"_target_"}:
            setting, value = f"logger.{key}", self.logger[key]
            advice = "without a logger it has no effect; leave it out"
            require(target is not None, setting, value, advice)
            is_supplied = key in (TENSORBOARD_SUPPLIED if is_tensorboard else LOGGER_SUPPLIED)
            require(not is_supplied, setting, value, "the program gives this argument itself")

    @property
    def output_folder(self) -> Path:
        """`output_dir`, with `~` expanded."""
        return Path(self.output_dir).expanduser()


def default_settings(group: str) -> dict[str, Any]:
    """The defaults that conf/config.yaml has for a group of settings, as plain values."""
    defaults: Any = OmegaConf.to_container(OmegaConf.load(CONF / "config.yaml"))
    settings: dict[str, Any] = defaults[group]
    return settings


def read(composed: DictConfig) -> Config:
    """The configuration that Hydra has composed, typed and checked.

    Raises:
        BadInput: a key that no field declares, or a value that no run can use.
        OmegaConfBaseException: a value of the wrong type, or a missing one.
    """
    _refuse_undeclared(composed, Config)
    for field in fields(Config):
        if field.name not in composed:
            off = f", or give {field.name}=none" if field.name == "logger" else ""
            raise BadInput(f"~{field.name}: every run needs this setting; leave it in{off}.")
    for key in composed.name_keys or ():
        if not _has(composed, str(key)):
            raise BadInput(f"name_keys={key}: there is no such setting; --help lists them.")
    values: dict[str, Any] = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)  # type: ignore[assignment]
    typed = {name: kind(**values[name]) for name, kind in TYPED_GROUPS.items()}
    return Config(**{**values, **typed})


def _refuse_undeclared(node: DictConfig, kind: type, prefix: str = "") -> None:
    """Hydra adds a key with `+` even where the dataclass has no such field."""
    declared = {field.name: field.type for field in fields(kind)}
    for key in node:
        if str(key) not in declared:
            where = prefix.rstrip(".") or "the configuration"
            raise BadInput(
                f"{prefix}{key!s}={_shown(node, key)}: there is no such setting; "
                f"{where} has {', '.join(declared)}."
            )
        child = declared[str(key)]
        if isinstance(child, type) and is_dataclass(child):
            _refuse_undeclared(node[key], child, f"{prefix}{key!s}.")


def _has(node: DictConfig, key: str) -> bool:
    parent, _, name = key.rpartition(".")
    group = OmegaConf.select(node, parent) if parent else node
    return isinstance(group, DictConfig) and name in group


def _shown(node: DictConfig, key: Any) -> Any:
    return "???" if OmegaConf.is_missing(node, key) else node[key]


@dataclass
class ComposedConfig(Config):
    """The types that Hydra checks while it composes, before the first job of a sweep runs."""

    optimizer: OptimizerConfig  # type: ignore[assignment]
