"""Names for files and sections, from names that users give."""

import re
from collections.abc import Iterable

LONGEST = 50  # letters, each of up to four bytes, where a file's name has 255


def slug(text: str) -> str:
    """Letters, digits, underscores and hyphens of a name: safe in a path, an address and an id."""
    return re.sub(r"\W+", "-", text).strip("-").lower()[:LONGEST]


def unique(names: Iterable[str], numbered: str = "{}-{}") -> list[str]:
    """The same names, in their order, a number added to those that have been there before."""
    given: list[str] = []
    for name in names:
        new, number = name, 1
        while new in given:
            number += 1
            new = numbered.format(name, number)
        given.append(new)
    return given
