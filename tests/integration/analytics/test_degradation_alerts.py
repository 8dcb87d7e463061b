"""Detectors over closed periods of ingestion: a bad new version under an old label (A4)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from burnish_analytics.core.score_sums import NewScore
from burnish_analytics.io import detector_store
from burnish_analytics.io.alerts_store import rule_for, rules_of
from burnish_analytics.raise_alerts import judge_feedback
from burnish_analytics.watch_labels import plans_by, watch_workspace
from burnish_analytics.watch_quality import watch_quality
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid
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


@dataclass(frozen=True, slots=True)
class Counted(Tx):
    """A transaction that notes the statements that it is given."""

    statements: list[str] = field(default_factory=list)

    async def fetch(self, sql: str, *args: object) -> Any:
        self.statements.append(sql)
        return await self.connection.fetch(sql, *args)

    async def fetchrow(self, sql: str, *args: object) -> Any:
        self.statements.append(sql)
        return await self.connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: object) -> Any:
        self.statements.append(sql)
        return await self.connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: object) -> Any:
        self.statements.append(sql)
        return await self.connection.execute(sql, *args)


NewWorkspace = Callable[..., Awaitable[Workspace]]


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
    others = [execution(workspace.workspace_id) for _ in range(19)]  # one alone is not heard (core/voices.py)
    await watching.count(done, thumb(done, 1), *others, *[thumb(one, 1) for one in others])
    await watching.count(thumb(done, 0, accepted_at=NOON.replace(hour=13)))
    await asyncio.sleep(PERIOD_S * 1.2)
    await watching.housework.watch_labels()
    [stored] = await watching.rows("SELECT state FROM detector_states WHERE workspace_id = $1", workspace.workspace_id)
    assert (stored["state"]["satisfaction"]["tally"]["n"], stored["state"]["satisfaction"]["tally"]["bad"]) == (20, 0)
    assert (await watching.rollup(workspace.workspace_id))["down"] == 1


async def test_when_the_label_moves_on_the_threshold_alert_of_the_old_version_ends(watching: Analytics, workspace: Workspace) -> None:
    await watching.rows("INSERT INTO alert_rules (workspace_id, slug, min_samples) VALUES ($1, 'route', 10)", workspace.workspace_id)
    await period(watching, workspace.workspace_id, up=2, down=18)
    [alert] = await watching.alerts(workspace.workspace_id)
    assert alert["resolved_at"] is None
    await period(watching, workspace.workspace_id, up=3, down=0, version=2)
    [alert] = await watching.alerts(workspace.workspace_id)
    assert alert["resolution"] == "superseded"


async def test_a_bad_version_keeps_its_alert_when_the_minute_before_it_is_closed(watching: Analytics, workspace: Workspace) -> None:
    """The old version served the closed period; the new one serves in the open one already."""
    await watching.rows("INSERT INTO alert_rules (workspace_id, slug, min_samples) VALUES ($1, 'route', 10)", workspace.workspace_id)
    old = [execution(workspace.workspace_id) for _ in range(20)]
    await watching.count(*old, *[thumb(one, 1) for one in old])
    await asyncio.sleep(PERIOD_S * 1.2)
    new = [execution(workspace.workspace_id, version=2, finished_at=NOON + timedelta(seconds=1)) for _ in range(20)]
    period_ms = int(PERIOD_S * 1000)
    async with watching.db.unit_of_work(workspaces={workspace.workspace_id}) as tx:
        before = await detector_store.close_periods(tx, length_ms=period_ms)
    await watching.count(*new, *[thumb(one, 0) for one in new])
    async with watching.db.unit_of_work(workspaces={workspace.workspace_id}) as tx:
        limits = watching.housework.settings.detector_limits()
        watched = await watch_workspace(tx, workspace.workspace_id, before=before, limits=limits, now=NOON)
        await judge_feedback(tx, watched.labels, now=NOON, cooldown_s=3600)
    [alert] = await watching.alerts(workspace.workspace_id)
    assert (alert["version"], alert["resolved_at"]) == (2, None)
    await asyncio.sleep(PERIOD_S * 1.2)
    await watching.housework.watch_labels()
    [alert] = await watching.alerts(workspace.workspace_id)
    assert alert["resolved_at"] is None


async def test_one_bad_version_is_one_alert_whichever_reason_comes_first(watching: Analytics, workspace: Workspace) -> None:
    """The threshold comes at once, the comparison with the version before takes its place and keeps its alert."""
    await watching.rows("INSERT INTO alert_rules (workspace_id, slug, min_samples) VALUES ($1, 'route', 20)", workspace.workspace_id)
    for _ in range(3):
        await period(watching, workspace.workspace_id, up=39, down=1)
    bad = [execution(workspace.workspace_id, version=2, finished_at=NOON + timedelta(seconds=1)) for _ in range(60)]
    await watching.count(*bad, *[thumb(one, int(n < 20)) for n, one in enumerate(bad)])
    [threshold] = await watching.alerts(workspace.workspace_id)
    assert (threshold["kind"], threshold["changed"]) == ("feedback_threshold", {"version": {"from": 1, "to": 2}})
    await asyncio.sleep(PERIOD_S * 1.2)
    assert await watching.housework.watch_labels() == 1
    [alert] = await watching.alerts(workspace.workspace_id)
    assert (alert["alert_id"], alert["kind"], alert["severity"]) == (threshold["alert_id"], "degradation", "error")
    assert (
        alert["summary"].startswith("Satisfaction with route@production (version 2) fell from ") and "target of 80.0%" in alert["summary"]
    )
    assert (alert["before"]["target"], alert["before"]["version"], alert["changed"]) == (0.8, 1, {"version": {"from": 1, "to": 2}})
    told = [one for one in await watching.events(workspace.workspace_id) if one["type"] in ("alert.raised", "metric.degraded")]
    assert {one["data"]["alert_id"] for one in told} == {str(alert["alert_id"])}
    for _ in range(5):
        await period(watching, workspace.workspace_id, up=40, down=0, version=2, finished_at=NOON + timedelta(seconds=2))
    [alert] = await watching.alerts(workspace.workspace_id)
    [standing] = await watching.rows("SELECT is_below FROM label_feedback WHERE workspace_id = $1 AND version = 2", workspace.workspace_id)
    assert (alert["resolution"], standing["is_below"]) == ("recovered", False), "both reasons end with it"


@pytest.mark.parametrize("kind", ["", "feedback_threshold"])
async def test_one_bad_version_that_is_muted_is_told_once_when_the_mute_is_over(
    watching: Analytics, workspace: Workspace, kind: str
) -> None:
    """Muted as a whole, both reasons are one alert. Where only the threshold is, the degradation is told at once, and nothing after it."""
    where, until = workspace.workspace_id, watching.clock.now() + timedelta(hours=1)
    await watching.rows("INSERT INTO alert_rules (workspace_id, slug, min_samples) VALUES ($1, 'route', 20)", where)
    await watching.rows(
        "INSERT INTO alert_mutes (workspace_id, kind, slug, muted_until, muted_by) VALUES ($1, $2, '', $3, 'user:1')", where, kind, until
    )
    for _ in range(3):
        await period(watching, where, up=39, down=1)
    await period(watching, where, up=20, down=40, version=2, finished_at=NOON + timedelta(seconds=1))
    told_at_once = [one["data"]["kind"] for one in await watching.events(where) if one["type"] == "alert.raised"]
    assert told_at_once == (["degradation"] if kind else [])
    watching.clock.advance(seconds=3601)
    for _ in range(2):
        await watching.housework.end_incidents()
    [alert] = [one for one in await watching.alerts(where) if one["resolution"] is None]
    assert (alert["kind"], alert["muted"]) == ("degradation", False)
    told = [one for one in await watching.events(where) if one["type"] in ("alert.raised", "alert.resolved", "metric.degraded")]
    assert [(one["type"], one["data"]["alert_id"]) for one in told] == [
        ("alert.raised", str(alert["alert_id"])), ("metric.degraded", str(alert["alert_id"])),
    ]  # fmt: skip
    assert [one["resolution"] for one in await watching.alerts(where)] == (["superseded", None] if kind else [None])


async def test_a_degradation_is_told_after_its_mute_though_somebody_saw_the_threshold_that_was_muted_with_it(
    watching: Analytics, workspace: Workspace
) -> None:
    where, until = workspace.workspace_id, watching.clock.now() + timedelta(hours=1)
    await watching.rows("INSERT INTO alert_rules (workspace_id, slug, min_samples) VALUES ($1, 'route', 20)", where)
    await watching.rows(
        "INSERT INTO alert_mutes (workspace_id, kind, slug, muted_until, muted_by) VALUES ($1, '', '', $2, 'user:1')", where, until
    )
    for _ in range(3):
        await period(watching, where, up=39, down=1)
    bad = [execution(where, version=2, finished_at=NOON + timedelta(seconds=1)) for _ in range(60)]
    await watching.count(*bad, *[thumb(one, int(n < 20)) for n, one in enumerate(bad)])
    [threshold] = await watching.alerts(where)
    assert (threshold["kind"], threshold["muted"]) == ("feedback_threshold", True)
    await watching.rows(
        "INSERT INTO alert_acknowledgements (workspace_id, alert_id, acknowledged_by) VALUES ($1, $2, 'user:1')",
        where,
        threshold["alert_id"],
    )
    await asyncio.sleep(PERIOD_S * 1.2)
    assert await watching.housework.watch_labels() == 1
    watching.clock.advance(seconds=3601)
    await watching.housework.end_incidents()
    assert [one["data"]["kind"] for one in await watching.events(where) if one["type"] == "alert.raised"] == ["degradation"]


async def test_a_threshold_crossed_while_a_degradation_is_open_adds_to_its_alert(watching: Analytics, workspace: Workspace) -> None:
    await watching.rows("INSERT INTO alert_rules (workspace_id, slug, min_samples) VALUES ($1, 'route', 300)", workspace.workspace_id)
    for _ in range(3):
        await period(watching, workspace.workspace_id, up=38, down=2)
    for _ in range(5):
        await period(watching, workspace.workspace_id, up=10, down=30)
    [alert] = await watching.alerts(workspace.workspace_id)
    assert (alert["kind"], alert["before"]["target"], alert["after"]["samples"]) == ("degradation", 0.8, 320)
    types = [one["type"] for one in await watching.events(workspace.workspace_id)]
    assert types.count("alert.raised") == 1 and types.count("feedback.threshold_reached") == 2


async def test_an_answer_of_the_old_version_that_ends_late_does_not_bring_it_back(watching: Analytics, workspace: Workspace) -> None:
    """What the label names is what it serves, where executions of that came."""
    prompt_id = new_uuid()
    await watching.rows(
        "INSERT INTO prompts (prompt_id, workspace_id, slug, name, latest_version, created_by) VALUES ($1, $2, 'route', 'Route', 2, 'ann')",
        prompt_id,
        workspace.workspace_id,
    )
    for version in (1, 2):
        await watching.rows(
            """INSERT INTO prompt_versions (workspace_id, prompt_id, version, content, content_hash, model, author, source)
               VALUES ($1, $2, $3, '{}', $4, 'm', 'ann', 'manual')""",
            workspace.workspace_id, prompt_id, version, bytes([version] * 32),
        )  # fmt: skip
    await watching.rows(
        "INSERT INTO prompt_labels (workspace_id, prompt_id, label, version) VALUES ($1, $2, 'production', 2)",
        workspace.workspace_id,
        prompt_id,
    )
    new = [execution(workspace.workspace_id, version=2) for _ in range(20)]
    late = execution(workspace.workspace_id, finished_at=NOON + timedelta(seconds=30))
    await watching.count(*new, late, *[thumb(one, 0) for one in new])
    await asyncio.sleep(PERIOD_S * 1.2)
    await watching.housework.watch_labels()
    [stored] = await watching.rows("SELECT version FROM detector_states WHERE workspace_id = $1", workspace.workspace_id)
    [standing] = await watching.rows("SELECT version, is_retired FROM label_feedback WHERE workspace_id = $1", workspace.workspace_id)
    assert (stored["version"], dict(standing)) == (2, {"version": 2, "is_retired": False})


async def test_executions_without_a_version_are_in_the_figures_and_in_no_detector(watching: Analytics, workspace: Workspace) -> None:
    """Executions made elsewhere often say no version: they are no version of the label."""
    await quiet_thresholds(watching, workspace.workspace_id)
    bare = execution(workspace.workspace_id, version=None)
    for version, down in ((1, 4), (2, 20), (2, 20), (2, 20)):
        await period(watching, workspace.workspace_id, up=40 - down, down=down, version=version)
        if version == 1:
            await period(watching, workspace.workspace_id, up=36, down=4)
            await period(watching, workspace.workspace_id, up=36, down=4)
        one = bare.model_copy(update={"execution_id": new_uuid()})
        await watching.count(one, thumb(one, 0))
        await asyncio.sleep(PERIOD_S * 1.2)
        await watching.housework.watch_labels()
    [alert] = await watching.alerts(workspace.workspace_id)
    assert (alert["version"], alert["changed"]) == (2, {"version": {"from": 1, "to": 2}})
    rows = await watching.rows("SELECT version, is_retired FROM label_feedback WHERE workspace_id = $1 ORDER BY 1", workspace.workspace_id)
    assert [tuple(row.values()) for row in rows] == [(1, True), (2, False)]
    assert (await watching.rollup(workspace.workspace_id))["executions"] == 6 * 40 + 4


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


async def test_a_thousand_labels_take_as_many_statements_as_one(watching: Analytics, new_workspace: NewWorkspace) -> None:
    """Two, and thirty: with feedback that waits for more voices, labels that move, and alerts acknowledged."""
    asked = {}
    for labels in (2, 30):
        workspace_id = (await new_workspace()).workspace_id
        await quiet_thresholds(watching, workspace_id)
        statements: list[str] = []
        for version in (1, 2):
            done = [execution(workspace_id, slug=f"p-{n}", version=version) for n in range(labels)]
            await watching.count(*done, *[thumb(one, 1, user_id="ann") for one in done])
            await asyncio.sleep(PERIOD_S * 1.2)
            async with watching.db.unit_of_work(workspaces={workspace_id}) as tx:
                before = await detector_store.close_periods(tx, length_ms=int(PERIOD_S * 1000))
            async with watching.db.unit_of_work(workspaces={workspace_id}) as tx:
                limits = watching.housework.settings.detector_limits()
                watched = await watch_workspace(
                    Counted(tx.connection, statements=statements), workspace_id, before=before, limits=limits, now=NOON
                )
        assert {key.version for key in watched.labels} == {1}, "the versions that went"
        assert len(watched.labels) == labels
        stored = await watching.rows("SELECT version FROM detector_states WHERE workspace_id = $1", workspace_id)
        assert [row["version"] for row in stored] == [2] * labels
        waiting = await watching.rows("SELECT 1 FROM detector_voices WHERE workspace_id = $1", workspace_id)
        assert len(waiting) == 2 * labels
        asked[labels] = len(statements)
    assert asked[30] == asked[2] <= 26


async def test_what_queries_cost_by_the_hour_is_kept_for_four_weeks_and_learnt(watching: Analytics, workspace: Workspace) -> None:
    workspace_id = workspace.workspace_id
    hour = watching.clock.now().replace(minute=0, second=0)
    await watching.rows(
        """INSERT INTO detector_hours (workspace_id, slug, label, bucket, cost)
           SELECT $1, 'route', 'production', $2::timestamptz - n * interval '1 hour', '{0,0,0,40}' FROM generate_series(1, 800) n""",
        workspace_id, hour,
    )  # fmt: skip
    await watching.count(*(execution(workspace_id, cost_nusd=1800) for _ in range(3)))
    await asyncio.sleep(PERIOD_S * 1.2)
    await watching.housework.watch_labels()
    [stored] = await watching.rows("SELECT state FROM detector_states WHERE workspace_id = $1", workspace_id)
    assert stored["state"]["cost"]["season"] == [3] * 168 and stored["state"]["latency"]["season"] is None
    rows = await watching.rows("SELECT bucket, cost FROM detector_hours WHERE workspace_id = $1 ORDER BY bucket", workspace_id)
    assert rows[0]["bucket"] >= hour - timedelta(days=28) and sum(rows[-1]["cost"]) == 3


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


async def test_an_alert_ends_with_its_rule_and_what_lasts_is_told_again_once_it_is_on(watching: Analytics, workspace: Workspace) -> None:
    where = workspace.workspace_id
    await quiet_thresholds(watching, where)
    for _ in range(3):
        await period(watching, where, up=36, down=4)
    for _ in range(3):
        await period(watching, where, up=10, down=30, version=2)
    await watching.rows("UPDATE alert_rules SET enabled = false WHERE workspace_id = $1", where)
    assert await watching.housework.end_incidents() == 1
    assert await period(watching, where, up=10, down=30, version=2) == 0
    assert [one["resolution"] for one in await watching.alerts(where)] == ["rule_disabled"]
    await watching.rows("UPDATE alert_rules SET enabled = true WHERE workspace_id = $1", where)
    assert await period(watching, where, up=10, down=30, version=2) == 1
    told = [(one["type"], one["data"].get("resolution")) for one in await watching.events(where)]
    assert told[2:] == [("alert.resolved", "rule_disabled"), ("alert.raised", None), ("metric.degraded", None)]


async def test_what_recovers_while_its_rule_is_off_ends_its_alert(watching: Analytics, workspace: Workspace) -> None:
    """Also where nobody has looked yet for alerts whose rule is off."""
    where = workspace.workspace_id
    await quiet_thresholds(watching, where)
    for _ in range(3):
        await period(watching, where, up=36, down=4)
    for _ in range(3):
        await period(watching, where, up=10, down=30)
    await watching.rows("UPDATE alert_rules SET enabled = false WHERE workspace_id = $1", where)
    for _ in range(3):
        await period(watching, where, up=38, down=2)
    assert [one["resolution"] for one in await watching.alerts(where)] == ["recovered"]


async def scored(analytics: Analytics, workspace_id: UUID, *, good: int, bad: int, evaluator_id: UUID) -> int:
    one = NewScore(
        execution_id=new_uuid(),
        evaluator_id=evaluator_id,
        evaluator_version=1,
        slug="route",
        version=1,
        label="production",
        model="m",
        finished_at=NOON,
        score=1.0,
        passed=True,
        uncertain=False,
        cost_nusd=0,
        simulated=False,
    )
    scores = [*[one] * good, *[replace(one, score=0.0, passed=False)] * bad]
    async with analytics.db.unit_of_work(workspaces={workspace_id}) as tx:
        limits = analytics.housework.settings.detector_limits()
        return await watch_quality(tx, workspace_id, scores, limits=limits, now=NOON)


async def test_alerts_of_scores_end_with_their_rule_too(watching: Analytics, workspace: Workspace) -> None:
    where, evaluator_id = workspace.workspace_id, new_uuid()
    await quiet_thresholds(watching, where)
    raised = [await scored(watching, where, good=good, bad=bad, evaluator_id=evaluator_id) for good, bad in ((90, 10), (20, 20), (20, 20))]
    assert sum(raised) == 1
    await watching.rows("UPDATE alert_rules SET enabled = false WHERE workspace_id = $1", where)
    assert await watching.housework.end_incidents() == 1
    await watching.rows("UPDATE alert_rules SET enabled = true WHERE workspace_id = $1", where)
    assert await scored(watching, where, good=10, bad=30, evaluator_id=evaluator_id) == 1
    await watching.rows("UPDATE alert_rules SET enabled = false WHERE workspace_id = $1", where)
    await scored(watching, where, good=100, bad=5, evaluator_id=evaluator_id)
    assert [one["resolution"] for one in await watching.alerts(where)] == ["rule_disabled", "recovered"]


async def test_what_counts_as_worse_is_the_prompts_own_then_the_workspaces_then_the_products(
    analytics: Analytics, workspace: Workspace
) -> None:
    where = workspace.workspace_id
    names = "workspace_id, slug, min_drop_ratio, min_error_rise_ratio, min_latency_rise_ratio, min_cost_rise_ratio"
    await analytics.rows(
        f"INSERT INTO alert_rules ({names}) VALUES ($1, '', 0.2, 0.01, NULL, 0.4), ($1, 'route', NULL, 0.5, 0.3, NULL)", where
    )
    async with analytics.db.unit_of_work(workspace=where, read_only=True) as tx:
        found = await rules_of(tx, [where])
    told = {
        slug: {plan.metric: (plan.least_rise, plan.is_asked) for plan in plans_by(rule_for(found, where, slug))}
        for slug in ("route", "other")
    }
    assert told["route"] == {"satisfaction": (0.2, True), "error_rate": (0.5, True), "latency": (0.3, True), "cost": (0.4, True)}
    assert told["other"] == {"satisfaction": (0.2, True), "error_rate": (0.01, True), "latency": (0.15, False), "cost": (0.4, True)}
