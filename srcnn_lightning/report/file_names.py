"""Names for files and sections, from names that users give."""

import re
from collections.abc import Iterable

LONGEST = 50  # letters, each of up to four bytes, where a file's name has 255


def slug(text: str) -> str:
    """Letters, digits, underscores and hyphens of a name: safe in a path, an address and an id."""
    return re.sub(r"\W+", "-", text).strip("-").lower()[:LONGEST]


def unique(names: Iterable[str], numbered: str = "{}-{}") -> list[str]:
    """The same names in their order, with a number added to those that came before.

    Args:
        names: names.
        numbered: format of a name and its number.
    """
    distinct: list[str] = []
    for name in names:
        new, number = name, 1
        while new in distinct:
            number += 1
            new = numbered.format(name, number)
        distinct.append(new)
    return distinct
