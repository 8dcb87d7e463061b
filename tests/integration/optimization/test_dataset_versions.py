"""Who changed what in a dataset over its versions, what each holds, and what used it (PRODUCT D1)."""

from typing import Any

import pytest

from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.optimization.conftest import Desk

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("D1")]

ITEMS = [
    {"input": f"ticket number {n} about {word}", "expected": word, "split": split}
    for n, (word, split) in enumerate((("card", "train"), ("loan", "train"), ("fee", "test")))
]


async def versions_of(caller: Caller, dataset: str, query: str = "") -> list[dict[str, Any]]:
    told = await caller("GET", f"/v1/datasets/{dataset}/versions{query}")
    assert told.status == 200, told.body
    found: list[dict[str, Any]] = told.body["data"]
    return found


async def items_of(caller: Caller, dataset: str, query: str = "") -> list[dict[str, Any]]:
    told = await caller("GET", f"/v1/datasets/{dataset}/items?limit=200{query}")
    assert told.status == 200, told.body
    found: list[dict[str, Any]] = told.body["data"]
    return found


async def history(caller: Caller) -> str:
    """Version 1 uploaded, 2 corrected, 3 removed, 4 added to."""
    dataset: str = (await caller("POST", "/v1/datasets", {"name": "history", "items": ITEMS})).body["id"]
    card, loan, _ = await items_of(caller, dataset)
    assert (await caller("PATCH", f"/v1/datasets/{dataset}/items/{card['id']}", {"expected": "debit card"})).status == 200
    assert (await caller("DELETE", f"/v1/datasets/{dataset}/items/{loan['id']}")).status == 200
    more = [{"input": "another one", "expected": "fee", "split": "validation"}]
    assert (await caller("POST", f"/v1/datasets/{dataset}/items", {"items": more})).status == 201
    return dataset


async def test_each_version_says_who_did_what_and_what_it_holds(caller: Caller) -> None:
    dataset = await history(caller)
    found = await versions_of(caller, dataset)
    facts = [(one["version"], one["done"], one["added"], one["changed"], one["removed"], one["counts"]) for one in found]
    assert facts == [
        (4, "uploaded", 1, 0, 0, {"train": 1, "validation": 1, "test": 1}),
        (3, "removed", 0, 0, 1, {"train": 1, "validation": 0, "test": 1}),
        (2, "corrected", 0, 1, 0, {"train": 2, "validation": 0, "test": 1}),
        (1, "uploaded", 3, 0, 0, {"train": 2, "validation": 0, "test": 1}),
    ]
    dataset_by = (await caller("GET", f"/v1/datasets/{dataset}")).body["created_by"]
    assert {one["made_by"] for one in found} == {dataset_by} and all(one["used_by"] == [] for one in found)
    assert sorted(one["made_at"] for one in found) == [one["made_at"] for one in reversed(found)]
    same = await caller("POST", f"/v1/datasets/{dataset}/items", {"items": ITEMS[2:]})
    assert same.body["added"] == 0 and len(await versions_of(caller, dataset)) == 4, "items that are there make no version"


async def test_versions_come_in_pages(caller: Caller) -> None:
    dataset = await history(caller)
    whole, found, cursor = await versions_of(caller, dataset), [], ""
    while cursor is not None:
        page = (await caller("GET", f"/v1/datasets/{dataset}/versions?limit=3{cursor and f'&cursor={cursor}'}")).body
        found += page["data"]
        cursor = page["next_cursor"]
    assert found == whole and len(whole) == 4


