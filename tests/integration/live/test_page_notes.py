"""What only open pages are told of costs nobody the turn at numbering changes of configuration."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.live.streams import first, live

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A2")]


async def test_who_adds_items_or_deletes_texts_waits_for_no_change_of_configuration(stack: Stack, caller: Caller) -> None:
    """Applications do so as often as they are used, and the number of a change keeps all others from theirs until the commit."""
    line = {"id": "1", "model": "gpt-x", "finished_at": datetime.now(UTC).isoformat(), "output": "Hello"}
    brought = await caller("POST", "/v1/executions/import", line)
    assert brought.status < 300, brought.body
    execution = (await caller("GET", "/v1/executions")).body["data"][0]["id"]
    made = await caller("POST", "/v1/datasets", {"name": "told", "items": [{"input": "a", "expected": "b"}]})
    assert made.status == 201, made.body
    async with live(caller) as events, as_superuser(stack.urls["superuser"]) as holder:
        await first(events, "hello")
        held = holder.transaction()
        await held.start()
        await holder.execute("SELECT pg_advisory_xact_lock(hashtext('burnish.config_changes'))")
        try:
            async with asyncio.timeout(20):
                added: list[Any] = [
                    await caller("POST", f"/v1/datasets/{made.body['id']}/items", {"items": [{"input": str(number), "expected": "b"}]})
                    for number in range(3)
                ]
                gone = await caller("DELETE", f"/v1/executions/{execution}/content")
        finally:
            await held.rollback()
        assert [one.status for one in (*added, gone)] == [201, 201, 201, 200], [one.body for one in (*added, gone)]
        told: set[str] = set()
        while not {"dataset", "execution"} <= told:
            told |= set((await first(events, "changed"))[2]["kinds"])
    async with as_superuser(stack.urls["superuser"]) as reader:
        notes = await reader.fetchval(
            "SELECT count(*) FROM burnish.config_changes WHERE workspace_id = $1 AND kind = 'dataset'", caller.workspace.workspace_id
        )
    assert notes <= 3, "what comes in one burst is told once"


async def test_what_an_import_brings_is_told(caller: Caller) -> None:
    bundle = {
        "format": "burnish.bundle", "version": 1, "prompts": [],
        "datasets": [{"name": "brought", "items": [{"split": "train", "input": "a", "expected": "b"}]}],
        "evaluators": [{"name": "brought", "versions": [{"version": 1, "settings": {"kind": "exact"}}]}],
    }  # fmt: skip
    async with live(caller) as events:
        await first(events, "hello")
        brought = await caller("POST", "/v1/import", bundle)
        assert brought.status == 200 and brought.body["left_out"] == 0, brought.body
        told: set[str] = set()
        async with asyncio.timeout(10):
            while not {"dataset", "evaluator"} <= told:
                told |= set((await first(events, "changed"))[2]["kinds"])
    assert "chain" not in told
