"""What is wrong with the arguments of a tool, so that a model can put all of it right with its next call. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import jsonschema_rs

from burnish_gateway.mcp.arguments import ID_PATTERN, SLUG_PATTERN
from burnish_shared.places import place_of

NAMED_MOST: Final = 20
"""Names that no tool takes are told up to this many; a sender of more has not read the schema anyway."""

NAME_MOST: Final = 100

KINDS: Final = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "object": "an object",
}  # fmt: skip
"""Types of JSON Schema → what is wanted."""

PATTERNS: Final = {
    ID_PATTERN: "must be a UUID, such as 01930000-0000-7000-8000-000000000000",
    SLUG_PATTERN: "must be a slug: letters, digits, - and _, at most 63, a letter or digit first",
}
"""What is asked for, in words."""

BOUNDS: Final = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "above", "exclusiveMaximum": "below"}


class ArgumentCheck:
    """The schema of one tool's arguments, compiled once."""

    def __init__(self, schema: Mapping[str, Any], *, tool: str) -> None:
        self._schema = schema
        self._tool = tool
        self._validator = jsonschema_rs.validator_for(dict(schema))

    def flaws(self, arguments: Mapping[str, Any]) -> list[str]:
        """A sentence for each argument that is wrong, lacking or unknown: its name, and what it must be. Values are never repeated."""
        return [said for error in self._validator.iter_errors(dict(arguments)) for said in self._said(error)]

    def _said(self, error: Any) -> Iterator[str]:
        path, kind = list(error.instance_path), error.kind
        if kind.name == "required":
            yield f"{_path([*path, kind.property])}: is needed{self._meant([*path, kind.property])}"
        elif kind.name == "additionalProperties":
            takes = ", ".join(self._at(path)["properties"]) or "nothing"
            whose = f"field of {_path(path)}" if path else f"argument of {self._tool}"
            for name in kind.unexpected[:NAMED_MOST]:
                yield f"{_path([*path, name])}: is no {whose}, which takes {takes}"
        else:
            yield f"{_path(path)}: {self._wanted(error)}{self._meant(path)}"

    def _wanted(self, error: Any) -> str:
        keyword = error.kind.name
        if keyword == "type":
            *outer, name = error.instance_path
            wanted = f"must be {KINDS[self._at(error.instance_path)['type']]}"
            may_lack = error.instance is None and name not in self._at(outer).get("required", ())
            return f"{wanted}; leave it out where there is none" if may_lack else wanted
        if keyword == "enum":
            options = [str(one) for one in error.kind.options]
            return f"must be {' or '.join([', '.join(options[:-1]), options[-1]] if options[1:] else options)}"
        if keyword in BOUNDS:
            return f"must be {BOUNDS[keyword]} {error.kind.limit}"
        if keyword == "maxLength":
            return f"may have at most {error.kind.limit} characters; it has {len(error.instance)}"
        if keyword == "pattern":
            return PATTERNS.get(error.kind.pattern) or f"must match the pattern {error.kind.pattern}"
        return f"breaks `{keyword}` of the tool's schema"

    def _meant(self, path: Sequence[int | str]) -> str:
        described = str(self._at(path).get("description", "")).rstrip(".")
        return f" ({described})" if described else ""

    def _at(self, path: Sequence[int | str]) -> Mapping[str, Any]:
        """The part of the schema that speaks of this place."""
        found = self._schema
        for name in path:
            found = found["items"] if isinstance(name, int) else found["properties"][name]
        return found


def _name(name: str) -> str:
    """Cut, and on one line whatever it holds."""
    return name[:NAME_MOST] if name.isprintable() else json.dumps(name[:NAME_MOST])[1:-1]


def _path(path: Sequence[int | str]) -> str:
    return place_of(one if isinstance(one, int) else _name(one) for one in path)
