"""Settings of networks and trainings that cannot be right: one sentence and exit status 2."""

from pathlib import Path

import pytest
from bad_input import LEAVES, check_refusal
from conftest import TINY, Command

# What is typed, and what the sentence must hold: the setting, its value, what would be right.
CASES = {
    "unknown key": ((LEAVES, "optimizer.lrr=1"), ("optimizer.lrr", "lr, weight_decay")),
    "unknown loss": ((LEAVES, "loss=l3"), ("loss=l3", "l1")),
    "unknown name of a loss": ((LEAVES, "loss.name=l3"), ("loss.name=l3", "mse, l1")),
    "argument of another loss": (
        (LEAVES, "+loss.epsilon=1e-3"),
        ("loss.epsilon=0.001: mse takes no such argument",),
    ),
    "unknown schedule": ((LEAVES, "schedule=sine"), ("schedule=sine", "cosine")),
    "unknown name of a schedule": (
        (LEAVES, "schedule.name=sine"),
        ("schedule.name=sine", "constant, one_cycle"),
    ),
    "warm-up longer than the training": (
        (LEAVES, "schedule=cosine", "schedule.warmup=1.5"),
        ("schedule.warmup=1.5", "below 1"),
    ),
    "unknown monitor": ((LEAVES, "monitor=ssim"), ("monitor=ssim", "val_psnr, val_loss or last")),
    "no network at all": ((LEAVES, "model.name=null"), ("model.name=null", "its name")),
    "no class at all": (
        (LEAVES, "model=custom", "model._target_=null"),
        ("model._target_=null", "the class"),
    ),
    "unknown network": (
        (LEAVES, "model.name=vgg"),
        ("model.name=vgg", "edsr, espcn, fsrcnn", "model=custom"),
    ),
    "own network without its group": (
        (LEAVES, "model._target_=mine.Net"),
        ("model._target_", "model=custom model._target_="),
    ),
    "too many threads": ((LEAVES, "trainer.threads=9999"), ("threads=9999", "1 to 1024")),
    "infinite learning rate": ((LEAVES, "optimizer.lr=inf"), ("optimizer.lr=inf", "finite")),
    "no number": ((LEAVES, "optimizer.lr=abc"), ("optimizer.lr=abc", "a number")),
    "no boolean": ((LEAVES, "model.batch_norm=perhaps"), ("batch_norm=perhaps", "true or false")),
    "no number in a sweep": ((LEAVES, "-m", "optimizer.lr=1e-3,abc"), ("lr=abc", "a number")),
    "negative learning rate": ((LEAVES, "optimizer.lr=-1"), ("optimizer.lr=-1", "above 0")),
    "no epochs": ((LEAVES, "trainer.max_epochs=0"), ("trainer.max_epochs=0", "at least 1")),
    "identity with tanh": (
        (LEAVES, "model.output_activation=tanh"),
        ("model.init=identity", "tanh", "model.init=default"),
    ),
    "identity with batch norm": (
        (LEAVES, "model.batch_norm=true"),
        ("model.init=identity", "batch norm", "model.init=default"),
    ),
    "identity with tanh in a sweep": (
        (LEAVES, "-m", "model.output_activation=tanh,none"),
        ("model.init=identity", "tanh", "model.init=default"),
    ),
    "unknown activation": ((LEAVES, "model.output_activation=elu"), ("=elu", "none or tanh")),
    "even kernel": ((LEAVES, "model.kernel_sizes=[9,2,5]"), ("[9, 2, 5]", "odd")),
    "no such network": (
        (LEAVES, "model=custom", "model._target_=mine.Net"),
        ("model._target_=mine.Net",),
    ),
    "network is a class of another kind": (
        (LEAVES, "model=custom", "model._target_=pathlib.Path"),
        ("model._target_=pathlib.Path", "torch.nn.Module"),
    ),
    "network is a function that makes none": (
        (LEAVES, "model=custom", "model._target_=os.getcwd"),
        ("model._target_=os.getcwd", "torch.nn.Module"),
    ),
    "network is a function of unknown arguments": (
        (LEAVES, "model=custom", "model._target_=builtins.max"),
        ("model._target_=builtins.max", "torch.nn.Module"),
    ),
    "network upscales nothing": (
        (LEAVES, "model=custom", "model._target_=torch.nn.Identity"),
        ("model._target_=torch.nn.Identity", "(1, 3, 16, 16)", "degradation.scale=2"),
    ),
    "network not given": ((LEAVES, "model=custom"), ("model._target_", "VALUE")),
    "no such optimizer": (
        (LEAVES, "optimizer._target_=torch.optim.Nope"),
        ("optimizer._target_=torch.optim.Nope", "cannot be imported"),
    ),
    "mixed precision without a GPU": (
        (LEAVES, "trainer.precision=16-mixed"),
        ("trainer.precision=16-mixed: it needs a GPU; choose bf16-mixed or 32-true.",),
    ),
    "setting that one schedule of a sweep has not": (
        (LEAVES, "schedule=step,cosine", "schedule.epochs=3", "-m"),
        ("schedule.epochs=3: cosine takes no such argument; it takes warmup, end.",),
    ),
    "null for a number": (
        (LEAVES, "schedule=one_cycle", "schedule.start=null"),
        ("schedule.start=null: it must be a number.",),
    ),
    "class that is no optimizer": (
        (LEAVES, "optimizer._target_=torch.nn.Conv2d"),
        ("optimizer._target_=torch.nn.Conv2d: it is no optimizer", "torch.optim.Optimizer"),
    ),
    "list of another length": (
        (LEAVES, "model=espcn", "model.features=[]"),
        ("model.features=[]: it must be a list of 2 whole numbers.",),
    ),
    "residuals without a size": (
        (LEAVES, "model=edsr", "model.residual_scale=nan"),
        ("model.residual_scale=nan: it must be above 0, and finite.",),
    ),
    "features without a number": (
        (LEAVES, "model=ninasr", "model.expansion=inf"),
        ("model.expansion=inf: it must be above 0, and finite.",),
    ),
    "no GPU": ((LEAVES, "trainer=gpu"), ("trainer.accelerator=gpu", "trainer=auto")),
    "unknown precision": ((LEAVES, "trainer.precision=17"), ("trainer.precision=17", "32-true")),
    "no such logger": (
        (LEAVES, "logger.tensorboard._target_=nope.Nope"),
        ("logger.tensorboard._target_=nope.Nope", "cannot be imported"),
    ),
    "logger that is no name": (
        (LEAVES, "logger.tensorboard._target_=5"),
        ("logger.tensorboard._target_=5",),
    ),
    "logger without a class": (
        (LEAVES, "+logger.own.save_dir=x"),
        ("logger.own={", "it names no class", "logger=[NAME,NAME]"),
    ),
    **{
        f"argument {key} that the program gives the logger": (
            (LEAVES, f"logger={name}", f"+logger.{name}.{key}=x"),
            (f"logger.{name}.{key}=x: the program gives this argument itself",),
        )
        for name, key in (
            ("tensorboard", "save_dir"),
            ("tensorboard", "version"),
            ("tensorboard", "default_hp_metric"),
            ("csv", "name"),
            ("wandb", "id"),
            ("mlflow", "run_id"),
        )
    },
    "argument that no logger takes": (
        (LEAVES, "logger=csv", "+logger.csv.queue=3"),
        ("logger.csv.queue=3: CSVLogger takes no such argument", "flush_logs_every_n_steps"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_setting_of_a_training_gets_a_sentence(
    case: str, command: Command, tmp_path: Path
) -> None:
    check_refusal(command, tmp_path, *CASES[case])


def test_full_error_brings_the_traceback_back(command: Command) -> None:
    result = command(LEAVES, *TINY, "optimizer.lr=-1", HYDRA_FULL_ERROR="1")
    assert result.returncode == 2
    assert "Traceback" in result.stderr
    assert "optimizer.lr=-1" in result.stderr
