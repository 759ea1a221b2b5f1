"""Classes that a configuration names, and arguments, checked against the class's signature."""

import inspect
import json
import pkgutil
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from hashlib import file_digest
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args, get_origin

from srcnn_lightning.errors import BadInput, one_line, shown

PACKAGE = __name__.partition(".")[0]
# What a value of each of pydantic's types must be; other types are shown as they are written.
WANTED = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "a text",
    "list_type": "a list, as in [1,2]",
    "tuple_type": "a list, as in [1,2]",
    "dict_type": "a group of settings",
}


def locate(target: str, setting: str) -> Any:
    """Import a class or function.

    Args:
        target: name of the form `package.module.Class`.
        setting: setting that holds the name, for the sentence.

    Raises:
        BadInput: the target cannot be imported, or cannot be called.
    """
    try:
        located = pkgutil.resolve_name(target)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadInput(
            f"{setting}={target}: it cannot be imported ({one_line(error)}); "
            "give package.module.Class, importable from here."
        ) from error
    if not callable(located):
        raise BadInput(f"{setting}={target}: it is no class; give package.module.Class.")
    return located


def source_digest(target: str) -> str:
    """Digest of the file that holds a class of the user's own; empty for one of this program.

    Only packages above the module are imported. A target that is not found has an empty digest.
    """
    module = target.rpartition(".")[0]
    with suppress(ImportError, ValueError, OSError):
        spec = find_spec(module)
        if spec and spec.origin and module.partition(".")[0] != PACKAGE:
            with Path(spec.origin).open("rb") as file:
                return file_digest(file, "sha256").hexdigest()
    return ""


def accepts(target: Callable[..., Any], name: str) -> bool:
    """Whether a class or function takes an argument of this name.

    Raises:
        ValueError: the target is written in C and has no signature.
    """
    parameters = _parameters(target)
    return name in _named(parameters) or _takes_any(parameters)


def defaults(target: Callable[..., Any]) -> dict[str, Any]:
    """Default values of the arguments that have one, as plain values: a tuple becomes a list."""
    return {
        name: list(one.default) if isinstance(one.default, tuple) else one.default
        for name, one in _named(_parameters(target)).items()
        if one.default is not one.empty
    }


def check(
    group: str,
    target: Callable[..., Any],
    given: Mapping[str, Any],
    supplied: Collection[str] = (),
    name: str | None = None,
) -> None:
    """Refuse arguments that a class does not take, lacks, or takes with another type.

    Args:
        group: group of the configuration, `optimizer`, for the sentence.
        target: class or function that is called with the arguments.
        given: plain values by the argument's name.
        supplied: names of arguments that the program adds itself.
        name: name of the target in the sentence; None: its own.

    Raises:
        BadInput: the first such argument.
    """
    target_name = name or getattr(target, "__qualname__", str(target))
    parameters = _parameters(target)
    named = _named(parameters)
    for key, value in given.items():
        if key in supplied:
            raise BadInput(f"{group}.{key}={shown(value)}: the program gives this argument itself.")
        if key in named:
            _check_type(f"{group}.{key}", value, named[key].annotation)
        elif not _takes_any(parameters):
            known = ", ".join(key for key in named if key not in supplied) or "none"
            raise BadInput(
                f"{group}.{key}={shown(value)}: {target_name} takes no such argument; "
                f"it takes {known}."
            )
    for key, parameter in named.items():
        if parameter.default is parameter.empty and key not in given and key not in supplied:
            raise BadInput(
                f"{group}.{key}: {target_name} needs this argument; "
                f"give it as +{group}.{key}=VALUE."
            )


def _parameters(target: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(target, eval_str=True).parameters
    except NameError:  # an annotation that names something imported for type checkers alone
        return inspect.signature(target).parameters


def _named(parameters: Mapping[str, inspect.Parameter]) -> dict[str, inspect.Parameter]:
    return {
        name: parameter
        for name, parameter in parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }


def _takes_any(parameters: Mapping[str, inspect.Parameter]) -> bool:
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())


def _check_type(key: str, value: Any, annotation: Any) -> None:
    """Values come from YAML, so they are compared as JSON is: a list may stand for a tuple."""
    if annotation is inspect.Parameter.empty or isinstance(annotation, str):
        return

    from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

    try:
        adapter: TypeAdapter[Any] = TypeAdapter(
            annotation, config=ConfigDict(arbitrary_types_allowed=True)
        )
        adapter.validate_json(json.dumps(value, default=str), strict=True)
    except PydanticUserError:  # an annotation that pydantic has no schema for
        return
    except ValidationError as error:
        first = error.errors()[0]
        wanted = WANTED.get(first["type"])
        is_element = isinstance(value, list) and first["loc"] and isinstance(first["loc"][-1], int)
        subject = "each" if wanted and is_element else "it"
        wanted = wanted or _describe(annotation)
        raise BadInput(f"{key}={shown(value)}: {subject} must be {wanted}.") from error


def _describe(annotation: Any) -> str:
    """The type as it is written; `tuple[int, int]` in words."""
    items = get_args(annotation) if get_origin(annotation) is tuple else ()
    if set(items) in ({int}, {float}):
        return f"a list of {len(items)} {'whole ' if int in items else ''}numbers"
    return inspect.formatannotation(annotation)
