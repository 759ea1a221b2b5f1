import inspect
import re
from pathlib import Path

import pytest
from data_settings import ANTIALIASED
from omegaconf import OmegaConf
from torch import nn

from srcnn_lightning import arguments, models
from srcnn_lightning.errors import BadInput
from srcnn_lightning.models import registry

FILES = sorted((Path(__file__).resolve().parents[2] / "conf/model").glob("*.yaml"))
OF_THE_DEGRADATION = ("kernel", "antialias", "scale")


def group(path):
    content = OmegaConf.to_container(OmegaConf.load(path))
    return content.get("model", content)


NAMED = {path.stem: group(path) for path in FILES if "name" in group(path)}  # not drcn_small
NAMED = {name: settings for name, settings in NAMED.items() if "_target_" not in settings}


@pytest.mark.parametrize("file", NAMED)
def test_file_of_a_network_holds_its_arguments_and_their_defaults(file):
    settings = dict(NAMED[file])
    network = registry.registered(settings.pop("name"))
    defaults = arguments.defaults(network)
    wanted = {key: value for key, value in defaults.items() if key not in OF_THE_DEGRADATION}
    assert settings == wanted
    assert set(defaults) == set(inspect.signature(network).parameters)


def test_every_registered_network_has_a_file():
    assert {settings["name"] for settings in NAMED.values()} == set(models.list_models())


def test_page_of_networks_has_their_parameters():
    page = (FILES[0].parents[2] / "docs/networks.md").read_text()
    rows = re.findall(r"^\| `(\w+)` .* \| ([\d,]+) \|$", page, re.MULTILINE)
    counts = {name: int(count.replace(",", "")) for name, count in rows}
    assert counts == {
        name: sum(parameter.numel() for parameter in models.build(name).parameters())
        for name in models.list_models()
        if name != "interpolation"
    }


def test_network_is_built_by_name():
    network = models.build("srcnn", features=[8, 4], scale=3)
    assert isinstance(network, models.SRCNN)
    assert network.layers[0].out_channels == 8


@pytest.mark.parametrize("name", models.list_models())
def test_unknown_argument_of_any_network_is_refused(name):
    with pytest.raises(
        BadInput, match=f"^model.nonsense=20: {name} takes no such argument; it takes"
    ):
        models.build(name, nonsense=20)


def test_unknown_network_is_refused():
    with pytest.raises(BadInput, match=r"^model\.name=vgg: .* choose drcn, edsr, espcn, fsrcnn, "):
        models.build("vgg")


def test_network_that_is_registered_is_built(monkeypatch):
    monkeypatch.setattr(registry, "_NETWORKS", dict(registry._NETWORKS))

    @models.register("mine")
    class Mine(nn.Module):
        def __init__(self, width: int = 8) -> None:
            super().__init__()
            self.width = width

    assert "mine" in models.list_models()
    with pytest.raises(ValueError, match="mine: a network of this name"):
        models.register("mine")(Mine)
    assert models.build("mine", width=3).width == 3


def test_registered_network_with_a_required_argument_is_configured(monkeypatch):
    monkeypatch.setattr(registry, "_NETWORKS", dict(registry._NETWORKS))

    @models.register("needy")
    class Needy(nn.Module):
        def __init__(self, width: int, scale: int = 2) -> None:
            super().__init__()

    settings = models.network_settings({"name": "needy", "width": 3}, ANTIALIASED)
    assert settings == {"name": "needy", "width": 3, "scale": 2}
    with pytest.raises(BadInput, match=r"^model\.width: needy needs this argument"):
        models.network_settings({"name": "needy"}, ANTIALIASED)
