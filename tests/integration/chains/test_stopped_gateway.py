"""Callers of chains whose gateway gives no more time hear so, and the run goes on under the next one: its step is paid once."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.integration.chains.chains import call, make_chain, make_prompt, until
from tests.integration.execution.test_executions import assert_settled, fault, finished, rows_of
from tests.integration.execution.test_stopped_gateway import stopping, until_running

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("G-18"), pytest.mark.capability("I1")]

PATH = "/v1/chains/duo/runs"


async def told(at_it: Caller, body: Any, headers: dict[str, str]) -> tuple[int, dict[str, Any], Mapping[str, str]]:
    """Status, error of an answer, or of the last event of a stream, and headers."""
    headers = headers | {"authorization": f"Bearer {at_it.key}"}
    async with at_it.session.post(at_it.url + PATH, json=body, headers=headers) as response:
        text = await response.text()  # It raises where the connection is cut.
    if not body["stream"]:
        return response.status, json.loads(text)["error"], response.headers
    *_, name, data = [line for line in text.splitlines() if line and not line.startswith(":")]
    assert name == "event: error"
    return response.status, json.loads(data.removeprefix("data: "))["error"], response.headers


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("has_key", [False, True])
async def test_a_chain_goes_on_and_its_caller_hears_so(stack: Stack, caller: Caller, has_key: bool, stream: bool) -> None:
    """Without a key a client that repeats by itself would begin and pay another run, so nothing may tell it to."""
    await make_prompt(caller, "reply")
    await make_chain(caller, "duo", call("one"))
    headers = {"idempotency-key": new_uuid().hex} if has_key else {}
    body = {"variables": {"topic": "tea"}, "stream": stream}
    async with fault(stack, "slow,s=6"), stopping(stack, caller) as (at_it, server):
        calling = asyncio.create_task(told(at_it, body, headers))
        await until_running(stack, caller)
        server.should_exit = True
        status, error, said = await asyncio.wait_for(calling, 60)
    code = "unavailable" if has_key else "goes_on"
    assert (status, error["code"], error["retryable"]) == (200 if stream else 503, code, has_key)
    assert (error.get("retry_after_s") is not None) is has_key
    if not stream:
        assert ("retry-after" in said, said.get("x-should-retry")) == ((True, None) if has_key else (False, "false"))
    run_id = error["details"]["chain_run_id"]
    assert (await until(caller, run_id))["status"] == "success"
    if has_key:
        again = await caller("POST", PATH, {**body, "stream": stream}, headers=headers)
        assert again.status == 200 and again.headers["x-chain-run-id"] == run_id
    assert [row["status"] for row in await rows_of(stack, caller)] == ["success"]
    await assert_settled(stack, caller)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_run_of_which_nothing_is_kept_ends_with_its_gateway_and_its_caller_hears_so(
    stack: Stack, caller: Caller, stream: bool
) -> None:
    await make_prompt(caller, "reply")
    await make_chain(caller, "duo", call("one"))
    assert (await caller("PATCH", f"/v1/workspaces/{caller.workspace.workspace_id}", {"store_content": False})).status == 200
    headers = {"idempotency-key": new_uuid().hex} if stream else {}
    async with fault(stack, "slow,s=6"), stopping(stack, caller) as (at_it, server):
        calling = asyncio.create_task(told(at_it, {"variables": {"topic": "tea"}, "stream": stream}, headers))
        await until_running(stack, caller)
        server.should_exit = True
        status, error, _ = await asyncio.wait_for(calling, 60)
    assert (status, error["code"], error["retryable"]) == (200 if stream else 503, "interrupted", not stream)
    ended = await until(caller, error["details"]["chain_run_id"])
    assert (ended["status"], ended["error"]["code"]) == ("error", "interrupted")
    await finished(caller, ended["steps"][0]["execution_id"])
    await assert_settled(stack, caller)
