"""Every act of the API has its place on the page, or a reason why not (docs/guides/page.md); and what has a place is really asked there."""

import json
import re
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.capability("U1")

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "guides" / "page.md"
SOURCES = ROOT / "web" / "src"
METHODS = ("get", "post", "put", "patch", "delete")
ROW = re.compile(r"^\| `([A-Z]+) (/\S*)` \| (.+?) \| (.+?) \|$", re.MULTILINE)
WITHOUT = "## Without a place"
ELSEWHERE = ("everywhere", "Sign in", "the link of an invitation")
"""Places that are neither in the navigation nor in the menu of the account."""

Operation = tuple[str, str]


def operations() -> dict[Operation, str]:
    document = json.loads((ROOT / "docs/reference/openapi.json").read_text())
    return {(m.upper(), path): one["summary"] for path, all_of in document["paths"].items() for m, one in all_of.items() if m in METHODS}


def rows(text: str) -> list[tuple[Operation, str, str]]:
    return [((method, path), act, place) for method, path, act, place in ROW.findall(text)]


@cache
def sources() -> tuple[str, ...]:
    """The page's own code, file by file: tests and what is generated from the reference name every route."""
    files = [one for one in SOURCES.rglob("*.ts*") if not re.search(r"\.(test|fake|d)\.tsx?$", one.name)]
    return tuple(re.sub(r"\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", "{}", one.read_text()) for one in files)


def is_asked(operation: Operation, files: tuple[str, ...]) -> bool:
    """Whether some file names the path, as a literal or as a template, and, for a change, the method beside it."""
    method, path = operation
    flat = re.sub(r"\{[^}]*\}", "{}", path)
    spellings = (f'"{path}"', *(f"{begin}{flat}{end}" for begin in '`"' for end in '`"?'))
    of_method = re.compile(rf"\b{method}\b|\b(?:stream|sendLines|useForecast)(?:<[^<>]*>)?\(", re.IGNORECASE)
    return any(any(one in text for one in spellings) and (method == "GET" or of_method.search(text) is not None) for text in files)


def nav_labels() -> set[str]:
    """Of the navigation and the menu of the account."""
    text = (SOURCES / "shell" / "nav.ts").read_text().partition("PLACES")[0]
    return set(re.findall(r'to: "/[^"]*", label: "([^"]+)"', text))


def test_each_act_of_the_api_stands_in_the_table_once_under_its_own_words() -> None:
    found = rows(TABLE.read_text())
    named = [operation for operation, _, _ in found]
    assert len(named) == len(set(named)), "an act stands in the table twice"
    known = operations()
    assert not known.keys() - set(named), "say in docs/guides/page.md where a person does this, or why it has no place"
    assert not set(named) - known.keys(), "the table names what the API has no longer"
    assert {operation: act for operation, act, _ in found} == {one: words.replace("|", "/") for one, words in known.items()}


def test_what_has_a_place_is_asked_by_the_page() -> None:
    with_place, _, _ = TABLE.read_text().partition(WITHOUT)
    missing = [f"{method} {path}" for (method, path), _, _ in rows(with_place) if not is_asked((method, path), sources())]
    assert not missing, "\n".join(["the page never asks this, though the table names its place:", *missing])


def test_places_lie_within_the_navigation() -> None:
    with_place, _, without = TABLE.read_text().partition(WITHOUT)
    labels = nav_labels()
    assert 13 <= len(labels) <= 17, "thirteen items, and the menu of the account"
    strange = [
        place
        for _, _, places in rows(with_place)
        for place in places.split("; ")
        if re.split(r" ›|,| \(", place)[0] not in labels and not place.startswith(ELSEWHERE)
    ]
    assert not strange, strange
    assert len(rows(without)) > 20 and all(":" in why or len(why) > 20 for _, _, why in rows(without))


@pytest.mark.parametrize(
    ("operation", "text", "expected"),
    [
        (("POST", "/v1/prompts/{slug}/purge"), 'useChange("post", "/v1/prompts/{slug}/purge")', True),
        (("POST", "/v1/prompts/{slug}/purge"), 'useRead("/v1/prompts/{slug}/purge")', False),
        (("GET", "/v1/prompts/{slug}/uses"), 'useRead("/v1/prompts/{slug}/usage")', False),
        (("POST", "/v1/chains/{slug}/runs"), "return stream(`/v1/chains/{}/runs`, {})", True),
        (("GET", "/v1/folders"), "// nothing here", False),
    ],
)
def test_what_is_not_asked_is_seen(operation: Operation, text: str, expected: bool) -> None:
    assert is_asked(operation, (text,)) is expected
