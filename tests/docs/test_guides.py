"""What the guides show can be typed: blocks can be read, and curl lines name routes, parameters and fields that there are."""

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.curl_lines import ROOT, Line, blocks, curl_lines

pytestmark = pytest.mark.capability("K1")

PAGES = [*sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs/guides").glob("*.md")), ROOT / "README.md"]

METHODS = ("get", "post", "put", "patch", "delete")

NOT_DESCRIBED = re.compile(r"/(openapi.json|metrics|(functions/v1/)?(prompt-executor|analyze-chat|enrich-content))")
"""Of Burnish, and of the source systems whose paths are served under several names."""

PLACEHOLDER = re.compile(r"\$\{?\w+\}?|[A-Z][A-Z_]*_ID|<[^>]*>|…")
"""What a reader puts in: a variable of the shell, or a word that says what belongs there."""


ANY_KEY = re.compile(r"(?<=^metadata)\[.+\]$")
"""A parameter that stands for any key (`wire.OF_METADATA`)."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs/reference/openapi.json").read_text())
    return found


def test_every_curl_line_names_a_route_parameters_and_fields_that_there_are(document: dict[str, Any]) -> None:
    lines = [(page, line) for page in PAGES for line in curl_lines(page)]
    assert len(lines) > 300
    wrong = [f"{page.name}: {fault}\n    {line.text[:160]}" for page, line in lines for fault in faults(document, line)]
    assert not wrong, "\n".join(wrong)


def test_a_line_that_is_out_of_date_is_seen(document: dict[str, Any], tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '```sh\ncurl -s $URL/v1/prompt\ncurl -s "$URL/v1/prompts?folders=x"\ncurl -s $URL/v1/executions -d \'{"promt": "x"}\'\n'
        "curl -X PUT $URL/v1/feedback -d '{\"thumb\": }'\n```\n"
    )
    found = [fault for line in curl_lines(page) for fault in faults(document, line)]
    assert found == ["no route GET /v1/prompt", "no parameter folders", "no field promt", "no route PUT /v1/feedback", "broken JSON"]


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.name)
def test_every_block_can_be_read(page: Path) -> None:
    for language, text in blocks(page):
        if language in ("sh", "bash"):
            checked = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
            assert checked.returncode == 0, (checked.stderr, text)
        elif language == "python" and not text.startswith("--8<--"):
            ast.parse(text)


def faults(document: dict[str, Any], line: Line) -> Iterator[str]:
    """What is wrong with a line; its route first, because the rest is asked of the route."""
    operation = operation_of(document, line)
    if operation is None and not NOT_DESCRIBED.fullmatch(line.path):
        yield f"no route {line.method} {line.path}"
    try:
        fields = line.fields
    except ValueError:
        yield "broken JSON"
        return
    if operation is None:
        return
    known = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    yield from (f"no parameter {name}" for name in line.query if ANY_KEY.sub("[key]", name) not in known)
    schema = schema_of(document, operation)
    if fields and schema is not None:
        yield from (f"no field {name}" for name in fields if name not in schema)


def operation_of(document: dict[str, Any], line: Line) -> Any:
    parts = line.path.strip("/").split("/")
    for path, methods in document["paths"].items():
        template = path.strip("/").split("/")
        most = len(template) - 1 if template[-1].endswith("model}") else len(parts)  # names of models hold slashes
        given = [*parts[:most], *(["/".join(parts[most:])] if parts[most:] else [])]
        if line.method.lower() in methods and len(template) == len(given) and all(map(fits, template, given)):
            return methods[line.method.lower()]
    return None


def fits(template: str, part: str) -> bool:
    return template.startswith("{") or (template == part and not PLACEHOLDER.search(part))


def schema_of(document: dict[str, Any], operation: Any) -> set[str] | None:
    """Names of the fields that a JSON body may have; None where that is not said, or anything goes."""
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return set(schema["properties"]) if schema.get("properties") and schema.get("additionalProperties") is False else None
