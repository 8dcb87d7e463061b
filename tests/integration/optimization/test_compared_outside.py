"""Items are compared with one another while no transaction is open, by whatever way they come (PRODUCT D1)."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import AsyncMock

import asyncpg
import pytest

from burnish_gateway.bundle import store as bundle_store
from burnish_gateway.datasets import add_items
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Answer, Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.optimization.test_from_feedback import answered, say, told

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("D1")]

__all__ = ["told"]

WORDS = "my card was stolen last night and I want it blocked at once please number"


class Held:
    """Comparing stops until it is told to go on. `begun`: it is being done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go_on, self.times = threading.Event(), threading.Event(), 0
        work = add_items.compared

        def compared(*given: Any) -> Any:
            self.times += 1
            self.begun.set()
            assert self.go_on.wait(60)
            return work(*given)

        monkeypatch.setattr(add_items, "compared", compared)


async def dataset_of(caller: Caller, *, name: str = "d") -> str:
    items = [{"input": f"{WORDS} {n} {n}", "expected": "a", "split": "train"} for n in range(2)]
    made = await caller("POST", "/v1/datasets", {"name": name, "items": items})
    assert made.status == 201, made.body
    return str(made.body["id"])


async def by_items(caller: Caller, stack: Stack, dataset: str) -> Answer:
    return await caller("POST", f"/v1/datasets/{dataset}/items", {"items": [{"input": f"{WORDS} 9 9", "expected": "a", "split": "test"}]})


async def by_bundle(caller: Caller, stack: Stack, dataset: str) -> Answer:
    items = [{"input": f"{WORDS} 9 9", "expected": "a", "split": "test", "added_version": 1}]
    return await caller("POST", "/v1/import", {"version": 1, "datasets": [{"name": "d", "version": 1, "test_version": 1, "items": items}]})


async def by_executions(caller: Caller, stack: Stack, dataset: str) -> Answer:
    [execution] = await answered(caller, [f"{WORDS} 9 9"])
    body = {"executions": [{"execution_id": execution, "expected": "a"}]}
    return await caller("POST", f"/v1/datasets/{dataset}/items/from-executions", body)


async def by_test_set(caller: Caller, stack: Stack, dataset: str) -> Answer:
    return await caller("POST", "/test-set", {"items": [{"ticket": f"{WORDS} 9 9", "expected": "a"}]})


async def by_feedback(caller: Caller, stack: Stack, dataset: str) -> Answer:
    executions = await answered(caller, [f"{WORDS} {n} 9" for n in range(12)])
    await say(stack, caller, [(one, "", "thumb", "right", None) for one in executions])
    return await caller("POST", "/v1/optimizations/forecast", {"prompt": "told", "source": "feedback", "budget": {"evaluations": 100}})


Way = Callable[[Caller, Stack, str], Awaitable[Answer]]


