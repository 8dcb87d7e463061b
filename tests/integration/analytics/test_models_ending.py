"""Who owns or calls a model is warned before it ends, once for each mark; the warning ends with its cause (A4, E5)."""

from typing import Any
from uuid import UUID

import pytest

from burnish_analytics.io import model_store
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.traffic import Analytics, execution

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A4", "E5")]

INSERT = """
INSERT INTO workspace_models (workspace_id, model, provider, upstream_model, base_url, display_name, context_tokens, output_tokens,
                              price_version, sunset_at, successor)
VALUES ($1, $2, 'lab', 'm', 'http://127.0.0.1:9/v1', 'M', 1000, 100, 'v', clock_timestamp() + $3 * interval '1 day', $4)"""


async def own(analytics: Analytics, workspace_id: UUID, model: str, *, days: int, successor: str | None = None) -> None:
    await analytics.rows(INSERT, workspace_id, model, days, successor)


async def ends(analytics: Analytics, workspace_id: UUID, model: str, *, days: int) -> None:
    """The same moment, looked at from so many days before it: the day of an incident stays."""
    await analytics.rows(
        "UPDATE workspace_models SET sunset_at = clock_timestamp() + $3 * interval '1 day' WHERE workspace_id = $1 AND model = $2",
        workspace_id, model, days,
    )  # fmt: skip


async def told(analytics: Analytics, workspace_id: UUID) -> list[tuple[Any, ...]]:
    await analytics.housework.watch_models()
    alerts = await analytics.alerts(workspace_id)
    return [(one["subject"], one["metric"], one["severity"], one["resolution"]) for one in alerts if one["kind"] == "model"]


async def test_a_model_is_told_of_once_by_month_week_and_end(analytics: Analytics, workspace: Workspace) -> None:
    where = workspace.workspace_id
    await own(analytics, where, "lab/far", days=40)
    await own(analytics, where, "lab/month", days=20, successor="lab/next")
    await own(analytics, where, "lab/week", days=3)
    await own(analytics, where, "lab/over", days=-2)
    seen = [
        ("lab/over", "ended", "error", None), ("lab/week", "week", "warning", None), ("lab/month", "month", "info", None),
    ]  # fmt: skip
    assert sorted(await told(analytics, where)) == sorted(seen)
    assert sorted(await told(analytics, where)) == sorted(seen), "each is said once"
    [alert] = [one for one in await analytics.alerts(where) if one["subject"] == "lab/month"]
    assert "lab/next" in alert["summary"] and "No labelled version" in alert["summary"]
    assert alert["after"]["sunset_at"].endswith("Z"), "as all moments do"
    events = await analytics.rows(
        "SELECT convert_from(body, 'UTF8')::json->'data'->>'kind' AS kind FROM outbox WHERE subject LIKE $1", f"%alert.raised.{where}"
    )
    assert [row["kind"] for row in events] == ["model"] * 3

    await analytics.rows("UPDATE workspace_models SET active = false WHERE workspace_id = $1 AND model = 'lab/over'", where)
    await ends(analytics, where, "lab/week", days=40)
    await analytics.housework.end_incidents()
    after = await told(analytics, where)
    assert ("lab/over", "ended", "error", "recovered") in after and ("lab/week", "week", "warning", "recovered") in after
    assert ("lab/month", "month", "info", None) in after


async def test_the_later_warning_takes_the_place_of_the_earlier(analytics: Analytics, workspace: Workspace) -> None:
    where = workspace.workspace_id
    await own(analytics, where, "lab/soon", days=3)
    assert [one[1] for one in await told(analytics, where)] == ["week"]
    # As if it had been told of a month before: the same day, the milder mark, still open.
    await analytics.rows(
        "UPDATE alerts SET incident_key = replace(incident_key, ':week', ':month'), metric = 'month' "
        "WHERE workspace_id = $1 AND subject = 'lab/soon'", where,
    )  # fmt: skip
    assert sorted((one[1], one[3]) for one in await told(analytics, where)) == [("month", "superseded"), ("week", None)]


async def test_a_platforms_model_is_told_of_to_those_that_call_it(analytics: Analytics, new_workspace: Any) -> None:
    caller, other, shadowing = [(await new_workspace()).workspace_id for _ in range(3)]
    await analytics.rows("UPDATE platform_models SET sunset_at = clock_timestamp() + interval '2 days' WHERE model = 'simulated/writer'")
    try:
        now = (await analytics.rows("SELECT clock_timestamp() AS now"))[0]["now"]
        for where in (caller, shadowing):
            await analytics.count(execution(where, model="simulated/writer", finished_at=now))
        await own(analytics, shadowing, "simulated/writer", days=100)
        assert [one[0] for one in await told(analytics, caller)] == ["simulated/writer"]
        assert await told(analytics, other) == [] and await told(analytics, shadowing) == []
    finally:
        await analytics.rows("UPDATE platform_models SET sunset_at = NULL WHERE model = 'simulated/writer'")


async def test_a_workspace_without_alerts_takes_nobodys_place(analytics: Analytics, new_workspace: Any) -> None:
    silent, warned = [(await new_workspace()).workspace_id for _ in range(2)]
    await analytics.rows("INSERT INTO alert_rules (workspace_id, slug, enabled) VALUES ($1, '', false)", silent)
    await own(analytics, silent, "lab/older", days=-400)
    await own(analytics, warned, "lab/newer", days=-300)
    async with analytics.db.unit_of_work() as tx:
        [first] = await model_store.ending(tx, days=30, at_most=1)
    assert (first.workspace_id, first.model) == (warned, "lab/newer")
