"""Each bad input, the sentence it gets and exit status 2: no traceback, nothing half written."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, Command
from PIL import Image

LEAVES = "data=dead_leaves"
FOLDER = ("data=folder", "data.root=images", "data.count=4", "data.split=[0.5,0.25,0.25]")
NOWHERE = "data.url=http://127.0.0.1:9/"  # no test asks the real host
ABLATION = "+experiment=ablation"

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
    "unknown name key": (
        (LEAVES, "name_keys=[trainer.max_epoch]"),
        ("name_keys=trainer.max_epoch", "no such setting"),
    ),
    "two experiments": (
        ("+experiment=lr_grid,tanh", "-m"),
        ("+experiment=lr_grid,tanh", "one experiment"),
    ),
    "list of experiments": (
        ("+experiment=[lr_grid,tanh]", "-m"),
        ("+experiment=[lr_grid,tanh]", "one experiment"),
    ),
    "deleted setting of a group": ((LEAVES, "~data.count"), ("~data.count", "leave it in")),
    "deleted unknown setting": ((LEAVES, "~foo"), ("~foo: there is no such", "--help")),
    "deleted logger": ((LEAVES, "~logger"), ("~logger", "logger=none")),
    "no key": (("=1",), ("=1: the name of a setting is missing", "key=value")),
    "verb behind": (("seed=1", "table"), ("table: it is no setting", "first argument")),
    "unknown option of the command": (("--foo",), ("unrecognized arguments: --foo", "--help")),
    "no configuration folder": (("--config-dir", "nowhere"), ("--config-dir=nowhere", "no such")),
    "other configuration": (("--config-path", "conf"), ("--config-path=conf", "--config-dir=DIR")),
    "resolve alone": (("--resolve",), ("--resolve", "--cfg job --resolve")),
    "configuration of a sweep": (("-m", "--cfg", "job"), ("--cfg: it shows one run", "-m")),
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
    "folder of the targets": (
        (LEAVES, "experiment_name=test_images"),
        ("experiment_name=test_images", "targets", "another name"),
    ),
    "too many threads": ((LEAVES, "trainer.threads=9999"), ("threads=9999", "1 to 1024")),
    "split file without end": (
        (LEAVES, "data.split_file=/dev/zero"),
        ("data.split_file=/dev/zero", "no file"),
    ),
    "split file with another list": (
        (LEAVES, "data.split_file=four_lists.json"),
        ("data.split_file=four_lists.json", "'more'", "train, val and test"),
    ),
    "home folder without quotes": (
        ("data=folder", "data.root=~/nowhere"),
        (f"data.root={Path.home()}/nowhere", "no such folder"),
    ),
    "home folder alone": (
        ("data=folder", "data.root=~", "data.count=100000"),
        (f"data.root={Path.home()}",),
    ),
    "unknown top key": ((LEAVES, "epochs=1"), ("epochs: there is no such setting", "trainer")),
    "experiment without a plus": (("experiment=lr_grid",), ("experiment", "+experiment=")),
    "group switched off": ((LEAVES, "logger=null"), ("logger=null", "--help")),
    "infinite learning rate": ((LEAVES, "optimizer.lr=inf"), ("optimizer.lr=inf", "finite")),
    "tiny target": ((LEAVES, "data.target_size=12"), ("data.target_size=12", "15 pixels")),
    "cache cannot be written": (
        (LEAVES, "data.cache_dir=a_file"),
        ("data.cache_dir=a_file", "cannot be written"),
    ),
    "variant's network replaced": (
        (LEAVES, ABLATION, "variant=base", "model.name=interpolation"),
        ("model.name=interpolation", "variant=base"),
    ),
    "variant's layers replaced": (
        (LEAVES, ABLATION, "variant=base", "model.kernel_sizes=[9,5,5]"),
        ("model.kernel_sizes=[9, 5, 5]", "variant=base", "[9, 1, 5]"),
    ),
    "unknown option": ((LEAVES, "model=vgg"), ("model=vgg", "srcnn")),
    "unknown experiment": (("+experiment=nope",), ("experiment=nope", "lr_grid")),
    "no number": ((LEAVES, "optimizer.lr=abc"), ("optimizer.lr=abc", "a number")),
    "no whole number": ((LEAVES, "data.count=2.5"), ("data.count=2.5", "a whole number")),
    "null": ((LEAVES, "seed=null"), ("seed=null", "must not be null")),
    "no list": ((LEAVES, "data.split=0.5"), ("data.split", "a list")),
    "several values without -m": ((LEAVES, "seed=0,1"), ("seed=0,1", "-m")),
    "endless images": ((LEAVES, "data.count=1000000000000"), ("data.count", "100000")),
    "degradation against its name": (
        (LEAVES, "degradation.antialias=false"),
        ("degradation.antialias=false", "degradation.name=antialiased"),
    ),
    "no boolean": ((LEAVES, "model.batch_norm=perhaps"), ("batch_norm=perhaps", "true or false")),
    "no number in a sweep": ((LEAVES, "-m", "optimizer.lr=1e-3,abc"), ("lr=abc", "a number")),
    "negative learning rate": ((LEAVES, "optimizer.lr=-1"), ("optimizer.lr=-1", "above 0")),
    "no epochs": ((LEAVES, "trainer.max_epochs=0"), ("trainer.max_epochs=0", "at least 1")),
    "split does not add up": (
        (LEAVES, "data.split=[0.5,0.2,0.2]"),
        ("data.split=[0.5, 0.2, 0.2]", "add up to 0.9", "must make 1"),
    ),
    "no root": (("data=folder",), ("data.root=null", "data.root=DIR")),
    "folder missing": (("data=folder", "data.root=nowhere"), ("data.root=nowhere", "no such")),
    "folder empty": (("data=folder", "data.root=empty"), ("data.root=empty", "no images", "PNG")),
    "too few images": (
        (*FOLDER[:2], "data.count=10"),
        ("data.count=10", "only 4 images", "data.count=4"),
    ),
    "no network for DIV2K": (
        ("data=div2k", NOWHERE),
        ("data.url=http://127.0.0.1:9/", "data.root=DIR", "DIV2K_valid_HR", "data=dead_leaves"),
    ),
    "no DIV2K at a file URL": (
        ("data=div2k", "data.url=file:///nowhere"),
        ("data.url=file:///nowhere", "DIV2K_valid_HR.zip", "data.root=DIR"),
    ),
    "URL of no known kind": (
        ("data=div2k", "data.url=ftp://host/"),
        ("data.url=ftp://host/", "https://"),
    ),
    "unknown subset": (
        ("data=div2k", NOWHERE, "data.subset=test"),
        ("data.subset=test", "valid or train"),
    ),
    "more than the subset": (
        ("data=div2k", NOWHERE, "data.count=101"),
        ("data.count=101", "only 100 images", "data.subset=train"),
    ),
    "DIV2K's zip is none": (
        ("data=div2k", NOWHERE, "data.root=no_zip"),
        ("no_zip/DIV2K_valid_HR.zip", "damaged", "remove it"),
    ),
    "DIV2K cannot be kept": (
        ("data=div2k", NOWHERE, "data.root=a_file"),
        ("data.root=a_file", "cannot be kept", "another folder"),
    ),
    "split file missing": (
        (LEAVES, "data.split_file=gone.json"),
        ("data.split_file=gone.json", "cannot be read"),
    ),
    "split file not JSON": (
        (LEAVES, "data.split_file=a_file"),
        ("data.split_file=a_file", "not JSON"),
    ),
    "split file without lists": (
        (LEAVES, "data.split_file=no_lists.json"),
        ("data.split_file=no_lists.json", "train, val and test"),
    ),
    "split file with an image twice": (
        (LEAVES, "data.split_file=twice.json"),
        ("data.split_file=twice.json", "dead_leaves_0001 stands in it twice"),
    ),
    "split file of other data": (
        (*FOLDER, "data.split_file=twice.json"),
        ("data.split_file=twice.json", "dead_leaves_0001 is not among the 4 images of images"),
    ),
    "image smaller than the crop": (
        (*FOLDER, "data.crop=100"),
        ("data.crop=100", "image_", "80x70", "data.crop=70"),
    ),
    "truncated image": (
        (*FOLDER[:1], "data.root=truncated", *FOLDER[2:]),
        ("truncated/bad.png", "not a readable image"),
    ),
    "no image": (
        (*FOLDER[:1], "data.root=text", *FOLDER[2:]),
        ("text/bad.png", "not a readable image"),
    ),
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
    "unknown kernel": (
        (LEAVES, "degradation.kernel=lanczos"),
        ("degradation.kernel=lanczos", "bicubic"),
    ),
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
    "deleted setting whose value is null": (
        (LEAVES, "~data.patch_size"),
        ("~data.patch_size: every run needs this setting",),
    ),
    "deleted group": ((LEAVES, "~trainer"), ("~trainer: every run needs this setting",)),
    "deleted group of images": (("~data",), ("~data: every run needs this setting",)),
    "deleted group of a sweep": (
        (LEAVES, "~schedule", "-m"),
        ("~schedule: every run needs this setting",),
    ),
    "deleted name of a schedule": (
        (LEAVES, "~schedule.name"),
        ("~schedule.name: it says what the group stands for; leave it in.",),
    ),
    "null for a number": (
        (LEAVES, "schedule=one_cycle", "schedule.start=null"),
        ("schedule.start=null: it must be a number.",),
    ),
    "target smaller than SSIM's window": (
        (LEAVES, "data.target_size=8", "degradation.scale=4"),
        ("SSIM needs 19 pixels a side, a window of 11 within the shaved border of 4.",),
    ),
    "folder of drawn images": (
        (LEAVES, "data.root=images"),
        ("data.root=images: data=dead_leaves does not use it", "data=div2k or data=folder"),
    ),
    "subset of a folder": (
        (*FOLDER, "data.subset=train"),
        ("data.subset=train: data=folder does not use it", "data=div2k"),
    ),
    "address of drawn images": (
        (LEAVES, NOWHERE),
        (f"{NOWHERE}: data=dead_leaves does not use it",),
    ),
    "group with a plus": (
        (LEAVES, "+model=espcn"),
        ("+model: every run has this group", "model=NAME"),
    ),
    "second group of images with a plus": (
        (LEAVES, "+data=div2k"),
        ("+data: every run has this group", "data=NAME"),
    ),
    "choice without -m": ((LEAVES, "seed=choice(0,1)"), ("seed=choice(0,1): several", "-m")),
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
    **{
        f"configuration file {name}": (
            (LEAVES, "--config-dir", "own", f"model={name}"),
            (f"own/model/{name}.yaml: {words}", advice),
        )
        for name, words, advice in (
            ("unclosed", "line 3 cannot be read (expected ',' or ']'", "correct it"),
            ("tab", "line 2 cannot be read (found character '\\t'", "correct it"),
            ("twice", "line 2 cannot be read (found duplicate key name)", "correct it"),
            ("latin_1", "it cannot be read ('utf-8' codec can't decode", "correct it"),
            ("defaults", "it cannot be read (Invalid defaults list", "must be a list"),
            ("list", "it holds no settings", "key: value"),
            ("empty", "it lacks name or _target_", "which says what it stands for"),
            ("nameless", "it lacks name or _target_", "which says what it stands for"),
        )
    },
    "configuration file that chooses a second network": (
        (LEAVES, "--config-dir", "own", "+experiment=two"),
        ("model: a file chooses this group a second time", "override /model: NAME"),
    ),
    "no GPU": ((LEAVES, "trainer=gpu"), ("trainer.accelerator=gpu", "trainer=auto")),
    "unknown precision": ((LEAVES, "trainer.precision=17"), ("trainer.precision=17", "32-true")),
    "outputs cannot be written": (
        (LEAVES, "output_dir=a_file"),
        ("output_dir=a_file", "cannot be written"),
    ),
    "outputs of a sweep cannot be written": (
        (LEAVES, "output_dir=a_file", "-m", "seed=0,1"),
        ("output_dir", "a_file", "cannot be written"),
    ),
    "experiment is a path": ((LEAVES, "experiment_name=../x"), ("experiment_name=../x", "folder")),
    "variant overridden": (
        (LEAVES, ABLATION, "variant=tanh", "optimizer.weight_decay=0.1"),
        ("optimizer.weight_decay=0.1", "variant=tanh", "=0.0"),
    ),
    "variant's model overridden": (
        (LEAVES, ABLATION, "variant=bicubic", "model=srcnn"),
        ("model",),
    ),
    "variant overridden in a sweep": (
        (LEAVES, ABLATION, "model.batch_norm=true"),
        ("model.batch_norm", "model=interpolation has name"),
    ),
    "deleted setting": ((LEAVES, "~seed"), ("~seed: every run needs this setting",)),
    "deleted class": ((LEAVES, "~model.name"), ("~model.name", "leave it in")),
    "unknown setting without a value": ((LEAVES, "+bogus=???"), ("bogus=???: there is no such",)),
    "no such logger": (
        (LEAVES, "logger._target_=nope.Nope"),
        ("logger._target_=nope.Nope", "cannot be imported"),
    ),
    "logger that is no name": ((LEAVES, "logger._target_=5"), ("logger._target_=5",)),
    "argument that the program gives": (
        (LEAVES, "+logger.save_dir=x"),
        ("logger.save_dir=x: the program gives this argument itself",),
    ),
    "name that the program gives": (
        (LEAVES, "+logger.name=x"),
        ("logger.name=x: the program gives this argument itself",),
    ),
    "argument of no logger": (
        (LEAVES, "logger=none", "+logger.max_queue=3"),
        ("logger.max_queue=3: without a logger", "leave it out"),
    ),
    "negative seed": ((LEAVES, "seed=-1"), ("seed=-1", "0 or more")),
    "unreadable command line": ((LEAVES, "optimizer.lr=[1"), ("command line", "[1")),
}


CONFIGURATION_FILES = {
    "model/unclosed.yaml": b"name: srcnn\nkernel_sizes: [8, 4\n",
    "model/tab.yaml": b"name: srcnn\n\tfeatures: [8, 4]\n",
    "model/twice.yaml": b"name: srcnn\nname: srcnn\n",
    "model/latin_1.yaml": b"name: srcnn # caf\xe9\n",
    "model/defaults.yaml": b"defaults: 3\nname: srcnn\n",
    "model/list.yaml": b"- srcnn\n",
    "model/empty.yaml": b"",
    "model/nameless.yaml": b"features: [8, 4]\n",
    "model/small.yaml": b"defaults: [srcnn]\nfeatures: [8, 4]\n",
    "experiment/two.yaml": b"# @package _global_\ndefaults: [/model: espcn]\n",
}


@pytest.fixture
def files(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a_file").touch()
    (tmp_path / "no_lists.json").write_text('{"train": ["a.png"], "val": [], "test": ["b.png"]}')
    leaf = "dead_leaves_0001"
    lists = {"train": ["a"], "val": ["b"], "test": ["c"], "more": ["d"]}
    (tmp_path / "four_lists.json").write_text(json.dumps(lists))
    (tmp_path / "twice.json").write_text(
        json.dumps({"train": [leaf], "val": ["dead_leaves_0002"], "test": [leaf]})
    )
    (tmp_path / "no_zip").mkdir()
    (tmp_path / "no_zip/DIV2K_valid_HR.zip").write_text("not a zip")
    for name, content in CONFIGURATION_FILES.items():
        path = tmp_path / "own" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    noise = np.random.default_rng(0).integers(0, 256, (70, 80, 3), dtype=np.uint8)
    for folder in ("images", "truncated", "text"):
        (tmp_path / folder).mkdir()
        for index in range(4 if folder == "images" else 3):
            Image.fromarray(noise).save(tmp_path / folder / f"image_{index}.png")
    whole = (tmp_path / "images/image_0.png").read_bytes()
    (tmp_path / "truncated/bad.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text/bad.png").write_text("not a picture")


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("case", CASES)
def test_bad_input_gets_a_sentence(case: str, command: Command, tmp_path: Path) -> None:
    arguments, words = CASES[case]
    given = {argument.partition("=")[0] for argument in arguments}
    # Whoever has a GPU shall not see it: one case asks for what is not there.
    tiny = [item for item in TINY if item.partition("=")[0] not in given]
    result = command(*tiny, *arguments, CUDA_VISIBLE_DEVICES="")
    assert result.returncode == 2, result.stderr
    sentence = result.stderr.strip()
    assert len(sentence.splitlines()) == 1, sentence
    assert all(word in sentence for word in words), sentence
    assert {path.name for path in (tmp_path / "outputs").glob("*")} <= {".state"}
    # A temporary file is a hidden one that ends in the number of its process.
    assert not [path for path in tmp_path.rglob(".*") if path.suffix[1:].isdigit()]


def test_full_error_brings_the_traceback_back(command: Command) -> None:
    result = command(LEAVES, *TINY, "optimizer.lr=-1", HYDRA_FULL_ERROR="1")
    assert result.returncode == 2
    assert "Traceback" in result.stderr
    assert "optimizer.lr=-1" in result.stderr


def test_unknown_verb_is_told_from_a_setting(command: Command) -> None:
    done = command("tabel", "outputs")
    assert done.returncode == 2
    sentence = "tabel: there is no such verb; choose table, report, upscale, or give settings as"
    assert done.stderr == f"{sentence} key=value.\n"


@pytest.mark.usefixtures("files")
def test_configuration_file_that_builds_on_another_needs_no_name(command: Command) -> None:
    result = command(LEAVES, *TINY, "--config-dir", "own", "model=small")
    assert result.returncode == 0, result.stderr
    assert "/model=small: val" in result.stdout
