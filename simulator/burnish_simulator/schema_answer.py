"""Put a text into the JSON that a schema asks for: a small value that fits the schemas which libraries write. Pure."""

import json
import math
from typing import Any, Final

MAX_DEPTH: Final = 8
NESTED_DEPTH: Final = 4
"""From here on a choice is taken that ends soonest, so that a schema that holds itself comes to an end."""

VALUES_MOST: Final = 2_000
CHARS_MOST: Final = 1 << 16
STEPS_MOST: Final = 5_000
"""Of one answer: a schema of two hundred bytes can ask for millions of values, and for as many looks at what a `$ref` means."""

FORMATS: Final = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "PT0S",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
"""Formats of JSON Schema (draft 2020-12, validation, 7.3) whose strings cannot hold the text."""

MALFORMED: Final = (TypeError, AttributeError, ValueError, KeyError, IndexError, OverflowError, RecursionError)


class Unfillable(Exception):
    """A schema that is none, or asks for more than a toy gives. Its text says which."""


def fill(schema: dict[str, Any], text: str) -> Any:
    """A value for a schema: strings get the text, or the enum's value that the text names, else its first; numbers what is nearest to 0.

    Understands type, enum, const, properties, items and prefixItems with minItems, the bounds of numbers, multipleOf, minLength,
    maxLength, format, `$ref` within the schema, allOf, and of anyOf/oneOf the first, or deep inside the one that ends soonest. Anything
    else (pattern, uniqueItems, not, if, …) is passed over. Raises Unfillable.
    """
    try:
        return _Filling(schema, text).value(schema, 0)
    except MALFORMED as error:
        raise Unfillable("This is no JSON schema that a simulated model can fill.") from error


class _Filling:
    def __init__(self, root: dict[str, Any], text: str) -> None:
        self._root, self._text = root, text
        self._values, self._chars, self._steps = VALUES_MOST, CHARS_MOST, STEPS_MOST

    def value(self, given: Any, depth: int) -> Any:
        self._values -= 1
        self._check()
        schema = self._resolved(given)
        if "const" in schema:
            return schema["const"]
        if values := schema.get("enum"):
            return next((value for value in values if str(value).lower() in self._text.lower()), values[0])
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            chosen = min(choices, key=self._height) if depth >= NESTED_DEPTH else choices[0]
            return self.value(chosen, depth + 1) if depth <= MAX_DEPTH else None
        kind = schema.get("type", "object" if "properties" in schema else "string")
        match kind[0] if isinstance(kind, list) and kind else kind:
            case "object":
                parts = schema.get("properties", {}) if depth < MAX_DEPTH else {}
                return {name: self.value(part, depth + 1) for name, part in parts.items()}
            case "array":
                return self._array(schema, depth) if depth < MAX_DEPTH else []
            case "integer" | "number" as number:
                return _number(schema, whole=number == "integer")
            case "boolean":
                return False
            case "null":
                return None
            case _:
                return self._string(schema)

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        first = schema.get("prefixItems", [])
        wanted = min(int(schema.get("minItems", 0)), 100) - len(first)
        return [self.value(one, depth + 1) for one in [*first, *([schema.get("items", {})] * wanted)]]

    def _string(self, schema: dict[str, Any]) -> str:
        said = FORMATS.get(schema.get("format", ""), self._text)
        said = said.ljust(min(schema.get("minLength", 0), CHARS_MOST), ".")[: schema.get("maxLength")]
        self._chars -= len(said)
        self._check()
        return said

    def _resolved(self, schema: Any) -> dict[str, Any]:
        """What a `$ref` within the schema means, and what `allOf` says in several places in one. Empty where that is none."""
        for _ in range(MAX_DEPTH):
            self._steps -= 1
            self._check()
            if not isinstance(schema, dict):
                return {}
            found: dict[str, Any] = schema
            if isinstance(parts := found.get("allOf"), list):
                found = self._merged([*parts, {**found, "allOf": None}])
            if not isinstance(address := found.get("$ref"), str):
                return found
            schema = self._root
            for name in address.removeprefix("#").strip("/").split("/") if address != "#" else ():
                schema = schema.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(schema, dict) else None
        return {}

    def _merged(self, parts: list[Any]) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for part in map(self._resolved, parts):
            merged |= {**part, "properties": {**merged.get("properties", {}), **part.get("properties", {})}}
        return merged if merged.get("properties") else {name: value for name, value in merged.items() if name != "properties"}

    def _height(self, choice: Any) -> tuple[bool, int]:
        """Null before all else, then what refers to the fewest others."""
        schema = self._resolved(choice)
        return schema.get("type") != "null", json.dumps(schema).count('"$ref"')

    def _check(self) -> None:
        if min(self._values, self._chars, self._steps) < 0:
            raise Unfillable(f"A simulated model fills schemas of at most {VALUES_MOST} values and {CHARS_MOST} characters.")


def _number(schema: dict[str, Any], *, whole: bool) -> float:
    """0 where it lies within the bounds, else what is nearest to it of those that are met with ease."""
    low: float = schema.get("minimum", -math.inf)
    high: float = schema.get("maximum", math.inf)
    over: float = schema.get("exclusiveMinimum", -math.inf)
    under: float = schema.get("exclusiveMaximum", math.inf)
    step: float = schema.get("multipleOf") or (1 if whole else 0)
    if step:
        least, most = max(low, over), min(high, under)
        if least > 0 or (least == 0 == over):
            steps = math.floor(least / step) + 1 if least == over else math.ceil(least / step)
        elif most < 0 or (most == 0 == under):
            steps = math.ceil(most / step) - 1 if most == under else math.floor(most / step)
        else:
            steps = 0
        return int(steps * step) if whole else steps * step
    if low <= 0 <= high and over < 0 < under:
        return 0
    least, most = max(low, over), min(high, under)
    if math.isfinite(least) and math.isfinite(most):
        return (least + most) / 2
    return least + (least == over) if math.isfinite(least) else most - (most == under)
