"""Whether a JSON value is as a JSON Schema wants it, and where it is not. Pure; nothing is fetched."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jsonschema_rs

FLAWS_MOST: Final = 5

NODES_MOST: Final = 2_000
"""Of a schema that is looked at here and now."""

NEEDS_BOUNDS: Final = frozenset(
    {"$ref", "$dynamicRef", "$recursiveRef", "pattern", "patternProperties", "uniqueItems", "unevaluatedProperties", "unevaluatedItems",
     "contains", "format", "propertyNames"}
)  # fmt: skip
"""Keywords with which a short schema can take long: references that double at each level, patterns, comparisons of all with all."""

LACKING: Final = frozenset({"required", "dependentRequired"})
"""Keywords that ask for a field: its name stands in the schema, so it may be told."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """`path`: a JSON Pointer with `*` for names that the schema does not know; `message` quotes nothing of the value, `detail` does."""

    path: str
    message: str
    detail: str


class BadSchema(ValueError):
    """No JSON Schema, or one that points out of itself."""


class SchemaCheck:
    """A schema, compiled once (draft 2020-12 where it does not name another)."""

    def __init__(self, schema: dict[str, Any]) -> None:
        """Raises BadSchema."""
        try:
            self._validator = jsonschema_rs.validator_for(schema, retriever=_refuse)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            raise BadSchema(str(error).splitlines()[0][:200]) from error
        self._names = frozenset(_names_in(schema))

    def flaws(self, value: Any) -> list[Flaw]:
        """What is not as it should be, at most FLAWS_MOST."""
        found: list[Flaw] = []
        for error in self._validator.iter_errors(value):
            where = [str(one) if isinstance(one, int) or one in self._names else "*" for one in error.instance_path]
            keyword = next((str(one) for one in reversed(error.schema_path) if isinstance(one, str)), "schema")
            exact = "/".join(str(one) for one in error.instance_path)
            lacking = getattr(error.kind, "property", None) if keyword in LACKING else None
            message = f"breaks `{keyword}`" if lacking is None else f"lacks `{str(lacking)[:100]}`"
            found.append(Flaw("/" + "/".join(where) if where else "", message, f"/{exact}: {error.message[:300]}"))
            if len(found) == FLAWS_MOST:
                break
        return found


def is_quick(schema: Any) -> bool:
    """Whether looking takes time in proportion to schema and value, so that it may be done where others wait."""
    count = 0
    waiting = [schema]
    while waiting:
        one = waiting.pop()
        count += 1
        if count > NODES_MOST:
            return False
        if isinstance(one, Mapping):
            if not NEEDS_BOUNDS.isdisjoint(one):
                return False
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return True


def _names_in(schema: Any) -> Iterator[str]:
    """Names that stand in the schema itself: telling them tells nothing of a value."""
    waiting = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            properties = one.get("properties")
            if isinstance(properties, Mapping):
                yield from (str(name) for name in properties)
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _refuse(uri: str) -> Any:
    raise ValueError(f"$ref may not point to {uri[:100]}")