async def test_items_are_listed_as_they_were_at_any_version(caller: Caller) -> None:
    dataset = await history(caller)

    async def texts(query: str) -> list[tuple[str, str]]:
        return [(one["input"], one["expected"]) for one in await items_of(caller, dataset, query)]

    first = [(str(one["input"]), str(one["expected"])) for one in ITEMS]
    second = [(first[0][0], "debit card"), *first[1:]]
    assert await texts("&version=1") == first
    assert await texts("&version=2") == second
    assert await texts("&version=3") == [second[0], second[2]]
    assert await texts("&version=4") == await texts("") == [second[0], second[2], ("another one", "fee")]
    assert await texts("&version=1&split=train&q=loan") == [first[1]] and await texts("&q=loan") == []
    [old, *_] = await items_of(caller, dataset, "&version=1")
    assert await texts(f"&version=1&item={old['id']}") == first[:1] and await texts(f"&version=2&item={old['id']}") == []
    page = (await caller("GET", f"/v1/datasets/{dataset}/items?version=1&limit=1")).body
    refused = await caller("GET", f"/v1/datasets/{dataset}/items?version=2&cursor={page['next_cursor']}")
    assert refused.status == 422, "a cursor belongs to one version"
    refused = await caller("GET", f"/v1/datasets/{dataset}/items?version=9")
    assert (refused.status, refused.body["error"]["param"]) == (422, "version")


async def test_of_versions_from_before_nobody_knows_who_made_them(stack: Stack, caller: Caller) -> None:
    """Of the first one the dataset itself knows."""
    dataset = await history(caller)
    made = (await caller("GET", f"/v1/datasets/{dataset}")).body
    async with as_superuser(stack.urls["superuser"]) as books:
        await books.execute("DELETE FROM burnish.dataset_versions WHERE dataset_id = $1::text::uuid", dataset)
    found = await versions_of(caller, dataset)
    assert [(one["made_by"], one["made_at"], one["done"]) for one in found[:3]] == [(None, None, None)] * 3
    assert (found[3]["made_by"], found[3]["made_at"], found[3]["done"]) == (made["created_by"], made["created_at"], None)
    assert [(one["added"], one["changed"], one["removed"]) for one in found] == [(1, 0, 0), (0, 0, 1), (0, 1, 0), (3, 0, 0)]


async def test_a_version_says_what_used_it(desk: Desk) -> None:
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "validation"}
    runs = [(await desk.caller("POST", "/v1/test-runs", body)).body["id"] for _ in range(6)]
    [first, *_] = await items_of(desk.caller, desk.dataset_id)
    assert (await desk.caller("DELETE", f"/v1/datasets/{desk.dataset_id}/items/{first['id']}")).status == 200
    later = (await desk.caller("POST", "/v1/test-runs", body)).body["id"]
    newest, oldest = await versions_of(desk.caller, desk.dataset_id)
    assert newest["used_by"] == [{"kind": "test_run", "count": 1, "newest": [later]}]
    assert oldest["used_by"] == [{"kind": "test_run", "count": 6, "newest": runs[:0:-1]}]


async def test_a_dataset_that_is_removed_or_unknown_has_no_versions(caller: Caller) -> None:
    dataset = await history(caller)
    assert (await caller("DELETE", f"/v1/datasets/{dataset}")).status == 200
    told = await caller("GET", f"/v1/datasets/{dataset}/versions")
    assert (told.status, told.body["error"]["param"]) == (404, "dataset_id")


async def test_what_a_bundle_brings_is_imported_by_whoever_brought_it(caller: Caller) -> None:
    came = (("a", "train", 1), ("b", "test", 3))
    items = [{"input": text, "expected": "x", "split": split, "added_version": version} for text, split, version in came]
    bundle = {"format": "burnish.bundle", "version": 1, "datasets": [{"name": "brought", "version": 3, "items": items}]}
    told = await caller("POST", "/v1/import", bundle)
    assert told.status == 200, told.body
    listed = (await caller("GET", "/v1/datasets")).body["data"]
    [dataset] = [one["id"] for one in listed if one["name"] == "brought"]
    newest, second, first = await versions_of(caller, dataset)
    assert (newest["done"], newest["added"], newest["counts"]["test"]) == ("imported", 1, 1) and newest["made_by"]
    assert (second["done"], second["made_at"], second["added"]) == (None, None, 0)
    assert (first["done"], first["added"]) == (None, 1)
