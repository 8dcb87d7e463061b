"""What the tests of chains do with them."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from tests.embedded.stack import Caller, Stack
from tests.integration.execution.test_executions import books

ENDED = ("success", "error", "timeout", "rate_limited", "cancelled", "blocked")

REPLY = [{"role": "user", "content": "Answer {{topic}}."}]


async def make_prompt(caller: Caller, slug: str, *, model: str = "simulated/chat", **more: Any) -> None:
    body = {"slug": slug, "messages": REPLY, "model": model, **more}
    made = await caller("POST", "/v1/prompts", body)
    assert made.status == 201, made.body


async def make_chain(caller: Caller, slug: str, *steps: dict[str, Any], **more: Any) -> None:
    made = await caller("POST", "/v1/chains", {"slug": slug, "steps": list(steps), **more})
    assert made.status == 201, made.body


def call(name: str, prompt: str = "reply", topic: str = "variables.topic", **more: Any) -> dict[str, Any]:
    return {"id": name, "prompt": prompt, "variables": {"topic": topic}, **more}


@contextlib.asynccontextmanager
async def fault(stack: Stack, text: str) -> AsyncIterator[None]:
    """Happens to every call of `simulated/reader`, and to no other."""
    armed = {"model": "reader", "fault": text}
    async with stack.session.put(f"{stack.simulator}/faults", json=armed) as answer:
        assert answer.status < 300, await answer.text()
    try:
        yield
    finally:
        async with stack.session.delete(f"{stack.simulator}/faults"):
            pass


async def run(caller: Caller, slug: str, **body: Any) -> Any:
    """The run, which is to end with success."""
    answer = await caller("POST", f"/v1/chains/{slug}/runs", {"variables": {"topic": "tea"}, **body})
    assert answer.status == 200, answer.body
    return answer.body


async def start(caller: Caller, slug: str, **body: Any) -> str:
    """A run in the background."""
    answer = await caller("POST", f"/v1/chains/{slug}/runs", {"variables": {"topic": "tea"}, "mode": "background", **body})
    assert answer.status == 202, answer.body
    return str(answer.body["id"])


async def until(caller: Caller, run_id: str, *statuses: str, timeout_s: float = 60) -> Any:
    body: Any = None
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                body = (await caller("GET", f"/v1/chain-runs/{run_id}")).body
                if body["status"] in (statuses or ENDED):
                    return body
                await asyncio.sleep(0.03)
    except TimeoutError:
        raise AssertionError(f"still {body}") from None


async def begun(caller: Caller, run_id: str, step: str) -> None:
    """Until this step is under way."""
    async with asyncio.timeout(30):
        while True:
            steps = (await caller("GET", f"/v1/chain-runs/{run_id}")).body["steps"]
            if {one["id"]: one["status"] for one in steps}[step] == "running":
                return
            await asyncio.sleep(0.02)


async def follow(caller: Caller, run_id: str) -> AsyncIterator[tuple[str, Any]]:
    headers = {"authorization": f"Bearer {caller.key}"}
    async with caller.session.get(f"{caller.url}/v1/chain-runs/{run_id}/events", headers=headers) as response:
        assert response.status == 200
        name = ""
        async for line in response.content:
            text = line.decode().rstrip("\n")
            if text.startswith("event: "):
                name = text[7:]
            elif text.startswith("data: "):
                yield name, json.loads(text[6:])


async def assert_paid_once(stack: Stack, caller: Caller, *run_ids: str) -> None:
    """No drift, nothing held once the calls that a run left under way have ended, and a run cost what the executions of its workspace
    cost: so each is tested in a workspace of its own."""
    workspace_id = caller.workspace.workspace_id
    async with asyncio.timeout(60):
        while await books(stack, "SELECT FROM holds WHERE workspace_id = $1", workspace_id):
            await asyncio.sleep(0.05)
    assert await books(stack, "SELECT * FROM drift()") == []
    sql = "SELECT coalesce(sum(cost_nusd), 0)::bigint AS cost FROM executions WHERE workspace_id = $1"
    runs = [(await caller("GET", f"/v1/chain-runs/{one}")).body for one in run_ids]
    assert (await books(stack, sql, workspace_id))[0]["cost"] == sum(one["cost_nusd"] for one in runs)
