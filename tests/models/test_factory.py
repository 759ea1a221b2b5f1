import json
import sys
import textwrap

import pytest
import torch
from run_records import SRCNN

from srcnn_lightning import models
from srcnn_lightning.config import DegradationConfig
from srcnn_lightning.errors import BadInput
from srcnn_lightning.models.scales import at_scale

# As conf/model/srcnn.yaml has it.
SRCNN_GROUP = {**SRCNN, "init": "identity"}


def degradation(antialias=True, scale=2, kernel="bicubic"):
    return DegradationConfig(name="any", kernel=kernel, antialias=antialias, scale=scale)


OWN_NETWORKS = """
    from torch import nn

    class Net(nn.Module):
        def __init__(self, width=8, scale=2):
            super().__init__()
            self.width, self.scale = width, scale
            self.layer = nn.Conv2d(3, 3 * scale**2, 3, padding=1)
            self.shuffle = nn.PixelShuffle(scale)

        def forward(self, images):
            return self.shuffle(self.layer(images))

    class NoScale(nn.Module):
        def __init__(self, features):
            super().__init__()
            self.features = features

    class Bare(nn.Module):
        pass

    class Anything(nn.Module):
        def __init__(self, **settings):
            super().__init__()
            self.settings = settings

    raised = 3
"""


@pytest.fixture
def own_package(tmp_path, monkeypatch):
    """The name of a package of the user's, importable while a test runs."""
    package = tmp_path / "users_own"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "networks.py").write_text(textwrap.dedent(OWN_NETWORKS))
    (package / "broken.py").write_text("import a_module_that_nobody_has\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "users_own"
    for name in [name for name in sys.modules if name.partition(".")[0] == "users_own"]:
        del sys.modules[name]


def test_settings_keep_every_argument_as_a_plain_value():
    settings = models.network_settings(SRCNN_GROUP, degradation(False, 3))
    added = {"residual": False, "color": "rgb"}
    wanted = {**SRCNN_GROUP, **added, "kernel": "bicubic", "antialias": False, "scale": 3}
    assert settings == wanted
    # Tuples, ListConfigs and tensors do not survive this; checkpoints load under weights_only.
    assert json.loads(json.dumps(settings)) == settings


def test_settings_build_the_network_they_describe():
    group = {**SRCNN_GROUP, "kernel_sizes": [3, 1], "features": [8]}
    settings = models.network_settings(group, degradation(False, 3, "bilinear"))
    network = models.build_network(settings)
    assert isinstance(network, models.SRCNN)
    assert sum(parameter.numel() for parameter in network.parameters()) == 224 + 27
    used = network.interpolation
    assert (used.kernel, used.antialias, used.scale) == ("bilinear", False, 3)


def test_settings_leave_the_configuration_alone():
    group = dict(SRCNN_GROUP)
    models.build_network(models.network_settings(group, degradation()))
    assert group == SRCNN_GROUP


def test_baseline_gets_the_degradations_kernel():
    settings = models.network_settings({"name": "interpolation"}, degradation(False, 4, "nearest"))
    network = models.build_network(settings)
    assert (network.kernel, network.antialias, network.scale) == ("nearest", False, 4)


def test_degradation_is_offered_only_to_those_who_take_it(own_package):
    net = {"_target_": f"{own_package}.networks.Net"}
    no_scale = {"_target_": f"{own_package}.networks.NoScale", "features": [4]}
    assert models.network_settings(net, degradation(True, 3)) == {**net, "scale": 3}
    assert models.network_settings(no_scale, degradation(True, 3)) == no_scale


def test_network_that_takes_anything_is_offered_everything(own_package):
    group = {"_target_": f"{own_package}.networks.Anything", "name": "mine", "width": 3}
    network = models.build_network(models.network_settings(group, degradation()))
    wanted = {"width": 3, "kernel": "bicubic", "antialias": True, "scale": 2}
    assert network.settings == wanted


def test_own_network_is_not_given_srcnns_keys(own_package):
    # model._target_=mine.Net without model=custom replaces one key and leaves the others.
    group = {**SRCNN_GROUP, "_target_": f"{own_package}.networks.Net"}
    with pytest.raises(BadInput, match=r"^model\.kernel_sizes=\[9, 1, 5\]: .* it takes width\.$"):
        models.network_settings(group, degradation(True, 3))


def test_own_network_that_takes_the_kernel_gets_that_of_the_degradation(own_package):
    group = {"_target_": f"{own_package}.networks.Anything"}
    settings = models.network_settings(group, degradation(kernel="nearest"))
    assert settings["kernel"] == "nearest"
    net = {"_target_": f"{own_package}.networks.Net", "width": 16}
    assert models.network_settings(net, degradation(scale=3)) == {**net, "scale": 3}
    network = models.build_network({**net, "scale": 3})
    assert network.width == 16
    assert network(torch.rand(1, 3, 4, 5)).shape == (1, 3, 12, 15)


def test_unknown_key_of_an_own_network_is_refused_by_name_and_value(own_package):
    group = {"_target_": f"{own_package}.networks.Net", "widht": 16}
    with pytest.raises(BadInput) as refusal:
        models.network_settings(group, degradation(True, 2))
    sentence = str(refusal.value)
    assert sentence.startswith("model.widht=16:")
    assert sentence.endswith("it takes width.")  # and not scale, which the program gives


def test_network_without_a_constructor_takes_no_argument(own_package):
    group = {"_target_": f"{own_package}.networks.Bare"}
    assert models.network_settings(group, degradation(True, 2)) == group
    with pytest.raises(BadInput, match=r"^model\.width=3: .*networks\.Bare takes .* takes none\.$"):
        models.network_settings({**group, "width": 3}, degradation(True, 2))


@pytest.mark.parametrize("key", ["kernel", "antialias", "scale"])
def test_degradations_keys_are_refused_in_the_group_of_the_network(key):
    with pytest.raises(BadInput, match=rf"^model\.{key}=3: .* set degradation\.{key}\.$"):
        models.network_settings({**SRCNN_GROUP, key: 3}, degradation(True, 2))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"batch_norm": "perhaps"}, "model.batch_norm=perhaps: it must be true or false."),
        ({"kernel_sizes": 9}, "model.kernel_sizes=9: it must be a list, as in [1,2]."),
        ({"features": [64, 3.5]}, "model.features=[64, 3.5]: each must be a whole number."),
    ],
)
def test_value_of_another_type_is_refused(changed, sentence):
    with pytest.raises(BadInput) as refusal:
        models.network_settings({**SRCNN_GROUP, **changed}, degradation(True, 2))
    assert str(refusal.value) == sentence


