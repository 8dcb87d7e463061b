"""Labels that were wrong: items are corrected and taken out, and what was measured with them stays what it was."""

import json
from typing import Any
from uuid import UUID

import pytest

from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_test_runs import books

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("D1")]

ITEMS = [{"input": f"ticket number {n} about {word}", "expected": word, "split": "train"} for n, word in enumerate(("card", "loan", "fee"))]


@pytest.fixture
async def held(caller: Caller) -> tuple[str, list[dict[str, Any]]]:
    made = await caller("POST", "/v1/datasets", {"name": "labels", "items": ITEMS})
    assert made.status == 201, made.body
    return made.body["id"], await items_of(caller, made.body["id"])


async def items_of(caller: Caller, dataset_id: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await caller("GET", f"/v1/datasets/{dataset_id}/items?limit=200{query}")).body["data"]
    return found


async def test_a_corrected_item_stands_in_its_place_under_another_id(caller: Caller, held: tuple[str, list[dict[str, Any]]]) -> None:
    dataset, (first, second, third) = held
    path = f"/v1/datasets/{dataset}/items/{second['id']}"
    told = await caller("PATCH", path, {"expected": "mortgage"})
    assert told.status == 200, told.body
    assert told.body == second | {"id": told.body["id"], "expected": "mortgage", "added_version": 2, "dataset_version": 2}
    assert [one["id"] for one in await items_of(caller, dataset)] == [first["id"], told.body["id"], third["id"]]
    again = await caller("PATCH", f"/v1/datasets/{dataset}/items/{told.body['id']}", {"expected": "mortgage"})
    assert again.body == told.body, "what it expects already changes nothing"
    assert (await caller("PATCH", path, {"expected": "other"})).status == 404, "it is in no newer version"
    [old] = await items_of(caller, dataset, f"&item={second['id']}")
    assert (old["expected"], old["removed_version"]) == ("loan", 2)
    shown = (await caller("GET", f"/v1/datasets/{dataset}")).body
    assert (shown["version"], shown["counts"]["train"], shown["test_version"]) == (2, 3, 1)
    same = await caller("POST", f"/v1/datasets/{dataset}/items", {"items": [ITEMS[1] | {"expected": "mortgage"}]})
    assert (same.body["added"], same.body["duplicates"], same.body["contradictions"]) == (0, 1, 0)


async def test_an_item_and_its_corrections_stand_on_pages_of_one(caller: Caller, held: tuple[str, list[dict[str, Any]]]) -> None:
    dataset, items = held
    wanted = [items[1]["id"]]
    for right in ("mortgage", "credit"):
        wanted.append((await caller("PATCH", f"/v1/datasets/{dataset}/items/{wanted[-1]}", {"expected": right})).body["id"])
    query, cursor = "&".join(f"item={one}" for one in reversed(wanted)), ""
    found: list[str] = []
    while len(found) < 4 and cursor is not None:
        page = (await caller("GET", f"/v1/datasets/{dataset}/items?limit=1&{query}{cursor and f'&cursor={cursor}'}")).body
        found += [one["id"] for one in page["data"]]
        cursor = page["next_cursor"]
    assert found == wanted, "all of them have the same place"


async def test_an_item_that_was_taken_out_may_come_again(caller: Caller, held: tuple[str, list[dict[str, Any]]]) -> None:
    dataset, (first, _, _) = held
    path = f"/v1/datasets/{dataset}/items/{first['id']}"
    for version in (2, 4):
        gone = await caller("DELETE", path)
        assert gone.status == 200 and (gone.body["version"], gone.body["counts"]["train"]) == (version, 2), gone.body
        assert (await caller("DELETE", path)).status == 404
        more = await caller("POST", f"/v1/datasets/{dataset}/items", {"items": [ITEMS[0]]})
        assert (more.body["added"], more.body["counts"]["train"]) == (1, 3)
        path = f"/v1/datasets/{dataset}/items/{(await items_of(caller, dataset))[-1]['id']}"


@pytest.mark.promise("O-03")
async def test_test_items_that_come_again_are_no_fresh_ones(caller: Caller) -> None:
    """Or looks at a test split would be forgotten by taking its items out and putting them back."""
    items = [one | {"split": "test"} for one in ITEMS]
    dataset = (await caller("POST", "/v1/datasets", {"name": "tests", "items": items})).body["id"]
    for one in await items_of(caller, dataset):
        assert (await caller("DELETE", f"/v1/datasets/{dataset}/items/{one['id']}")).status == 200
    again = await caller("POST", f"/v1/datasets/{dataset}/items", {"items": items})
    assert (again.body["added"], again.body["version"], again.body["test_version"]) == (3, 5, 1)
    fresh = [one | {"input": f"{one['input']} and more"} for one in items]
    assert (await caller("POST", f"/v1/datasets/{dataset}/items", {"items": fresh})).body["test_version"] == 6


