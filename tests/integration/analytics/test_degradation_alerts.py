"""Detectors over closed periods of ingestion: a bad new version under an old label (A4)."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.embedded.workspaces import Workspace
from tests.integration.analytics.traffic import NOON, Analytics, analytics_on, execution, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A4")]

PERIOD_S = 0.05


async def period(analytics: Analytics, workspace_id: UUID, *, up: int, down: int, **changed: Any) -> int:
    """One period's traffic with its feedback, then the housework after that period has ended."""
    done = [execution(workspace_id, **changed) for _ in range(up + down)]
    await analytics.count(*done, *[thumb(one, int(n < up)) for n, one in enumerate(done)])
    await asyncio.sleep(PERIOD_S * 1.2)
    return await analytics.housework.watch_labels()


@pytest.fixture
def watching(analytics: Analytics) -> Analytics:
    """Small baselines, so that a few periods suffice; thresholds far away, so that only detectors speak."""
    return analytics_on(
        analytics.db, analytics.superuser_url, period_ms=int(PERIOD_S * 1000), baseline_full=100, baseline_least=50, window_observations=50
    )


async def quiet_thresholds(analytics: Analytics, workspace_id: UUID) -> None:
    await analytics.rows("INSERT INTO alert_rules (workspace_id, slug, min_samples) VALUES ($1, '', 1000000)", workspace_id)


async def test_a_bad_new_version_raises_one_alert_that_says_so_and_recovery_ends_it(watching: Analytics, workspace: Workspace) -> None:
    await quiet_thresholds(watching, workspace.workspace_id)
    for _ in range(3):
        assert await period(watching, workspace.workspace_id, up=36, down=4) == 0
    raised = 0
    for _ in range(3):
        raised += await period(watching, workspace.workspace_id, up=20, down=20, version=2)
    assert raised == 1
    [alert] = await watching.alerts(workspace.workspace_id)
    assert (alert["kind"], alert["metric"], alert["version"]) == ("degradation", "satisfaction", 2)
    assert alert["changed"] == {"version": {"from": 1, "to": 2}}
    for _ in range(3):
        await period(watching, workspace.workspace_id, up=38, down=2, version=3)
    [alert] = await watching.alerts(workspace.workspace_id)
    assert alert["resolution"] == "recovered"
    events = [one["type"] for one in await watching.events(workspace.workspace_id)]
    assert events == ["alert.raised", "metric.degraded", "alert.resolved", "metric.recovered"]


async def test_two_replicas_at_once_feed_each_period_to_the_detectors_once(watching: Analytics, workspace: Workspace) -> None:
    await quiet_thresholds(watching, workspace.workspace_id)
    done = [execution(workspace.workspace_id) for _ in range(60)]
    await asyncio.gather(*[watching.count(*done[n::3], *[thumb(one, 1) for one in done[n::3]]) for n in range(3)])
    await asyncio.sleep(PERIOD_S * 1.2)
    await asyncio.gather(*[watching.housework.watch_labels() for _ in range(3)])
    [stored] = await watching.rows("SELECT state, version FROM detector_states WHERE workspace_id = $1", workspace.workspace_id)
    assert {metric: state["tally"]["n"] for metric, state in stored["state"].items()} == {
        "satisfaction": 60,
        "error_rate": 60,
        "latency": 60,
        "cost": 60,
    }
    assert await watching.rows("SELECT 1 FROM detector_observations WHERE workspace_id = $1", workspace.workspace_id) == []


async def test_a_reaction_that_is_changed_moves_the_figures_and_not_the_detector(watching: Analytics, workspace: Workspace) -> None:
    done = execution(workspace.workspace_id)
    reaction = thumb(done, 1)
    await watching.count(done, reaction)
    await watching.count(thumb(done, 0, accepted_at=NOON.replace(hour=13)))
    await asyncio.sleep(PERIOD_S * 1.2)
    await watching.housework.watch_labels()
    [stored] = await watching.rows("SELECT state FROM detector_states WHERE workspace_id = $1", workspace.workspace_id)
    assert (stored["state"]["satisfaction"]["tally"]["n"], stored["state"]["satisfaction"]["tally"]["bad"]) == (1, 0)
    assert (await watching.rollup(workspace.workspace_id))["down"] == 1


async def test_when_the_label_moves_on_the_threshold_alert_of_the_old_version_ends(watching: Analytics, workspace: Workspace) -> None:
    await watching.rows("INSERT INTO alert_rules (workspace_id, slug, min_samples) VALUES ($1, 'route', 10)", workspace.workspace_id)
    await period(watching, workspace.workspace_id, up=2, down=18)
    [alert] = await watching.alerts(workspace.workspace_id)
    assert alert["resolved_at"] is None
    await period(watching, workspace.workspace_id, up=3, down=0, version=2)
    [alert] = await watching.alerts(workspace.workspace_id)
    assert alert["resolution"] == "superseded"


async def test_failing_executions_raise_the_error_rate_alert_that_names_the_other_model(watching: Analytics, workspace: Workspace) -> None:
    await quiet_thresholds(watching, workspace.workspace_id)
    for _ in range(3):
        await period(watching, workspace.workspace_id, up=40, down=0, finished_at=NOON - timedelta(hours=3))
    failed = [execution(workspace.workspace_id, status="error", model="simulated/other") for _ in range(20)]
    await watching.count(*failed, *[execution(workspace.workspace_id, model="simulated/other") for _ in range(20)])
    await asyncio.sleep(PERIOD_S * 1.2)
    assert await watching.housework.watch_labels() == 1
    [alert] = await watching.alerts(workspace.workspace_id)
    assert (alert["metric"], alert["severity"]) == ("error_rate", "error")
    assert alert["changed"]["model"] == {"from": "simulated/reader", "to": "simulated/other"}


async def test_acknowledging_begins_the_statistic_anew_and_keeps_the_incident(watching: Analytics, workspace: Workspace) -> None:
    await quiet_thresholds(watching, workspace.workspace_id)
    for _ in range(3):
        await period(watching, workspace.workspace_id, up=36, down=4)
    for _ in range(3):
        await period(watching, workspace.workspace_id, up=10, down=30)
    [alert] = await watching.alerts(workspace.workspace_id)
    await watching.rows(
        "INSERT INTO alert_acknowledgements (workspace_id, alert_id, acknowledged_by, acknowledged_at) VALUES ($1, $2, 'ann', 'infinity')",
        workspace.workspace_id,
        alert["alert_id"],
    )
    await period(watching, workspace.workspace_id, up=40, down=0)
    [stored] = await watching.rows("SELECT state FROM detector_states WHERE workspace_id = $1", workspace.workspace_id)
    assert stored["state"]["satisfaction"]["sums"] == [0.0, 0.0]
    assert stored["state"]["satisfaction"]["is_degraded"]
