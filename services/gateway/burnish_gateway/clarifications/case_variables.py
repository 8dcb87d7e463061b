"""Variables of made-up test cases: shown by dotted names, kept as templates read them. Pure."""

from collections.abc import Collection, Mapping
from typing import Any, Final

DEPTH_MOST: Final = 8
"""What lies deeper is left out: a model may write anything."""


def flat(given: Mapping[Any, Any], *, below: tuple[str, ...] = ()) -> dict[str, Any]:
    """`{"order": {"id": 7}}`, as models write what a prompt calls `{{order.id}}`, is `{"order.id": 7}`."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        names = (*below, str(name))
        if not isinstance(value, Mapping):
            found[".".join(names)] = value
        elif len(names) < DEPTH_MOST:
            found |= flat(value, below=names)
    return found


def nested(given: Mapping[str, str], *, roots: Collection[str]) -> dict[str, Any]:
    """The other way round, without what is below none of `roots`. Of `order` and `order.id` the latter stays."""
    found: dict[str, Any] = {}
    for name, value in sorted(given.items()):
        *above, last = name.split(".")
        if [*above, last][0] not in roots:
            continue
        level = found
        for part in above:
            if not isinstance(level.get(part), dict):
                level[part] = {}
            level = level[part]
        level[last] = value
    return found
