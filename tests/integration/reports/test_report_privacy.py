"""What a report says of a person goes with retention, and when the person is erased."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from burnish_analytics.erase_subjects import erase_due
from burnish_analytics.forget_old import Forgotten, forget_some
from burnish_shared.clock import SystemClock
from tests.embedded.stack import Caller
from tests.integration.analytics.traffic import Analytics

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T8")]


async def some_reports(analytics: Analytics, caller: Caller) -> dict[str, str]:
    """Of two people and of the workspace, the last with the words of a failure group."""
    made = {}
    for name, body in (("ann", {"kind": "end_user", "target": "ann"}), ("bob", {"kind": "end_user", "target": "bob"}),
                       ("whole", {"kind": "workspace"})):  # fmt: skip
        answer = await caller("POST", "/v1/reports", body)
        assert answer.status == 201, answer.body
        made[name] = str(answer.body["id"])
    workspace = caller.workspace.workspace_id
    group = {"prompt": "route", "name": "anns own words", "size": 3, "share": 0.5, "trend": None}
    await analytics.rows(
        "UPDATE reports SET content = jsonb_set(content, '{failure_groups}', $2) WHERE workspace_id = $1 AND kind = 'workspace'",
        workspace, [group],
    )  # fmt: skip
    await analytics.rows(
        "INSERT INTO failure_groups (workspace_id, slug, days, status, result) VALUES ($1, 'route', 30, 'ready', $2)",
        workspace, {"groups": [group]},
    )  # fmt: skip
    return made


async def left(analytics: Analytics, caller: Caller) -> tuple[set[str], Any, int]:
    workspace = caller.workspace.workspace_id
    rows = await analytics.rows(
        "SELECT report_id, kind, content -> 'failure_groups' AS words FROM reports WHERE workspace_id = $1", workspace
    )
    groups = await analytics.rows("SELECT slug FROM failure_groups WHERE workspace_id = $1", workspace)
    words = next((row["words"] for row in rows if row["kind"] == "workspace"), None)
    return {str(row["report_id"]) for row in rows}, words, len(groups)


@pytest.mark.promise("P-02")
async def test_erasing_a_person_takes_their_reports_and_all_words_of_groups(analytics: Analytics, caller: Caller) -> None:
    made = await some_reports(analytics, caller)
    asked = await caller("POST", "/v1/erasures", {"user_id": "ann"})
    assert asked.status == 202
    await erase_due(analytics.db, SystemClock(), batch_rows=100)
    assert await left(analytics, caller) == ({made["bob"], made["whole"]}, [], 0)
    counts = (await caller("GET", f"/v1/erasures/{asked.body['id']}")).body["counts"]
    assert counts["reports"] == 3


@pytest.mark.promise("P-01")
async def test_retention_takes_reports_of_people_and_words_and_after_400_days_the_rest(analytics: Analytics, caller: Caller) -> None:
    made = await some_reports(analytics, caller)
    workspace = caller.workspace.workspace_id
    await forget_some(analytics.db, workspace, Forgotten(), batch_rows=100)
    assert (await left(analytics, caller))[0] == set(made.values())

    async def aged(days: int) -> None:
        moment = datetime.now(UTC) - timedelta(days=days)
        await analytics.rows("UPDATE reports SET created_at = $2 WHERE workspace_id = $1", workspace, moment)
        await analytics.rows("UPDATE failure_groups SET requested_at = $2 WHERE workspace_id = $1", workspace, moment)
        await forget_some(analytics.db, workspace, Forgotten(), batch_rows=100)

    await aged(2)
    reports, words, groups = await left(analytics, caller)
    assert reports == set(made.values()) and len(words) == 1 and groups == 0
    await aged(31)
    assert await left(analytics, caller) == ({made["whole"]}, [], 0)
    await aged(401)
    assert await left(analytics, caller) == (set(), None, 0)
