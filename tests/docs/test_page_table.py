"""Every act of the API has its place on the page, or a reason why not (docs/guides/page.md); and what has a place is really asked there."""

import re

import pytest

from tests.docs.page_sources import METHODS, ROOT, SOURCES, Operation, asked_in, askers, flat, reference

pytestmark = pytest.mark.capability("U1")

TABLE = ROOT / "docs" / "guides" / "page.md"
ROW = re.compile(r"^\| `([A-Z]+) (/\S*)` \| (.+?) \| (.+?) \|$", re.MULTILINE)
WITHOUT = "## Without a place"
ELSEWHERE = ("everywhere", "Sign in", "the link of an invitation", "the link that sets a password")
"""Places that are neither in the navigation nor in the menu of the account."""


def operations() -> dict[Operation, str]:
    return {(m.upper(), path): one["summary"] for path, all_of in reference()["paths"].items() for m, one in all_of.items() if m in METHODS}


def rows(text: str) -> list[tuple[Operation, str, str]]:
    return [((method, path), act, place) for method, path, act, place in ROW.findall(text)]


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
    missing = [f"{method} {path}" for (method, path), _, _ in rows(with_place) if (method, flat(path)) not in askers()]
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


def test_what_has_no_place_is_not_asked() -> None:
    _, _, without = TABLE.read_text().partition(WITHOUT)
    asked = [f"{method} {path}" for (method, path), _, _ in rows(without) if (method, flat(path)) in askers()]
    assert not asked, "\n".join(["the page asks this, though the table says that it has no place:", *asked])


def test_the_page_asks_nothing_that_there_is_not() -> None:
    assert askers().keys() <= {(method, flat(path)) for method, path in operations()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('useChange("post", "/v1/prompts/{slug}/purge")', {("POST", "/v1/prompts/{}/purge")}),
        ('useRead("/v1/prompts"); useChange("post", "/v1/folders")', {("GET", "/v1/prompts"), ("POST", "/v1/folders")}),
        ('useAll("/v1/folders", {}, { staleTime: 60_000 })', {("GET", "/v1/folders")}),
        ('const ONE = "/v1/datasets/{dataset_id}";\nuseChange("delete", ONE, {})', {("DELETE", "/v1/datasets/{}")}),
        ('return stream(`/v1/chains/{}/runs`, { method: "POST", body })', {("POST", "/v1/chains/{}/runs")}),
        ("for await (const one of stream(`/v1/live?since={}`)) look(one);", {("GET", "/v1/live")}),
        ('useChange("patch", "/v1/members", { invalidates: ["/v1/folders"] })', {("PATCH", "/v1/members")}),
        ("<DownloadButton path={`/v1/datasets/{}/file`} />", {("GET", "/v1/datasets/{}/file")}),
        ('useOpened(one, pages.rows, "/v1/audit/{audit_id}", {})', {("GET", "/v1/audit/{}")}),
        ('// "/v1/folders"', set()),
    ],
)  # fmt: skip
def test_what_a_file_asks_is_seen_by_method_and_path(text: str, expected: set[Operation]) -> None:
    assert asked_in(text) == expected
