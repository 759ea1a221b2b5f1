"""Record contents with one place changed."""

import copy

GONE = "(gone)"


def places(value, place=()):
    """The path of every key, and of the first entry of every list."""
    below = value.items() if isinstance(value, dict) else ()
    below = [*enumerate(value)][:1] if isinstance(value, list) else below
    for key, one in below:
        yield (*place, key)
        yield from places(one, (*place, key))


def changed(content, place, value):
    """A copy with another value, or none, at a place."""
    content = copy.deepcopy(content)
    *groups, last = place
    at = content
    for key in groups:
        at = at[key]
    if value == GONE:
        del at[last]
    else:
        at[last] = value
    return content
