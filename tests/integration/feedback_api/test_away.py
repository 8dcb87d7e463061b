"""Feedback while the database is away is kept by NATS, and counts once when the database is back (F1)."""

import asyncio
from typing import Any

import pytest

from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.integration.analytics.test_service import patiently
from tests.integration.bus_parts import database_away
from tests.integration.feedback_api.test_feedback_api import execute, feedback_shown, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("F1"), pytest.mark.promise("G-01", "G-09")]

MANY = 40


async def test_with_postgresql_away_reactions_are_taken_and_count_once_when_it_is_back(stack: Stack, caller: Caller) -> None:
    """Each is sent twice with the same id, as a client does that did not hear the answer."""
    execution_id = await execute(caller)
    assert (await caller("POST", "/v1/feedback", {"execution_id": execution_id, "thumb": "down", "user_id": "early"})).status == 202
    said = [{"execution_id": execution_id, "thumb": "up", "user_id": f"user {n}", "feedback_id": str(new_uuid())} for n in range(MANY)] * 2
    with patiently():
        async with database_away(stack.urls["superuser"]):
            answers = await asyncio.gather(*(caller("POST", "/v1/feedback", one) for one in said))
    assert {one.status for one in answers} == {202}

    async def counted() -> dict[str, Any] | None:
        summary = (await caller("GET", "/v1/analytics/summary?prompt=route")).body
        return dict(summary) if summary.get("reactions") == MANY + 1 else None

    summary = await until(counted)
    assert (summary["thumbs_up"], summary["thumbs_down"], summary["executions"]) == (MANY, 1, 1)
    assert len(await feedback_shown(caller, execution_id)) == MANY + 1