async def test_thousands_that_were_taken_out_come_again_in_one_go(stack: Stack, caller: Caller) -> None:
    """What came again is found by its input at once, not by a hash of each with each."""
    items = [{"input": f"case {n}", "expected": "a", "split": "test"} for n in range(5_000)]
    dataset = (await caller("POST", "/v1/datasets", {"name": "many", "items": items})).body["id"]
    async with as_superuser(stack.urls["superuser"]) as books_of:
        retired = "UPDATE dataset_items SET removed_version = 2, content_hash = sha256(content_hash || int4send(2)) WHERE dataset_id = $1"
        await books_of.execute(retired, UUID(dataset))
        await books_of.execute("ANALYZE dataset_items")  # as autovacuum does, which is off here: without it a plan is a matter of luck
    again = await caller("POST", f"/v1/datasets/{dataset}/items", {"items": items[:4_000]})
    assert again.status == 201 and (again.body["added"], again.body["test_version"]) == (4_000, 1), again.body


@pytest.mark.promise("O-03")
async def test_few_fresh_test_items_are_not_enough_where_many_were_taken_out(caller: Caller) -> None:
    """Or one fresh item, come while the others are out, would forget the looks at all of them."""
    items = [{"input": f"case {n} of {word}", "expected": word, "split": "test"} for n, word in enumerate(("card", "loan", "fee", "rate"))]
    dataset = (await caller("POST", "/v1/datasets", {"name": "tests", "items": items})).body["id"]
    first, *others = await items_of(caller, dataset)
    path = f"/v1/datasets/{dataset}/items"
    assert (await caller("PATCH", f"{path}/{first['id']}", {"expected": "debit card"})).body["dataset_version"] == 2
    for one in others:
        assert (await caller("DELETE", f"{path}/{one['id']}")).status == 200
    few = [{"input": f"fresh {n}", "expected": "card", "split": "test"} for n in range(5)]
    for n in range(2):
        assert (await caller("POST", path, {"items": few[n : n + 1]})).body["test_version"] == 1
    more = (await caller("POST", path, {"items": items[1:] + few[2:]})).body
    assert (more["added"], more["test_version"]) == (6, 1)


@pytest.mark.parametrize(
    ("body", "param"), [({"expected": " \n"}, "expected"), ({}, "expected"), ({"expected": "a", "split": "test"}, "split")]
)  # fmt: skip
async def test_a_wrong_correction_changes_nothing(caller: Caller, held: tuple[str, list[dict[str, Any]]], body: Any, param: str) -> None:
    dataset, items = held
    refused = await caller("PATCH", f"/v1/datasets/{dataset}/items/{items[0]['id']}", body)
    assert (refused.status, refused.body["error"]["param"]) == (422, param), refused.body
    assert (await caller("PATCH", f"/v1/datasets/{dataset}/items/{new_uuid()}", {"expected": "a"})).status == 404
    assert await items_of(caller, dataset) == items


async def test_pairs_that_say_almost_the_same_follow_their_items(caller: Caller) -> None:
    texts = ("please block my card at once because it was stolen", "please block my card at once because it was stolen today")
    items = [{"input": text, "expected": "card", "split": split} for text, split in zip(texts, ("train", "test"), strict=True)]
    dataset = (await caller("POST", "/v1/datasets", {"name": "alike", "items": items})).body
    [pair] = dataset["near_duplicates"]
    made = (await caller("PATCH", f"/v1/datasets/{dataset['id']}/items/{pair['items'][0]}", {"expected": "theft"})).body
    report = (await caller("GET", f"/v1/datasets/{dataset['id']}/leaks")).body
    assert [one["id"] for one in report["pairs"][0]["items"]] == [made["id"], pair["items"][1]] and report["pairs"][0]["contradicts"]
    assert (await caller("DELETE", f"/v1/datasets/{dataset['id']}/items/{made['id']}")).body["near_duplicates"] == []


async def test_what_was_taken_out_leaks_nothing_any_more(caller: Caller) -> None:
    items = [
        {"input": f"a case for {split}", "expected": "a", "split": split, "group": "ann", "synthetic": split == "train"}
        for split in ("train", "validation")
    ]
    dataset = (await caller("POST", "/v1/datasets", {"name": "groups", "items": items})).body["id"]
    before = (await caller("GET", f"/v1/datasets/{dataset}/leaks")).body
    assert (len(before["groups"]), before["synthetic"]["train"]) == (1, 1), before
    [made_up, _] = await items_of(caller, dataset)
    assert (await caller("DELETE", f"/v1/datasets/{dataset}/items/{made_up['id']}")).status == 200
    after = (await caller("GET", f"/v1/datasets/{dataset}/leaks")).body
    assert (after["groups"], after["synthetic"].get("train", 0)) == ([], 0), after


