"""The API reference as pages of Markdown, one for each area, from the OpenAPI document alone. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

METHODS: Final = ("get", "post", "put", "patch", "delete")

DEEP_MOST: Final = 3
"""Levels of objects in objects that a table shows."""

NAMES: Final = {
    "openai": "OpenAI and Anthropic formats", "provider_keys": "Provider keys", "sign-in": "Signing in", "chain-runs": "Runs of chains",
    "access": "People, keys, workspaces",
}  # fmt: skip

Document = Mapping[str, Any]


def pages(document: Document) -> dict[str, tuple[str, str]]:
    """File name → title and Markdown; `index.md` first, then the areas by name."""
    areas: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                areas.setdefault(methods[method].get("tags", ["operations"])[0], []).append((method, path, methods[method]))
    titles = {area: NAMES.get(area, area.replace("-", " ").replace("_", " ").capitalize()) for area in areas}
    made = {"index.md": ("API reference", _index(document, areas, titles))}
    for area in sorted(areas, key=lambda one: titles[one]):
        made[f"{area}.md"] = (titles[area], "\n".join(_area(document, titles[area], areas[area])))
    return made


def _index(document: Document, areas: Mapping[str, list[Any]], titles: Mapping[str, str]) -> str:
    rows = [f"| [{titles[one]}]({one}.md) | {len(areas[one])} |" for one in sorted(areas, key=lambda one: titles[one])]
    about = document["info"]["description"]
    return "\n".join(
        [
            "# API reference", "", about, "",
            "The same as one file for tools: [openapi.json](../openapi.json). A running gateway serves its own at `/openapi.json`.",
            "", "| area | operations |", "|---|---|", *rows, "",
        ]
    )  # fmt: skip


def _area(document: Document, title: str, operations: list[tuple[str, str, Mapping[str, Any]]]) -> Iterator[str]:
    yield f"# {title}\n"
    for method, path, operation in operations:
        yield f"## {method.upper()} `{path}`\n"
        yield f"**{_escaped(operation.get('summary', ''))}**\n"
        yield from _told(operation)
        yield from _parameters(operation)
        yield from _body(document, operation)
        yield from _answers(document, operation)


def _told(operation: Mapping[str, Any]) -> Iterator[str]:
    if "description" in operation:
        yield _escaped(operation["description"]) + "\n"
    needs = [f"role `{operation['x-burnish-role']}`"] if "x-burnish-role" in operation else []
    needs += [f"scope `{operation['x-burnish-scope']}`"] if "x-burnish-scope" in operation else []
    if needs:
        yield f"Needs: {', '.join(needs)}.\n"


def _parameters(operation: Mapping[str, Any]) -> Iterator[str]:
    parameters = [one for one in operation.get("parameters", ()) if one["name"] != "Idempotency-Key"]
    if parameters:
        yield "| parameter | in | type | |\n|---|---|---|---|"
        for one in parameters:
            needed = "**needed.** " if one.get("required") and one["in"] != "path" else ""
            said = needed + _cell(one.get("description") or one["schema"].get("description", ""))
            yield f"| `{one['name']}` | {one['in']} | {_type(one['schema'])} | {said} |"
        yield ""


def _body(document: Document, operation: Mapping[str, Any]) -> Iterator[str]:
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        rows = list(_fields(document, content.get("schema", {})))
        yield f"Body (`{kind}`):\n" if rows else f"Body: `{kind}`.\n"
        yield from _table(rows)


def _answers(document: Document, operation: Mapping[str, Any]) -> Iterator[str]:
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            said = answer.get("description", "")
            rows = [row for content in answer.get("content", {}).values() for row in _fields(document, content.get("schema", {}))]
            yield f"Answers {status}{': ' + _escaped(said) if said and said != 'Successful Response' else ''}\n"
            yield from _table(rows)


def _table(rows: list[tuple[str, str, str]]) -> Iterator[str]:
    if rows:
        yield "| field | type | |\n|---|---|---|"
        yield from (f"| `{name}` | {kind} | {said} |" for name, kind, said in rows)
        yield ""


def _fields(document: Document, schema: Mapping[str, Any], prefix: str = "", depth: int = 1) -> Iterator[tuple[str, str, str]]:
    schema = _resolved(document, schema)
    required = schema.get("required", ())
    for name, one in schema.get("properties", {}).items():
        whole = _resolved(document, one)
        said = ("**needed.** " if name in required and not prefix else "") + _cell(one.get("description") or whole.get("description", ""))
        if "default" in one and one["default"] not in (None, {}, []):
            said += f" Otherwise `{json.dumps(one['default'], ensure_ascii=False)}`."
        yield prefix + name, _type(one), said.strip()
        if depth < DEEP_MOST and "properties" in whole:
            yield from _fields(document, whole, f"{prefix}{name}.", depth + 1)


def _resolved(document: Document, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference means; of a union with null, the other side; of a list, what it holds."""
    sides = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if "$ref" in schema:
        found: Mapping[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return _resolved(document, found) if "$ref" in found else found
    if len(sides) == 1:
        return _resolved(document, sides[0])
    if schema.get("type") == "array" and "items" in schema:
        return _resolved(document, schema["items"])
    return schema


def _type(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "$ref" in schema:
        return "object"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return " ".join(part for part in (schema.get("format", ""), str(schema.get("type", "anything"))) if part)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", _escaped(text)).replace("|", "\\|").strip()


def _escaped(text: str) -> str:
    """As it was written: no part of it is HTML."""
    return text.replace("<", "&lt;")