def test_unknown_key_of_srcnn_is_refused():
    with pytest.raises(BadInput, match=r"^model\.depth=20: "):
        models.network_settings({**SRCNN_GROUP, "depth": 20}, degradation(True, 2))


@pytest.mark.parametrize(
    "target",
    [
        "a_package_that_nobody_has.Net",
        "srcnn_lightning.models.SRCN",
        "SRCNN",
        "",
        "srcnn_lightning..SRCNN",
        "users_own.networks.Nothing",
        "users_own.broken.Net",
    ],
)
@pytest.mark.parametrize("use", ["settings", "build"])
def test_target_that_cannot_be_imported_is_refused(own_package, target, use):
    with pytest.raises(BadInput) as refusal:
        if use == "settings":
            models.network_settings({"_target_": target}, degradation(True, 2))
        else:
            models.build_network({"_target_": target})
    assert str(refusal.value).startswith(f"model._target_={target}:")


@pytest.mark.parametrize("target", ["users_own.networks", "users_own.networks.raised"])
def test_target_that_is_no_class_is_refused(own_package, target):
    # The class's name forgotten is the commonest slip of all.
    with pytest.raises(BadInput) as refusal:
        models.network_settings({"_target_": target}, degradation(True, 2))
    assert str(refusal.value).startswith(f"model._target_={target}:")


def test_refusal_is_one_line():
    with pytest.raises(BadInput) as refusal:
        models.network_settings({"_target_": "a_package_that_nobody_has.Net"}, degradation())
    assert "\n" not in str(refusal.value)


def test_argument_that_is_missing_is_refused(own_package):
    target = f"{own_package}.networks.NoScale"
    with pytest.raises(BadInput, match="features"):
        models.network_settings({"_target_": target}, degradation())


@pytest.mark.parametrize("name", models.list_models())
def test_file_may_name_a_registered_network(name):
    network = models.build_trusted({"name": name, "scale": [2, 3] if name == "mdsr" else 3})
    assert type(network) is type(models.build(name))
    assert at_scale(network, 3)(torch.rand(1, 3, 16, 32)).shape == (1, 3, 48, 96)


def test_allowed_package_may_be_given_as_a_text(own_package):
    settings = {"_target_": f"{own_package}.networks.Net", "width": 16}
    assert models.build_trusted(settings, allow_package=own_package).width == 16
    with pytest.raises(BadInput, match=f"--allow-package {own_package} "):
        models.build_trusted(settings, allow_package="users")


def test_file_may_name_a_network_of_an_allowed_package_alone(own_package):
    settings = {"_target_": f"{own_package}.networks.Net", "width": 16}
    for allowed in ((), ["users"], ["users_own.network"], ["torch"]):
        with pytest.raises(BadInput, match=f"--allow-package {own_package} "):
            models.build_trusted(settings, allow_package=allowed)
    assert own_package not in sys.modules
    for allowed in ([own_package], ["torch", f"{own_package}.networks"]):
        assert models.build_trusted(settings, allow_package=allowed).width == 16


def test_allowed_package_that_cannot_be_imported_is_refused(own_package):
    with pytest.raises(BadInput, match="a_module_that_nobody_has"):
        models.build_trusted({"_target_": f"{own_package}.broken.Net"}, [own_package])