@pytest.mark.parametrize("way", [by_items, by_bundle, by_executions, by_test_set, by_feedback])
async def test_no_transaction_is_open_and_no_dataset_locked_meanwhile(
    stack: Stack, told: Caller, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    dataset = await dataset_of(told, name="test_set" if way is by_test_set else "d")
    held = Held(monkeypatch)
    call = asyncio.create_task(way(told, stack, dataset))  # type: ignore[arg-type]
    assert await asyncio.to_thread(held.begun.wait, 60)
    async with as_superuser(stack.urls["superuser"]) as connection:
        async with connection.transaction():
            await connection.execute("SELECT FROM datasets WHERE dataset_id = $1 FOR UPDATE NOWAIT", dataset)
            await connection.execute("SELECT FROM prompts WHERE workspace_id = $1 FOR UPDATE NOWAIT", told.workspace.workspace_id)
        locks = """SELECT count(*) FROM pg_locks WHERE relation IN ('datasets'::regclass, 'dataset_items'::regclass)
                      AND mode <> 'AccessShareLock'"""
        async with asyncio.timeout(60):
            while await connection.fetchval(locks):  # others of the module's database may write for a moment; nobody may stay
                await asyncio.sleep(0.01)
        held.go_on.set()
    answer = await call
    assert answer.status in (200, 201), answer.body
    assert held.times == 1


async def test_what_came_meanwhile_is_compared_too(stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another gateway added an item between the comparing and the writing: the pair with it is told."""
    dataset = await dataset_of(caller)
    held = Held(monkeypatch)
    call = asyncio.create_task(by_items(caller, stack, dataset))
    assert await asyncio.to_thread(held.begun.wait, 60)
    connection = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    other = new_uuid()
    try:
        async with connection.transaction():
            await connection.execute("UPDATE datasets SET version = version + 1 WHERE dataset_id = $1", dataset)
            await connection.execute(
                """INSERT INTO dataset_items (item_id, workspace_id, dataset_id, position, split, input, expected, metadata, content_hash,
                                              added_version)
                   SELECT $2, workspace_id, dataset_id, 90, 'validation', to_jsonb($3::text), 'a', '{}', sha256('x'), version
                     FROM datasets WHERE dataset_id = $1""",
                dataset, other, f"{WORDS} 7 9",
            )  # fmt: skip
    finally:
        await connection.close()
        held.go_on.set()
    answer = await call
    assert (answer.status, answer.body["added"], answer.body["version"]) == (201, 1, 3), answer.body
    assert held.times == 2
    pairs = [pair for pair in answer.body["near_duplicates"] if str(other) in pair["items"]]
    assert [sorted(pair["splits"]) for pair in pairs] == [["test", "validation"]], answer.body
    known = {one["id"] for one in (await caller("GET", f"/v1/datasets/{dataset}/items")).body["data"]}
    assert known.issuperset(one for pair in answer.body["near_duplicates"] for one in pair["items"])


async def test_what_people_go_on_saying_makes_a_search_begin_nothing_anew(
    stack: Stack, told: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reaction between the comparing and the writing is heard by the next search; who was forgotten meanwhile is left out (O1)."""
    texts = [f"{WORDS} {n} 9" for n in range(12)]
    executions = await answered(told, texts)
    await say(stack, told, [(one, f"p{n}", "thumb", "", 1) for n, one in enumerate(executions[:8])])
    held = Held(monkeypatch)

    async def searched(*, meanwhile: Callable[[], Awaitable[object]] | None = None) -> set[str]:
        held.begun.clear()
        held.go_on.clear()
        body = {"prompt": "told", "source": "feedback", "budget": {"evaluations": 1_000}}
        call = asyncio.create_task(told("POST", "/v1/optimizations", body))  # type: ignore[arg-type]
        assert await asyncio.to_thread(held.begun.wait, 60)
        try:
            if meanwhile is not None:
                await meanwhile()
        finally:
            held.go_on.set()
        answer = await call
        assert answer.status == 202, answer.body
        await told("POST", f"/v1/optimizations/{answer.body['id']}/cancel", {})
        job = (await told("GET", f"/v1/optimizations/{answer.body['id']}")).body
        items = (await told("GET", f"/v1/datasets/{job['dataset_id']}/items")).body["data"]
        return {one["input"]["ticket"] for one in items}

    async def one_more() -> None:
        await say(stack, told, [(executions[8], "p8", "thumb", "", 1), (executions[0], "q", "thumb", "", 0)])

    async def forgotten() -> None:
        await say(stack, told, [(executions[10], "p10", "thumb", "", 1)])
        async with as_superuser(stack.urls["superuser"]) as connection:
            await connection.execute("UPDATE feedback SET forgotten_at = now(), end_user = '~' WHERE target_id = $1", executions[9])

    assert await searched(meanwhile=one_more) == {*texts[:8]}
    assert held.times == 1
    await say(stack, told, [(executions[9], "p9", "correction", "right", None)])
    assert await searched(meanwhile=forgotten) == {*texts[:9]}, "nobody's word is used once it is forgotten"
    assert held.times == 3, "compared anew without it, once"
    assert await searched() == {*texts[:9], texts[10]}


async def test_datasets_that_grow_together_are_compared_at_one_go(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many an import has, its unit of work runs twice."""
    names = [f"d{n}" for n in range(5)]
    for name in names:
        await dataset_of(caller, name=name)
    locked = AsyncMock(wraps=bundle_store.one_at_a_time)
    monkeypatch.setattr(bundle_store, "one_at_a_time", locked)
    items = [{"input": f"{WORDS} 9 9", "expected": "a", "split": "test", "added_version": 1}]
    bundle = {"version": 1, "datasets": [{"name": name, "version": 1, "test_version": 1, "items": items} for name in names]}
    answer = await caller("POST", "/v1/import", bundle)
    assert (answer.status, [one["items_added"] for one in answer.body["datasets"]]) == (200, [1] * 5), answer.body
    assert locked.await_count == 2


async def test_many_who_add_at_once_all_come_in(caller: Caller) -> None:
    dataset = await dataset_of(caller)
    bodies = [{"items": [{"input": f"{WORDS} of {n} people", "expected": "a", "split": ("train", "test")[n % 2]}]} for n in range(24)]
    told = await asyncio.gather(*(caller("POST", f"/v1/datasets/{dataset}/items", body) for body in bodies))
    assert {one.status for one in told} == {201}, [one.body for one in told if one.status != 201]
    shown = (await caller("GET", f"/v1/datasets/{dataset}")).body
    assert (shown["version"], sum(shown["counts"].values())) == (25, 26)
    pairs = {frozenset(pair["items"]) for pair in shown["near_duplicates"]}
    assert len(pairs) == 100, "as many as are reported; all 168 of different splits are alike"
