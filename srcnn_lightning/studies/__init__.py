"""Studies of single papers: each a package here, which a report takes by its name.

To add one, make a folder here whose `__init__.py` holds `STUDY = Study(...)` of
`srcnn_lightning.report.study`, which describes each field. Its printed table, the choice of its
figures and a section of the page stand in modules beside it; `srcnn_paper` is an example. Variants
are those of conf/variant/. `table --study NAME` and `report --study NAME` show runs by it, and no
other file names it.
"""

from importlib import import_module
from pkgutil import iter_modules

from srcnn_lightning.errors import BadInput
from srcnn_lightning.report.study import Study

NONE = "none"


def names() -> list[str]:
    """Names of all studies."""
    return [module.name for module in iter_modules(__path__) if module.ispkg]


def find(name: str) -> Study | None:
    """The study of a name; None for `none`.

    Raises:
        BadInput: there is no such study.
    """
    if name == NONE:
        return None
    if name not in names():
        known = ", ".join([*names(), NONE])
        raise BadInput(f"--study={name}: there is no such study; give one of {known}.")
    study: Study = import_module(f"{__name__}.{name}").STUDY
    return study
