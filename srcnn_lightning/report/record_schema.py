"""What a run record must hold for tables and figures, as a JSON Schema."""

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from srcnn_lightning.run_record import Record

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

TEXT = {"type": "string"}
RANGE = {"minimum": -1e30, "maximum": 1e30}  # whole numbers of JSON outgrow a float
WHOLE = {"type": "integer", **RANGE}
NUMBER = {"type": "number", **RANGE}
FIGURE = {"type": ["number", "null"], **RANGE}  # NaN and infinity are written as null
SINGLE = {"type": ["string", "number", "boolean", "null"]}
# Names become paths: no record may lead out of its folder, nor into one of another kind.
IMAGE = {**TEXT, "pattern": r"^[^/\0]+\Z"}
NAMES = {"type": "array", "items": IMAGE}
TEST_IMAGES = {**TEXT, "pattern": r"^test_images/(?!\.\.?\Z)[^/\\\0]+\Z"}
MOST_EPOCHS = 1_000_000


def _object(*optional: str, others: Any = True, **properties: Any) -> dict[str, Any]:
    """All properties are required but the optional ones; there may be others, of that schema."""
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": others,
    }


EPOCH = {"type": "integer", "minimum": 1, "maximum": MOST_EPOCHS}
CONFIG = _object(
    "init_from",
    seed=WHOLE,
    data=_object(crop=WHOLE, target_size=WHOLE, batch_size=WHOLE),
    degradation=_object(name=TEXT, antialias={"type": "boolean"}, scale=WHOLE, others=SINGLE),
    model=_object(_target_=TEXT),
    optimizer=_object("weight_decay", _target_=TEXT, lr=NUMBER, weight_decay=NUMBER),
    trainer=_object(max_epochs=EPOCH, precision=TEXT),
    init_from={"type": ["string", "null"]},
)
ENVIRONMENT = _object(
    "device",
    "device_name",
    "threads",
    "versions",
    device=TEXT,
    device_name=TEXT,
    threads=WHOLE,
    versions={"type": "object", "additionalProperties": TEXT},
)
SCHEMA = _object(
    *("date", "test_images", "history", "epochs", "environment", "durations"),
    *("metrics", "per_image", "parameters"),
    name=TEXT,
    experiment=TEXT,
    variant={"type": ["string", "null"]},
    data=TEXT,
    data_hash=TEXT,
    hash=TEXT,
    status={"enum": ["finished", "diverged", "failed"]},
    config=CONFIG,
    split=_object(train=NAMES, val=NAMES, test=NAMES),
    date=TEXT,
    test_images=TEST_IMAGES,
    history={"type": "array", "items": _object(epoch=EPOCH, val_loss=FIGURE, val_psnr=FIGURE)},
    epochs=WHOLE,
    environment=ENVIRONMENT,
    durations={"type": "object", "additionalProperties": NUMBER},
    metrics={"type": "object", "additionalProperties": FIGURE},
    per_image={
        "type": "array",
        "items": _object("grey", name=TEXT, psnr=FIGURE, grey={"type": "boolean"}),
    },
    parameters=WHOLE,
) | {
    "if": {"properties": {"status": {"const": "finished"}}},
    "then": {
        "required": ["metrics", "per_image", "parameters"],
        "properties": {"metrics": {"required": ["max_val_psnr", "test_loss", "test_psnr"]}},
    },
}


def fault(found: Record) -> str | None:
    """Where a record is not as `srcnn_lightning.runs.run` writes it, and how; None where it is."""
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        return f"{error.object[error.start : error.end]!r} is no character"
    wrong = next(_validator().iter_errors(found), None)
    if wrong is None:
        return None
    place = ".".join(map(str, wrong.absolute_path))
    return f"{place}: {wrong.message}"[:200] if place else wrong.message[:200]


@cache
def _validator() -> "Validator":
    from jsonschema import Draft4Validator, Draft202012Validator, validators

    # To Draft 4 a whole number is no 2.0, as to a list.
    kinds = Draft4Validator.TYPE_CHECKER
    kind = validators.extend(Draft202012Validator, type_checker=kinds)  # type: ignore[no-untyped-call]
    made: Validator = kind(SCHEMA)
    return made
