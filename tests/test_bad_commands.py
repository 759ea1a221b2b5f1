"""Command lines and configuration files that cannot be read: one sentence and exit status 2."""

from pathlib import Path

import pytest
from bad_input import LEAVES, check_refusal
from conftest import TINY, Command

ABLATION = "+experiment=ablation"

# What is typed, and what the sentence must hold: the setting, its value, what would be right.
CASES = {
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
    "no key": (("=1",), ("=1: the name of a setting is missing", "key=value")),
    "verb behind": (("seed=1", "table"), ("table: it is no setting", "first argument")),
    "unknown option of the command": (("--foo",), ("unrecognized arguments: --foo", "--help")),
    "no configuration folder": (("--config-dir", "nowhere"), ("--config-dir=nowhere", "no such")),
    "other configuration": (("--config-path", "conf"), ("--config-path=conf", "--config-dir=DIR")),
    "resolve alone": (("--resolve",), ("--resolve", "--cfg job --resolve")),
    "configuration of a sweep": (("-m", "--cfg", "job"), ("--cfg: it shows one run", "-m")),
    "folder of the targets": (
        (LEAVES, "experiment_name=test_images"),
        ("experiment_name=test_images", "targets", "another name"),
    ),
    "unknown top key": ((LEAVES, "epochs=1"), ("epochs: there is no such setting", "trainer")),
    "experiment without a plus": (("experiment=lr_grid",), ("experiment", "+experiment=")),
    "group switched off": ((LEAVES, "logger=null"), ("logger=null", "--help")),
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
    "null": ((LEAVES, "seed=null"), ("seed=null", "must not be null")),
    "several values without -m": ((LEAVES, "seed=0,1"), ("seed=0,1", "-m")),
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
    "group with a plus": (
        (LEAVES, "+model=espcn"),
        ("+model: every run has this group", "model=NAME"),
    ),
    "second group of images with a plus": (
        (LEAVES, "+data=div2k"),
        ("+data: every run has this group", "data=NAME"),
    ),
    "choice without -m": ((LEAVES, "seed=choice(0,1)"), ("seed=choice(0,1): several", "-m")),
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
    (tmp_path / "a_file").touch()
    for name, content in CONFIGURATION_FILES.items():
        path = tmp_path / "own" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("case", CASES)
def test_bad_command_gets_a_sentence(case: str, command: Command, tmp_path: Path) -> None:
    check_refusal(command, tmp_path, *CASES[case])


def test_unknown_verb_is_told_from_a_setting(command: Command) -> None:
    done = command("tabel", "outputs")
    assert done.returncode == 2
    assert done.stderr == (
        "tabel: there is no such verb; choose table, report, upscale, evaluate, export, or give "
        "settings as key=value.\n"
    )


@pytest.mark.usefixtures("files")
def test_configuration_file_that_builds_on_another_needs_no_name(command: Command) -> None:
    result = command(LEAVES, *TINY, "--config-dir", "own", "model=small")
    assert result.returncode == 0, result.stderr
    assert "/model=small: val" in result.stdout
