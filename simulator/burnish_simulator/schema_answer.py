"""Put a text into the JSON that a schema asks for: the smallest value that fits simple schemas."""

from typing import Any, Final

MAX_DEPTH = 8
NESTED_DEPTH = 4
"""From here on what may be null is null, so that a schema that holds itself comes to an end."""

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


def fill(schema: dict[str, Any], text: str) -> Any:
    """A value for a schema: strings get the text, or the enum's value that the text names, else its first; numbers what is nearest to 0.

    Understands type, enum, const, properties, items with minItems, the bounds of numbers, maxLength, format, `$ref` within the schema,
    allOf, and of anyOf/oneOf the first (deep inside null, where it is one of them). Anything else yields the text.
    """
    return _fill(schema, text, root=schema, depth=0)


def _fill(schema: Any, text: str, *, root: dict[str, Any], depth: int) -> Any:
    schema = _resolved(schema, root)
    if "const" in schema:
        return schema["const"]
    if values := schema.get("enum"):
        return next((value for value in values if str(value).lower() in text.lower()), values[0])
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        nothing = {"type": "null"} in choices and depth >= NESTED_DEPTH
        return None if nothing else _fill(choices[0], text, root=root, depth=depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    match kind[0] if isinstance(kind, list) and kind else kind:
        case "object" if depth < MAX_DEPTH:
            return {name: _fill(part, text, root=root, depth=depth + 1) for name, part in schema.get("properties", {}).items()}
        case "object":
            return {}
        case "array":
            wanted = min(int(schema.get("minItems", 0)), 100)
            return [_fill(schema.get("items", {}), text, root=root, depth=depth + 1)] * wanted if depth < MAX_DEPTH else []
        case "integer" | "number" as number:
            return _nearest_to_zero(schema, whole=number == "integer")
        case "boolean":
            return False
        case "null":
            return None
        case _:
            return FORMATS.get(schema.get("format", ""), text)[: schema.get("maxLength")]


def _resolved(schema: Any, root: dict[str, Any]) -> dict[str, Any]:
    """The schema that a `$ref` of this document means, and what `allOf` says in several places in one. Empty where that is none."""
    meant = schema
    for _ in range(MAX_DEPTH):
        if not isinstance(meant, dict):
            return {}
        found: dict[str, Any] = meant
        if isinstance(parts := found.get("allOf"), list):
            found = {name: value for part in [*parts, {**found, "allOf": None}] for name, value in _resolved(part, root).items()}
        if not isinstance(address := found.get("$ref"), str):
            return found
        meant = root
        for name in address.removeprefix("#").strip("/").split("/") if address != "#" else ():
            meant = meant.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(meant, dict) else None
    return {}


def _nearest_to_zero(schema: dict[str, Any], *, whole: bool) -> float:
    """The bounds say which: 0 where it lies between them, else the nearest whole number or the bound itself."""
    step = 1 if whole else 0.5
    least = [schema[name] + extra for name, extra in (("minimum", 0), ("exclusiveMinimum", step)) if _is_number(schema.get(name))]
    most = [schema[name] - extra for name, extra in (("maximum", 0), ("exclusiveMaximum", step)) if _is_number(schema.get(name))]
    value = max([0, *least]) if least and max(least) > 0 else min([0, *most])
    return int(value) if whole else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
