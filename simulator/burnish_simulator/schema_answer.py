"""Put a text into the JSON that a schema asks for: the smallest value that fits simple schemas."""

from typing import Any

MAX_DEPTH = 8


def fill(schema: dict[str, Any], text: str, *, depth: int = 0) -> Any:
    """A value for a schema: strings get the text, or the enum's value that the text names, else its first; numbers get their minimum or 0.

    Understands type, enum, const, properties, items with minItems, minimum, anyOf/oneOf (the first). `$ref` and all else yield the text.
    """
    if "const" in schema:
        return schema["const"]
    if values := schema.get("enum"):
        return next((value for value in values if str(value).lower() in text.lower()), values[0])
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return fill(choices[0], text, depth=depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    match kind[0] if isinstance(kind, list) and kind else kind:
        case "object" if depth < MAX_DEPTH:
            return {name: fill(part, text, depth=depth + 1) for name, part in schema.get("properties", {}).items()}
        case "object":
            return {}
        case "array":
            wanted = min(int(schema.get("minItems", 0)), 100)
            return [fill(schema.get("items", {}), text, depth=depth + 1)] * wanted if depth < MAX_DEPTH else []
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
        case "null":
            return None
        case _:
            return text