@pytest.mark.capability("D2")
async def test_runs_keep_what_they_saw_and_new_ones_see_what_is_right(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "validation"}
    items = await items_of(desk.caller, desk.dataset_id, "&split=validation")
    before = (await desk.caller("POST", "/v1/test-runs", body)).body["id"]  # nobody works on it yet
    wrong, out = items[0], items[1]
    assert (await desk.caller("PATCH", f"/v1/datasets/{desk.dataset_id}/items/{wrong['id']}", {"expected": "none of these"})).status == 200
    assert (await desk.caller("DELETE", f"/v1/datasets/{desk.dataset_id}/items/{out['id']}")).status == 200
    after = (await desk.caller("POST", "/v1/test-runs", body)).body["id"]
    await start_optimizer()
    seen = {}
    for run in (before, after):
        assert (await desk.until(f"/v1/test-runs/{run}"))["status"] == "completed"
        rows = await books(stack, "SELECT item_id FROM evaluations WHERE owner_id = $1::text::uuid", run)
        seen[run] = {str(row["item_id"]) for row in rows}
    assert seen[before] == {one["id"] for one in items}
    assert len(seen[after]) == len(items) - 1 and not seen[after] & {wrong["id"], out["id"]}
    failed = (await desk.caller("GET", f"/v1/test-runs/{after}")).body["failed_cases"]
    assert any(case["expected"] == "none of these" for case in failed)
    again = await desk.caller("POST", "/v1/test-runs/forecast", body | {"failed_of": before})
    there = {case["item_id"] for case in (await desk.caller("GET", f"/v1/test-runs/{before}")).body["failed_cases"]}
    assert again.body["items"] == len(there - {wrong["id"], out["id"]})


async def test_a_dataset_is_a_file_as_it_was_at_any_version(caller: Caller, held: tuple[str, list[dict[str, Any]]]) -> None:
    dataset, (first, _, _) = held
    marked = {"input": {"ticket": "a\u2028b \u00e9"}, "expected": "fee", "split": "test", "metadata": {"group": "ann"}}
    assert (await caller("POST", f"/v1/datasets/{dataset}/items", {"items": [marked]})).status == 201
    await caller("DELETE", f"/v1/datasets/{dataset}/items/{first['id']}")

    async def lines(query: str = "") -> list[dict[str, Any]]:
        told = await caller("GET", f"/v1/datasets/{dataset}/file{query}")
        assert told.status == 200 and told.headers["content-type"].startswith("application/x-ndjson"), told.body
        assert told.headers["content-disposition"].startswith('attachment; filename="dataset-')
        return [json.loads(line) for line in told.raw.splitlines()]

    assert await lines() == [*ITEMS[1:], marked]
    assert (await lines("?version=1"), await lines("?version=2&split=test")) == (ITEMS, [marked])
    refused = await caller("GET", f"/v1/datasets/{dataset}/file?version=9")
    assert (refused.status, refused.body["error"]["param"]) == (422, "version")
    raw = (await caller("GET", f"/v1/datasets/{dataset}/file")).raw
    copy = await caller("POST", "/v1/datasets?name=copy", raw=raw, headers={"content-type": "application/x-ndjson"})
    assert copy.status == 201 and copy.body["counts"] == {"train": 2, "validation": 0, "test": 1}, copy.body


@pytest.mark.promise("O-03")
async def test_an_item_that_comes_again_goes_where_it_was(caller: Caller, held: tuple[str, list[dict[str, Any]]]) -> None:
    """Or what a search has seen could be moved to the split that proves its gain."""
    dataset, (first, _, _) = held
    assert (await caller("DELETE", f"/v1/datasets/{dataset}/items/{first['id']}")).status == 200
    more = [ITEMS[0] | {"split": "test"}, {"input": "a new one", "expected": "fee", "split": "test"}]
    again = await caller("POST", f"/v1/datasets/{dataset}/items", {"items": more})
    assert again.body["counts"] == {"train": 3, "validation": 0, "test": 1}, again.body


async def test_a_bundle_takes_along_what_is_right_now(caller: Caller, held: tuple[str, list[dict[str, Any]]]) -> None:
    dataset, (first, second, _) = held
    await caller("PATCH", f"/v1/datasets/{dataset}/items/{first['id']}", {"expected": "debit card"})
    await caller("DELETE", f"/v1/datasets/{dataset}/items/{second['id']}")
    bundle = (await caller("GET", "/v1/export?scope=prompts")).body
    assert "debit card" in str(bundle) and "loan" not in str(bundle)
