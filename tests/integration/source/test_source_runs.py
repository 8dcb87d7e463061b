"""Prompts, test runs and suggestions at the source system's own paths, as its clients call them (PRODUCT K2)."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from burnish_optimizer.core import retry
from tests.embedded.stack import Caller
from tests.integration.optimization.tickets import CUES, STRONG, tickets

pytestmark = pytest.mark.capability("K2")

TEMPLATE = STRONG + '\nAn answer such as {"label": "x"} is wrong.\n\nTicket: {ticket}'


async def prompt(caller: Caller, name: str = "router", **more: Any) -> Any:
    made = await caller("POST", "/prompts", {"id": name, "name": "Router", "template": TEMPLATE} | more)
    assert made.status == 201, made.body
    return made.body


async def filled(caller: Caller, count: int = 60) -> None:
    cases = [{"test_id": f"t{n}", "ticket": one["input"], "expected": one["expected"]} for n, one in enumerate(tickets()[:count])]
    assert (await caller("POST", "/test-set", {"items": cases})).body["total"] == len(cases)


async def run(caller: Caller, run_id: str, *, timeout_s: float = 90) -> Any:
    """Polled to its end."""
    async with asyncio.timeout(timeout_s):
        while (told := (await caller("GET", f"/runs/{run_id}")).body)["status"] == "running":
            await asyncio.sleep(0.05)
    return told


@asynccontextmanager
async def limited(after: int) -> AsyncIterator[str]:
    """A provider that answers so many calls and refuses all others by its rate limit."""
    answered = 0

    async def chat(request: web.Request) -> web.Response:
        nonlocal answered
        if answered >= after:
            error = {"message": "Rate limit reached.", "type": "rate_limit_error", "code": "rate_limit_exceeded"}
            return web.json_response({"error": error}, status=429, headers={"retry-after": "0"})
        answered += 1
        choice = {"index": 0, "message": {"role": "assistant", "content": "billing"}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
        return web.json_response({"id": "x", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def test_a_prompt_lives_as_its_clients_know_it(caller: Caller) -> None:
    made = await prompt(caller)
    assert made["id"] == "router" and set(made["categories"]) == set(CUES)
    assert "Ticket: {{ticket}}" in made["template"] and '{"label": "x"}' in made["template"]
    assert made["changes"] == ["{ticket} is written {{ticket}} here."]
    taken = await caller("POST", "/prompts", {"id": "router", "name": "x", "template": "y"})
    assert (taken.status, taken.body["error"]["param"]) == (409, "id") and "add a version to it" in taken.body["error"]["message"]
    changed = (await caller("PUT", "/prompts/router", {"template": "Name it: {ticket}", "categories": ["a", "b"]})).body
    assert (changed["version"], changed["template"], changed["categories"]) == (2, "Name it: {{ticket}}", ["a", "b"])
    assert (await caller("GET", "/v1/prompts/router/labels/production")).body["version"] == 2
    assert [one["id"] for one in (await caller("GET", "/prompts")).body] == ["router"]
    assert (await caller("DELETE", "/prompts/router")).body == {"id": "router", "archived": True}
    assert (await caller("GET", "/prompts")).body == [] and (await caller("GET", "/prompts/router")).status == 404
    archived = await caller("POST", "/prompts", {"id": "router", "name": "x", "template": "y"})
    assert (archived.status, archived.body["error"]["param"]) == (409, "id") and "restore it with POST" in archived.body["error"]["message"]


async def test_a_run_is_polled_to_its_end(caller: Caller) -> None:
    await prompt(caller)
    assert (await caller("POST", "/runs", {"prompt_id": "router"})).status == 404, "there is no test set yet"
    await filled(caller)
    started = (await caller("POST", "/runs", {"prompt_id": "router"})).body
    assert started["status"] == "running" and re.fullmatch(r"router_\d{8}_001", started["id"])
    second = (await caller("POST", "/runs?prompt_id=router")).body
    assert second["id"] == started["id"][:-3] + "002"
    told = await run(caller, started["id"])
    assert told["status"] == "completed" and told["completed_at"] and told["prompt_id"] == "router"
    metrics = told["metrics"]
    assert metrics["total"] == 60 == len(told["results"]) and metrics["overall_accuracy"] == round(metrics["correct"] / 60, 6)
    assert sum(one["total"] for one in metrics["category_stats"].values()) == 60
    assert sum(n for row in told["confusion_matrix"].values() for n in row.values()) == 60
    assert len(told["failed_cases"]) == 60 - metrics["correct"]
    assert {one["test_id"] for one in told["results"]} == {f"t{n}" for n in range(60)}
    await run(caller, second["id"])
    assert [one["id"] for one in (await caller("GET", "/runs?prompt_id=router")).body] == [second["id"], started["id"]]
    summary = (await caller("GET", "/metrics/summary")).body
    assert (summary["best_prompt_id"], summary["prompts"][0]["latest_run"], summary["total_runs"]) == ("router", second["id"], 2)
    assert len((await caller("GET", "/test-set")).body) == 60
    shown = {name: told[name] for name in ("metrics", "confusion_matrix", "failed_cases")}
    alone = (await caller("POST", "/suggest", {"prompt_id": "router"})).body
    assert alone["analysis"].startswith(f"{metrics['overall_accuracy']:.0%} of the answers were right"), alone
    asked = {"prompt_id": "router", "prompt_template": TEMPLATE, "category_stats": metrics["category_stats"], **shown}
    said = (await caller("POST", "/suggest", asked)).body
    assert said["analysis"] and said["source"] == "rules" and set(said) >= {"analysis", "suggestions", "priority_categories"}


async def test_a_run_that_meets_a_rate_limit_at_item_45_fails_and_keeps_what_it_has(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "TRIES_WHERE_LIMITED", 1)
    async with limited(after=44) as base_url:
        model = {
            "model": "theirs/limited", "provider": "own", "base_url": base_url, "context_tokens": 8000, "output_tokens": 1000,
            "input_price_nusd_per_million": 1000, "output_price_nusd_per_million": 1000, "capabilities": ["chat"],
        }  # fmt: skip
        assert (await caller("POST", "/v1/models", model)).status == 201
        await prompt(caller, model="theirs/limited")
        await filled(caller)
        told = await run(caller, (await caller("POST", "/runs", {"prompt_id": "router"})).body["id"])
    assert (told["status"], told["metrics"], told["completed_at"]) == ("failed", None, None)
    assert "rate limit" in told["error"].lower(), told["error"]
    assert told["failed_at"] and len(told["partial_results"]) == 44
    assert {one["predicted"] for one in told["partial_results"]} == {"billing"}
    assert (await caller("GET", "/runs")).body[0]["status"] == "failed"


async def test_a_case_that_expects_nothing_is_refused_by_its_place_and_nothing_is_kept(caller: Caller) -> None:
    good = {"ticket": "Where is it?", "expected": " ", "category": "shipping"}
    for blank in ({"ticket": "Hello"}, {"ticket": "Hello", "expected": "  "}, {"ticket": "Hello", "expected": " ", "category": "\n"}):
        refused = await caller("POST", "/test-set", {"items": [good, blank]})
        assert refused.status == 422 and "items[1]" in str(refused.body) and "expected" in str(refused.body), refused.body
    assert (await caller("GET", "/test-set")).body == []
    assert (await caller("POST", "/test-set", {"items": [good]})).body["total"] == 1
    assert [one["expected"] for one in (await caller("GET", "/test-set")).body] == ["shipping"]


async def test_cases_that_come_at_once_are_one_test_set(caller: Caller) -> None:
    """Each of them once made a dataset of its own, of which only the newest was the test set."""
    cases = [{"test_id": f"t{number}", "ticket": f"Where is parcel {number}?", "expected": "shipping"} for number in range(6)]
    added = await asyncio.gather(*(caller("POST", "/test-set", {"items": [one]}) for one in cases))
    assert len({one.body["dataset_id"] for one in added}) == 1
    assert sorted(one["test_id"] for one in (await caller("GET", "/test-set")).body) == [one["test_id"] for one in cases]


async def test_a_test_set_that_came_another_way_is_read_whatever_its_cases_are_called(caller: Caller) -> None:
    items = [
        {"input": f"Where is parcel {name}?", "expected": "shipping", "split": "test", "metadata": {"test_id": name}}
        for name in (7, 7.5, "t1", ["a"], None, False, 0)
    ]
    assert (await caller("POST", "/v1/datasets", {"name": "test_set", "items": items})).status == 201
    shown = await caller("GET", "/test-set")
    assert shown.status == 200, shown.body
    assert [one["test_id"] for one in shown.body[:3]] == ["7", "7.5", "t1"]
    assert shown.body[6]["test_id"] == "0" and all(len(one["test_id"]) == 36 for one in shown.body[3:6])
