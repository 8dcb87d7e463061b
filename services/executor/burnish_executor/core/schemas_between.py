"""JSON schemas that cross from one provider's format to the other's: each takes only some, and refuses a call with any other. Pure.

Sources: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas and
https://docs.claude.com/en/docs/build-with-claude/structured-outputs#json-schema-limitations.
"""

import json
from typing import Any, Final

Schema = dict[str, Any]

NEVER_STRICT: Final = frozenset(
    {
        "allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "patternProperties", "propertyNames",
        "unevaluatedProperties", "minProperties", "maxProperties", "contains", "uniqueItems", "default",
    }
)  # fmt: skip
"""What OpenAI refuses in a schema that is to be kept to the letter."""

NAMED: Final = ("properties", "$defs", "definitions")
LISTED: Final = ("anyOf", "oneOf", "allOf")

KNOWN_TO_ANTHROPIC: Final = frozenset(
    {"type", "enum", "const", "$ref", "description", "title", "required", "additionalProperties", "items", "default", *NAMED, *LISTED}
)
FORMATS: Final = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"})


def may_be_strict(schema: Any) -> bool:
    """OpenAI's models can be held to this schema: every object is closed, and asks for all that it names; Anthropic's may do with less."""
    return isinstance(schema, dict) and schema.get("type") == "object" and _is_closed(schema)


def _is_closed(schema: Any) -> bool:
    if not isinstance(schema, dict) or not schema.keys().isdisjoint(NEVER_STRICT):
        return False
    kind = schema.get("type")
    if kind == "object" or (isinstance(kind, list) and "object" in kind) or "properties" in schema:
        named, needed = schema.get("properties", {}), schema.get("required", [])
        if schema.get("additionalProperties") is not False or not isinstance(named, dict) or not isinstance(needed, list):
            return False
        if not all(name in needed for name in named):
            return False
    return all(_is_closed(one) for one in _within(schema))


def _within(schema: Schema) -> list[Any]:
    named = [one for name in NAMED if isinstance(schema.get(name), dict) for one in schema[name].values()]
    listed = [one for name in LISTED if isinstance(schema.get(name), list) for one in schema[name]]
    return [*named, *listed, *([schema["items"]] if "items" in schema else [])]


def for_anthropic(schema: Any) -> Any:
    """The same schema as Anthropic takes it: objects that name what they hold are closed, and bounds that it knows none of are
    told in the description.

    An object that may hold anything has no likeness there. It goes as it came, and the provider says so: closed, it would be empty.
    """
    if not isinstance(schema, dict):
        return schema
    made = {name: _made(name, value) for name, value in schema.items() if _is_known(name, value)}
    if "oneOf" in made and "anyOf" not in made:
        made["anyOf"] = made.pop("oneOf")
    if "properties" in made:
        made["additionalProperties"] = False
    if told := [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in schema.items() if not _is_known(name, value)]:
        described = [schema["description"]] if isinstance(schema.get("description"), str) else []
        made["description"] = "\n\n".join([*described, "{" + ", ".join(told) + "}"])
    return made


def _made(name: str, value: Any) -> Any:
    if name in NAMED and isinstance(value, dict):
        return {of: for_anthropic(one) for of, one in value.items()}
    if name in LISTED and isinstance(value, list):
        return [for_anthropic(one) for one in value]
    return for_anthropic(value) if name == "items" else value


def _is_known(name: str, value: Any) -> bool:
    if name == "format":
        return isinstance(value, str) and value in FORMATS
    return name in KNOWN_TO_ANTHROPIC or (name == "minItems" and value in (0, 1))
