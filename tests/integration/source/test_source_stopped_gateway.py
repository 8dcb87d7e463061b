"""Source clients wait up to 90 s: where their gateway is stopped meanwhile they hear so, and what they asked for goes on."""

import asyncio
from typing import Any

import pytest

from tests.embedded.stack import Caller, Stack
from tests.integration.clarifications.sessions import fault as slow_interviewer
from tests.integration.execution.test_executions import fault
from tests.integration.execution.test_stopped_gateway import stopping, until_running

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("G-18"), pytest.mark.capability("K2")]

CHAT = {"chat_id": "c-1", "messages": [{"role": "user", "content": "Where is it?"}]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/start_optimization", {"initial_prompt": "Answer customers."}),
        ("/analyze-chat", CHAT),
        ("/v1/clarifications?wait_s=60", {"initial_prompt": "Answer customers."}),
        ("/v1/enrichments?wait_s=60", {"source_type": "document", "content": "It came late."}),
    ],
)
async def test_who_waits_hears_that_it_goes_on(stack: Stack, caller: Caller, path: str, body: Any) -> None:
    """The native routes tell how it stands, as they do when the time that was asked for is over."""
    slow = slow_interviewer if "optimization" in path or "clarifications" in path else fault
    async with slow(stack, "slow,s=12"), stopping(stack, caller) as (at_it, server):
        calling = asyncio.create_task(at_it("POST", path, body))
        await until_running(stack, caller)
        server.should_exit = True
        answer = await asyncio.wait_for(calling, 60)
    if path.startswith("/v1/"):
        assert answer.status in (201, 202), answer.body
        assert answer.body.get("task") == "ask" or answer.body.get("processing_status") in ("pending", "processing")
        return
    error = answer.body["error"]
    assert answer.status == 503 and "stopped" in (error if isinstance(error, str) else error["message"])
    assert "retry-after" not in answer.headers and answer.headers["x-should-retry"] == "false"  # it would begin another, and pay for it
