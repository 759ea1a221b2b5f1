"""Arguments from a configuration against a signature: what is refused, and in which words."""

from collections.abc import Sequence

import pytest
import torch

from srcnn_lightning import arguments
from srcnn_lightning.errors import BadInput


def draw(
    radius: int,
    colours: Sequence[int] = (1, 2),
    centre: tuple[float, float] = (0.0, 0.0),
    name: str = "a",
    scale: float = 1.0,
    is_filled: bool | None = None,
    *,
    layers: list[str] | None = None,
    shade: torch.Tensor | None = None,
    untyped=3,
    unknown: "a_type_that_nobody_has" = None,  # type: ignore[name-defined]  # noqa: F821
) -> None:
    """Any function of typed arguments."""


class Anything:
    def __init__(self, width: int = 3, **settings: int) -> None: ...


class Nothing:
    pass


def typed(
    radius: int,
    colours: Sequence[int] = (1, 2),
    centre: tuple[float, float] = (0.0, 0.0),
    name: str = "a",
    scale: float = 1.0,
    is_filled: bool | None = None,
    *,
    layers: list[str] | None = None,
    shade: torch.Tensor | None = None,
    untyped=3,
) -> None:
    """The same without the name that cannot be looked up."""


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("colours", [9, 1, 5]),
        ("colours", []),
        ("centre", [1, 2.5]),  # a whole number is a number, a list may stand for a tuple
        ("name", "b"),
        ("scale", 2),
        ("scale", float("inf")),
        ("is_filled", True),
        ("is_filled", None),
        ("layers", ["x"]),
        ("layers", None),
        ("untyped", {"any": "thing"}),
    ],
)
def test_value_of_the_arguments_type_is_taken(key, value):
    arguments.check("picture", typed, {"radius": 1, key: value})


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("radius", "x", "picture.radius=x: it must be a whole number."),
        ("radius", 2.5, "picture.radius=2.5: it must be a whole number."),
        ("radius", True, "picture.radius=true: it must be a whole number."),
        ("radius", "3", "picture.radius=3: it must be a whole number."),
        ("radius", None, "picture.radius=null: it must be a whole number."),
        ("colours", 3, "picture.colours=3: it must be a list, as in [1,2]."),
        ("colours", [1, 2.5], "picture.colours=[1, 2.5]: each must be a whole number."),
        ("centre", 3, "picture.centre=3: it must be a list, as in [1,2]."),
        ("centre", [1], "picture.centre=[1]: it must be a list of 2 numbers."),
        ("centre", [1, "x"], "picture.centre=[1, 'x']: each must be a number."),
        ("name", 3, "picture.name=3: it must be a text."),
        ("scale", "abc", "picture.scale=abc: it must be a number."),
        ("is_filled", "perhaps", "picture.is_filled=perhaps: it must be true or false."),
        ("layers", ["x", 1], "picture.layers=['x', 1]: each must be a text."),
        ("shade", 3, "picture.shade=3: it must be torch.Tensor | None."),
    ],
)
def test_value_of_another_type_is_refused(key, value, wanted):
    with pytest.raises(BadInput) as refusal:
        arguments.check("picture", typed, {"radius": 1, key: value})
    assert str(refusal.value) == wanted


def test_unknown_argument_is_refused_with_those_there_are():
    with pytest.raises(BadInput) as refusal:
        arguments.check("picture", typed, {"radus": 1}, supplied=["shade", "untyped", "layers"])
    assert str(refusal.value) == (
        "picture.radus=1: typed takes no such argument; "
        "it takes radius, colours, centre, name, scale, is_filled."
    )


def test_name_in_the_sentence_may_be_given():
    with pytest.raises(BadInput, match=r"^a\.b=1: mine\.Net takes no such argument; it takes none"):
        arguments.check("a", Nothing, {"b": 1}, name="mine.Net")


def test_missing_argument_is_refused_unless_it_is_supplied():
    with pytest.raises(BadInput) as refusal:
        arguments.check("picture", typed, {})
    assert str(refusal.value) == (
        "picture.radius: typed needs this argument; give it as +picture.radius=VALUE."
    )
    arguments.check("picture", typed, {}, supplied=["radius"])


def test_any_keyword_is_taken_where_the_signature_says_so():
    arguments.check("group", Anything, {"height": "x", "width": 3})
    with pytest.raises(BadInput, match=r"^group\.width=x: "):
        arguments.check("group", Anything, {"width": "x"})


def test_annotation_that_cannot_be_looked_up_does_not_matter():
    # As of a type that is imported for type checkers alone: the names are checked, the types not.
    arguments.check("picture", draw, {"radius": 1, "unknown": 3})
    with pytest.raises(BadInput, match=r"^picture\.radus=1: draw takes no such"):
        arguments.check("picture", draw, {"radus": 1})


def test_arguments_of_torchs_adam():
    given = {"lr": 1e-3, "betas": [0.9, 0.99], "weight_decay": 0, "fused": True, "foreach": None}
    arguments.check("optimizer", torch.optim.Adam, given, supplied=["params"])
    for key, value, words in (
        ("lr", "abc", "it must be a number"),
        ("amsgrad", "yes", "it must be true or false"),
        ("momentum", 0.9, "Adam takes no such argument; it takes lr, betas, eps, weight_decay"),
    ):
        with pytest.raises(BadInput) as refusal:
            arguments.check("optimizer", torch.optim.Adam, {key: value}, supplied=["params"])
        assert str(refusal.value).startswith(f"optimizer.{key}={value}: {words}")


@pytest.mark.parametrize(
    ("target", "name", "wanted"),
    [
        (typed, "radius", True),
        (typed, "layers", True),
        (typed, "radus", False),
        (Anything, "height", True),
        (Nothing, "height", False),
        (torch.optim.Adam, "lr", True),
    ],
)
def test_accepts_tells_whether_there_is_such_an_argument(target, name, wanted):
    assert arguments.accepts(target, name) is wanted
