"""Studies of single papers: each a package here, which a report takes by its name.

To add one, make a package whose `__init__.py` holds `STUDY = Study(...)` of
`srcnn_lightning.report.study`, which describes each field: here, or in a folder of your own
(docs/own.md). Its printed table, the choice of its figures and a section of the page stand in
modules beside it; `srcnn_paper` is an example. Variants are those of conf/variant/, or of a folder
that `--config-dir` names. `table --study NAME` and `report --study NAME` show runs by it, and no
other file names it.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

from srcnn_lightning.errors import BadInput, one_line
from srcnn_lightning.report.study import Study

NONE = "none"


def names() -> list[str]:
    """Names of all studies."""
    return [module.name for module in iter_modules(__path__) if module.ispkg]


def find(name: str) -> Study | None:
    """The study of a name; None for `none`.

    Args:
        name: a package here, or one of the user's own that can be imported.

    Raises:
        BadInput: there is no such study.
    """
    if name == NONE:
        return None
    sys.path.append(str(Path.cwd()))  # an installed script does not look there
    module = f"{__name__}.{name}" if name in names() else name
    try:
        is_there = find_spec(module) is not None
    except (ImportError, ValueError):
        is_there = False
    if not is_there:
        known = ", ".join([*names(), NONE])
        raise BadInput(
            f"--study={name}: there is no such study; give one of {known}, or a package of your "
            "own that holds STUDY, importable from here."
        )
    try:
        study = import_module(module).STUDY
    except Exception as error:  # a package of one's own may do anything
        raise BadInput(
            f"--study={name}: it cannot be imported ({one_line(error)}); mend the package."
        ) from error
    if not isinstance(study, Study):
        raise BadInput(
            f"--study={name}: its STUDY is no srcnn_lightning.report.study.Study; make it one."
        )
    return study
